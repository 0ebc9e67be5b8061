"""The Kinesis output of the local mParticle: selection, output form, delivery and retries."""
