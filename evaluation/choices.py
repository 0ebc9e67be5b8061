"""What can be asked for by name, known before anything is loaded: ways to hold out, tasks, where lists are cut."""

HOLD_OUTS = ("time", "last", "basket", "personalize")
ANYTHING, NEW = "ownership", "acquisition"
TASKS = (ANYTHING, NEW)
KS = (1, 3, 5, 10, 20, 25)
PERSONALIZE_KS = (5, 10, 25)
MAIN = "ndcg@10"
