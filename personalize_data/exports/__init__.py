"""mParticle's exports as rows of the Interactions dataset, in parts that any machine can convert."""
