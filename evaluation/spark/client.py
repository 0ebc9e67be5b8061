"""The program that connects to Spark: a request on standard input, and what came of it on standard output, as JSON.

It runs beside Spark's client, where this project's other packages are not: ``python -m evaluation.spark.client URL``.
Tables go into the request's folder as Parquet.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.spark import statements
from personalize_data.spark_session import Unreachable, connected

MORE = 1.2  # of the pairs that are needed: equal ones are told apart in single precision, and not here


class Refused(Exception):
    """Nothing can be split."""


class Session:
    """The interactions on Spark, as views."""

    def __init__(self, spark: Any, request: Mapping[str, Any]) -> None:
        self._spark, self._request = spark, request

    def read(self) -> None:
        """Make the view ``log`` of a CSV or several. Raises Refused where a row is no interaction as it stands."""
        frame = self._spark.read.options(header=True, inferSchema=False, quote='"', escape='"').csv(
            self._request["paths"]
        )
        missing = [name for name in ("USER_ID", "ITEM_ID", "TIMESTAMP") if name not in frame.columns]
        if missing:
            raise Refused(f"no column {' and no '.join(missing)} (there are: {', '.join(frame.columns)})")
        kind = "coalesce(EVENT_TYPE, '')" if "EVENT_TYPE" in frame.columns else "''"
        named = ("USER_ID AS user", "ITEM_ID AS item", "TIMESTAMP AS time", f"{kind} AS type")
        frame.selectExpr(*named).createOrReplaceTempView("raw")
        unusable = self._one(statements.unusable(self._request["newest"]))["n"]
        if unusable:
            raise Refused(
                f"{unusable:,} rows are not as ./broker backfill and ./broker prepare write them: ids that are none, "
                "padded or too long, or times that are not seconds since 1970; let one of them convert the files first"
            )
        self._view("log", statements.LOG)

    def split(self) -> dict[str, Any]:
        """Make the views ``train``, ``truth`` and ``chosen``; return what is known of them. Raises Refused."""
        hold_out = dict(self._request["hold_out"])
        facts = self._one(statements.FACTS.format(side="log"))
        if hold_out["kind"] == "time" and hold_out["at"] is None:
            hold_out["at"] = self._cut(self._request["later_share"], facts["n"])
        for name, statement in statements.sides(hold_out).items():
            self._view(name, statement)
        train, truth = (self._one(statements.FACTS.format(side=side)) for side in ("train", "truth"))
        users = self._spark.sql(statements.sample(self._request["sample_users"], hold_out["seed"])).collect()
        chosen = sorted(row["user"] for row in users)
        if chosen:
            rows = [(user,) for user in chosen]
            self._spark.createDataFrame(rows, "user string").createOrReplaceTempView("chosen")
        cut = hold_out["at"] if hold_out["kind"] == "time" else None
        return {"cut": cut, "log": facts, "train": train, "truth": truth, "users": chosen}

    def write_train(self, folder: Path) -> None:
        """Write the training side, as lines of a CSV, into a folder that Spark writes; then join them to one file."""
        parts = folder / "train"
        lines = self._spark.sql(statements.lines("train"))
        lines.write.mode("overwrite").text(parts.absolute().as_posix())
        with (folder / "train.csv").open("wb") as file:
            file.write(b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n")
            # What engines write beside the rows begins with a dot or an underscore.
            for part in sorted(path for path in parts.rglob("[!._]*") if path.is_file()):
                with part.open("rb") as source:
                    shutil.copyfileobj(source, file)
        shutil.rmtree(parts)

    def save(self, name: str, statement: str) -> None:
        """Write a table into the request's folder."""
        from pyarrow import parquet

        table = self._spark.sql(statement).toArrow()
        parquet.write_table(table, Path(self._request["folder"]) / f"{name}.parquet")

    def counts(self, last: int) -> None:
        """Write what counting recommenders learn. ``last``: the last time of the training."""
        self._view("past", statements.of_chosen("train"))
        self.save("past", "SELECT * FROM past")
        self.save("users", statements.USERS_BY_INTERACTIONS)
        self.save("items", statements.items(last))
        self._view("visits", statements.VISITS)
        self._view("of_items", statements.VISITS_OF_ITEMS)
        self._view("together", statements.TOGETHER)
        self.save("of_items", "SELECT * FROM of_items")
        most = int(self._request["nearest"] * MORE)
        self.save("together", statements.strongest(most, self._request["shrinkage"]))
        if self._one("SELECT count(DISTINCT item) AS n FROM train")["n"] <= self._request["most_items_of_gram"]:
            self.save("gram", statements.GRAM)

    def _cut(self, share: float, interactions: int) -> int:
        from evaluation.parts import quantile

        place = quantile.place(interactions, share)
        day, place = quantile.at(self._counted(statements.DAYS.format(log="log")), place)
        return quantile.at(self._counted(statements.seconds("log", day)), place)[0]

    def _counted(self, statement: str) -> dict[int, int]:
        return {int(row["place"]): int(row["n"]) for row in self._spark.sql(statement).collect()}

    def _one(self, statement: str) -> dict[str, Any]:
        result: dict[str, Any] = self._spark.sql(statement).collect()[0].asDict()
        return result

    def _view(self, name: str, statement: str) -> None:
        self._spark.sql(statement).createOrReplaceTempView(name)


def run(spark: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do what a request asks: ``what`` is ``split`` or ``counts``. Raises Refused."""
    session = Session(spark, request)
    session.read()
    facts = session.split()
    if facts["train"]["n"] and facts["users"]:
        session.save("truth", statements.of_chosen("truth"))
        if request["what"] == "split":
            session.write_train(Path(request["folder"]))
        else:
            session.counts(facts["train"]["last"])
    return facts


def main(remote: str) -> None:
    """Connect, and answer."""
    request = json.load(sys.stdin)
    try:
        with connected(remote) as spark:
            json.dump(run(spark, request), sys.stdout)
    except (Refused, Unreachable) as refused:
        json.dump({"refused": str(refused)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
