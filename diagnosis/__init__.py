"""What a running broker does: a probe's way through it (`verify`), and what is known of one user's list (`why`)."""
