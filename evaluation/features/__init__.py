"""Which attributes of users say something of what they take next, beside what they did before."""
