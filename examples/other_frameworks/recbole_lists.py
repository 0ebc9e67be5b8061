"""Lists of RecBole for ./broker evaluate: a sequential model such as SASRec, trained on a split's train.csv.

    python -m venv recbole && recbole/bin/pip install recbole==1.2.1 'numpy<2' 'pandas<3'
    recbole/bin/python examples/other_frameworks/recbole_lists.py SPLIT recbole.out [--new-items] [--model GRU4Rec]
    ./broker evaluate SPLIT --recommendations recbole=recbole.out

SPLIT is a folder of ./broker evaluate split. Runs in RecBole's own environment, and needs nothing of this project.
RecBole holds times as float32, in which events within two minutes are one moment: it gets each row's position instead.
"""

import argparse
import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.utils import get_model, get_trainer, init_seed

PLACES = 25  # evaluate looks no further
LENGTH = 50  # of a history
BLOCK = 256  # users at a time
Histories = dict[str, list[str]]


def main() -> None:
    """Train, and write a list for each user of the split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path, help="folder of ./broker evaluate split")
    parser.add_argument("out", type=Path, help="file of lists to write")
    parser.add_argument("--new-items", action="store_true", help="leave out what a user has, for --task new-items")
    parser.add_argument("--model", default="SASRec", help="one of RecBole's sequential models")
    parser.add_argument("--epochs", type=int, default=100, help="at most; it stops once validation says so")
    options = parser.parse_args()
    out = options.out.resolve()
    users = [json.loads(line)["userId"] for line in (options.split / "batch_users.json").read_text().splitlines()]
    rows = pd.read_csv(options.split / "train.csv", dtype={"USER_ID": str, "ITEM_ID": str}, keep_default_na=False)
    rows = rows.sort_values("TIMESTAMP", kind="stable")
    histories = rows.groupby("USER_ID")["ITEM_ID"].agg(list).to_dict()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # RecBole leaves logs where it runs
        model, dataset = train(rows, Path(folder), options.model, options.epochs)
        lists = dict(recommend(model, dataset, histories, users, new_items=options.new_items))
    with out.open("w", encoding="utf-8") as file:
        for user in users:
            output = {"recommendedItems": lists.get(user, [])}
            file.write(json.dumps({"input": {"userId": user}, "output": output, "error": None}) + "\n")


def train(rows: pd.DataFrame, folder: Path, name: str, epochs: int) -> tuple[Any, Any]:
    """Return the model of the best epoch and its dataset; each user's last training item is the validation."""
    atomic = pd.DataFrame(
        {"user_id:token": rows["USER_ID"], "item_id:token": rows["ITEM_ID"], "timestamp:float": range(len(rows))}
    )
    (folder / "split").mkdir()
    atomic.to_csv(folder / "split/split.inter", sep="\t", index=False)
    settings = {
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "MAX_ITEM_LIST_LENGTH": LENGTH,
        "train_neg_sample_args": None,
        "eval_args": {"split": {"LS": "valid_only"}, "order": "TO", "mode": "full", "group_by": "user"},
        "valid_metric": "NDCG@10",
        "metrics": ["NDCG"],
        "topk": [10],
        "epochs": epochs,
        "stopping_step": 5,
        "train_batch_size": 2048,
        "eval_batch_size": 4096,
        "seed": 1,
        "show_progress": False,
    }
    config = Config(model=name, dataset="split", config_dict=settings)
    init_seed(config["seed"], reproducibility=True)
    dataset = create_dataset(config)
    training, validation, _ = data_preparation(config, dataset)
    model = get_model(name)(config, training.dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], name)(config, model)
    trainer.fit(training, validation, saved=True, show_progress=False)
    saved = torch.load(trainer.saved_model_file, weights_only=False)
    model.load_state_dict(saved["state_dict"])
    return model.eval(), dataset


def recommend(
    model: Any, dataset: Any, histories: Histories, users: list[str], *, new_items: bool
) -> Iterator[tuple[str, list[str]]]:
    """Yield user and items, best first, for those of the users whom the training knows; from their whole history."""
    known = [user for user in users if user in histories]
    for start in range(0, len(known), BLOCK):
        some = known[start : start + BLOCK]
        codes = [[dataset.token2id("item_id", item) for item in histories[user]] for user in some]
        newest = [items[-LENGTH:] for items in codes]
        padded = torch.tensor([items + [0] * (LENGTH - len(items)) for items in newest])
        asked = Interaction({"item_id_list": padded, "item_length": torch.tensor([len(items) for items in newest])})
        with torch.no_grad():
            scores = model.full_sort_predict(asked.to(model.device)).view(len(some), -1).cpu()
        scores[:, 0] = -torch.inf  # padding, no item
        if new_items:
            for line, items in enumerate(codes):
                scores[line, items] = -torch.inf
        best = scores.topk(min(PLACES, scores.shape[1] - 1)).indices
        for user, items, of_user in zip(some, best, scores, strict=True):
            yield user, [dataset.id2token("item_id", int(item)) for item in items if of_user[item] > -torch.inf]


if __name__ == "__main__":
    main()
