"""mParticle's rules for an uploaded batch: its published input schema and its service limits, as code."""
