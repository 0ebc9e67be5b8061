"""A local mParticle: takes batches, resolves people to one mpid, keeps their profiles and forwards to Kinesis."""
