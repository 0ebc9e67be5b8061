"""Event source mappings as cores without clock, sleep, threads or network, and the threads that drive them."""
