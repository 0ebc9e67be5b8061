"""The recommender itself: what it learns from interactions, and how it is trained without holding up requests."""
