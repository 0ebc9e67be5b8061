"""What mParticle accepts as an uploaded batch: its published input schema and its service limits, as code."""
