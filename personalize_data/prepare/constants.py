"""What can be asked for by name, known before anything is loaded: what becomes of a customer's missing months."""

REFUSE, BRIDGE, BREAK = GAPS = ("refuse", "bridge", "break")
