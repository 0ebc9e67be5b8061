"""Items4U: a made-up shop with made-up shoppers, whose next purchase follows their taste and nothing else."""
