"""Items4U: a synthetic shop with synthetic shoppers, whose purchases depend on their tastes alone."""
