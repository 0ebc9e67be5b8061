"""The recommender models, their metrics, splits and settings, on NumPy and SciPy alone."""
