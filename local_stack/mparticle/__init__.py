"""A local mParticle: accepts batches, resolves users to one mpid, keeps their profiles and forwards to Kinesis."""
