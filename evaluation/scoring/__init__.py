"""What lists are worth: metrics for each user, how sure they are, and what follows from comparing them."""
