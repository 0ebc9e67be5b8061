"""What attributes say of items that nobody, or hardly anybody, has taken yet."""
