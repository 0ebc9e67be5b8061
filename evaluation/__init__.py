"""Offline evaluation: is a recommender worth it? All recommenders on the same users, beside what counting would give.

``run`` has the order of the steps. Only ``data/`` and ``report/`` read and write files; time and chance are passed in.
"""
