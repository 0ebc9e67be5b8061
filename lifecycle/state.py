"""The table in which ``refresh`` remembers each user's newest list: its key, and what says when an item expires."""

KEY, EXPIRY = "mpid", "expires"
