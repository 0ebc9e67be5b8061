"""Offline evaluation: is a recommender worth it? All recommenders on the same users, beside what counting would give.

Pure but for ``data/`` and ``report/``, which read and write files; chance comes in as a seed.
"""
