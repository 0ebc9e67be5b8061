"""mParticle's rate limit: one token per batch, in a bucket per input."""

BATCHES_PER_SECOND = 270.0
"""mParticle's default (docs.mparticle.com/guides/default-service-limits/)."""
