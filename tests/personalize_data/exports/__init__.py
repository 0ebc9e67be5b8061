"""Exports of mParticle, converted in parts."""
