"""A team's history as Personalize's CSV: from mParticle's batch exports or any CSV. Knows files, no service."""
