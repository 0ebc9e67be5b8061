"""The split, and what counting recommenders learn, on Spark: group-bys alone, so that every engine says the same.

``client`` runs in an environment of its own, beside Spark's client: it and ``statements`` import nothing of this
project but modules that need no other package.
"""
