"""The Kinesis output of the local mParticle: what it forwards, how it writes it, and when it tries again."""
