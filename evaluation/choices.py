"""What can be asked for by name or number, known before anything is loaded: ways to hold out, tasks, metrics."""

HOLD_OUTS = ("time", "last", "basket", "personalize")
ANYTHING, NEW = "ownership", "acquisition"
TASKS = (ANYTHING, NEW)
KS = (1, 3, 5, 10, 20, 25)
PERSONALIZE_KS = (5, 10, 25)
MAIN = "ndcg@10"
GROUPS, TRAININGS, REPEATS = 20, 3, 2  # of what `features` foretells with, and how often it learns and permutes
