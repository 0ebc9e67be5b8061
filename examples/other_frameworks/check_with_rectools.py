"""The metrics of ./broker evaluate for the task all-items, computed by RecTools:

    python -m venv check && check/bin/pip install rectools==0.19.0
    check/bin/python examples/other_frameworks/check_with_rectools.py SPLIT LISTS

SPLIT is a folder of ./broker evaluate split, LISTS a file for --recommendations. RecTools counts a repeated purchase
as often as it occurs, so repeats are dropped. Its NDCG divides by a list full of hits by default.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from rectools import Columns
from rectools.metrics import MAP, MRR, NDCG, HitRate, Precision, Recall, calc_metrics

split, lists = Path(sys.argv[1]), Path(sys.argv[2])
names = {"USER_ID": Columns.User, "ITEM_ID": Columns.Item}
truth = pd.read_csv(split / "truth.csv", dtype=str, keep_default_na=False, usecols=list(names)).rename(columns=names)
truth = truth.drop_duplicates()
rows = []
for line in lists.read_text(encoding="utf-8").splitlines():
    answer = json.loads(line)
    items = [] if answer["error"] else answer["output"]["recommendedItems"]
    rows += [(str(answer["input"]["userId"]), str(item), rank) for rank, item in enumerate(items[:25], start=1)]
reco = pd.DataFrame(rows, columns=[Columns.User, Columns.Item, Columns.Rank])
metrics = {"hit_rate": HitRate, "precision": Precision, "recall": Recall, "mrr": MRR, "map": MAP}
metrics = {f"{name}@10": metric(10) for name, metric in metrics.items()}
metrics["ndcg@10"] = NDCG(10, divide_by_achievable=True)
print(json.dumps({name: float(value) for name, value in calc_metrics(metrics, reco, truth).items()}, indent=1))
