"""The metrics of ./broker evaluate for the task all-items, computed by ir-measures (trec_eval):

    python -m venv check && check/bin/pip install ir-measures==0.4.3 pytrec-eval-terrier==0.5.11
    check/bin/python examples/other_frameworks/check_with_ir_measures.py SPLIT LISTS

SPLIT is a folder of ./broker evaluate split, LISTS a file for --recommendations. ir-measures counts a user without a
list as 0 and a repeated purchase once, as evaluate does. Equal scores it would part by item id: each place has its own.
"""

import csv
import json
import sys
from pathlib import Path

import ir_measures
from ir_measures import AP, RR, P, Qrel, R, ScoredDoc, Success, nDCG

split, lists = Path(sys.argv[1]), Path(sys.argv[2])
with (split / "truth.csv").open(encoding="utf-8", newline="") as file:
    truth = [Qrel(row["USER_ID"], row["ITEM_ID"], 1) for row in csv.DictReader(file)]
tested = {qrel.query_id for qrel in truth}
run = []
for line in lists.read_text(encoding="utf-8").splitlines():
    answer = json.loads(line)
    user = str(answer["input"]["userId"])
    items = answer["output"]["recommendedItems"] if user in tested and not answer["error"] else []
    run += [ScoredDoc(user, str(item), 100.0 - place) for place, item in enumerate(items[:25])]
measures = {"hit_rate": Success, "precision": P, "recall": R, "mrr": RR, "map": AP, "ndcg": nDCG}
means = ir_measures.calc_aggregate([measure @ 10 for measure in measures.values()], truth, run)
print(json.dumps({f"{name}@10": means[measure @ 10] for name, measure in measures.items()}, indent=1))
