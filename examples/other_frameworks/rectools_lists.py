"""Lists of RecTools for ./broker evaluate: ALS of `implicit`, trained on a split's train.csv.

    python -m venv rectools && rectools/bin/pip install rectools==0.19.0
    rectools/bin/python examples/other_frameworks/rectools_lists.py SPLIT rectools.out [--new-items]
    ./broker evaluate SPLIT --recommendations rectools=rectools.out

SPLIT is a folder of ./broker evaluate split. Runs in RecTools' own environment, and needs nothing of this project.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from implicit.als import AlternatingLeastSquares
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import ImplicitALSWrapperModel

PLACES = 25  # evaluate looks no further


def main() -> None:
    """Train, and write a list for each user of the split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path, help="folder of ./broker evaluate split")
    parser.add_argument("out", type=Path, help="file of lists to write")
    parser.add_argument("--new-items", action="store_true", help="leave out what a user has, for --task new-items")
    options = parser.parse_args()
    users = [json.loads(line)["userId"] for line in (options.split / "batch_users.json").read_text().splitlines()]
    lists = recommend(read(options.split / "train.csv"), users, new_items=options.new_items)
    with options.out.open("w", encoding="utf-8") as file:
        for user in users:
            output = {"recommendedItems": lists.get(user, [])}
            file.write(json.dumps({"input": {"userId": user}, "output": output, "error": None}) + "\n")


def read(path: Path) -> pd.DataFrame:
    """Return the interactions under RecTools' names. Ids stay text: 007 is another item than 7."""
    rows = pd.read_csv(path, dtype={"USER_ID": str, "ITEM_ID": str}, keep_default_na=False)
    return pd.DataFrame(
        {
            Columns.User: rows["USER_ID"],
            Columns.Item: rows["ITEM_ID"],
            Columns.Datetime: pd.to_datetime(rows["TIMESTAMP"], unit="s"),
            Columns.Weight: 1,
        }
    )


def recommend(interactions: pd.DataFrame, users: list[str], *, new_items: bool) -> dict[str, list[str]]:
    """Return user → items, best first, for those of the users whom the training knows."""
    dataset = Dataset.construct(interactions)
    als = AlternatingLeastSquares(
        factors=64, regularization=0.05, alpha=10, iterations=15, random_state=1, num_threads=1
    )
    model = ImplicitALSWrapperModel(als).fit(dataset)
    known = [user for user in users if user in set(dataset.user_id_map.external_ids)]
    reco = model.recommend(known, dataset, k=PLACES, filter_viewed=new_items)
    return reco.sort_values(Columns.Rank).groupby(Columns.User)[Columns.Item].agg(list).to_dict()


if __name__ == "__main__":
    main()
