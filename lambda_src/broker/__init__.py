"""ingest:  Kinesis record → Batch → interactions → PutEvents requests → users to refresh.

refresh: users to refresh → recommendations → profile upload → mParticle.
"""

__version__ = "0.1.0"
