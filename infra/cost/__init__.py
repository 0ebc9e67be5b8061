"""What a broker costs per month: prices from a file, volumes from traffic and settings, and the bill of both."""
