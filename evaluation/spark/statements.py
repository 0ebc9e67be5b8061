"""The statements of a split and of its counts, in SQL that Spark and its replacements understand alike.

No approximate aggregate and no sample of rows: both differ from engine to engine. The interactions are those that
``./broker prepare`` and ``./broker backfill`` write: what these leave out or refuse is refused here, not mended.
"""

# Texts that become part of a statement are those of this module, numbers, and one that ``text`` has quoted.
# ruff: noqa: S608
from collections.abc import Mapping
from typing import Any

from personalize_data import probe
from personalize_data.ids import NO_ID_WORDS
from personalize_data.quotas import MAX_ID_LENGTH

DAY = 86_400
RECENT = 30 * DAY  # of popularity-30d
SAME_VISIT = 0.5
MOST_IN_VISIT = 200
# A control character, a blank at an end, and numbers that a table's own form has changed: 17850.0, 5.04E+18.
ODD = r"[\x00-\x1f\x7f-\x9f]|^\s|\s$|^[+-]?[0-9]+\.0+$|^[+-]?[0-9]([.,][0-9]+)?[eE]\+[0-9]{2,}$"


def unusable(newest: float) -> str:
    """Count the rows that are no interactions as they stand. ``newest``: epoch seconds; no time may be later."""
    no_id = ", ".join(text(word) for word in sorted({"", *NO_ID_WORDS}))
    wrong = " OR ".join(
        f"{name} IS NULL OR lower({name}) IN ({no_id}) OR length({name}) > {MAX_ID_LENGTH} OR {name} RLIKE {text(ODD)}"
        for name in ("user", "item")
    )
    late = f"time IS NULL OR NOT time RLIKE '^[0-9]{{1,11}}$' OR CAST(time AS BIGINT) > {int(min(newest, 10**12))}"
    return f"SELECT count(*) AS n FROM raw WHERE {wrong} OR {late}"


LOG = f"""SELECT user, item, CAST(time AS BIGINT) AS time, type FROM raw WHERE user <> '{probe.PROBE}'
    GROUP BY user, item, CAST(time AS BIGINT), type"""
DAYS = f"SELECT floor(time / {DAY}) AS place, count(*) AS n FROM {{log}} GROUP BY floor(time / {DAY})"


def seconds(log: str, day: int) -> str:
    """Count the interactions of each second of a day."""
    return (
        f"SELECT time AS place, count(*) AS n FROM {log} WHERE time >= {day * DAY} AND time < {(day + 1) * DAY} "
        "GROUP BY time"
    )


def sides(hold_out: Mapping[str, Any]) -> dict[str, str]:
    """Return the views ``placed``, ``train`` and ``truth``, in this order. ``hold_out``: with the cut as ``at``."""
    eligible = "TRUE" if hold_out["event_type"] is None else f"type = {text(hold_out['event_type'])}"
    if hold_out["kind"] == "time":
        horizon = hold_out["horizon_days"]
        until = "" if horizon is None else f" AND time < {hold_out['at'] + horizon * DAY!r}"
        return {
            "train": f"SELECT user, item, time, type FROM log WHERE time < {hold_out['at']}",
            "truth": f"SELECT user, item, time, type FROM log WHERE time >= {hold_out['at']}{until} AND {eligible}",
        }
    key = "time" if hold_out["kind"] == "last-basket" else "place"
    place = "row_number() OVER (PARTITION BY user ORDER BY time, item, type) AS place"
    newest = f"max(CASE WHEN {eligible} THEN {key} END) AS newest, min({key}) AS oldest"
    joined = f"FROM placed JOIN (SELECT user, {newest} FROM placed GROUP BY user) AS bounds USING (user)"
    tested = "newest IS NOT NULL AND oldest < newest"
    columns = "user, item, time, type"
    return {
        "placed": f"SELECT user, item, time, type, {place} FROM log",
        "train": f"SELECT {columns} {joined} WHERE newest IS NULL OR NOT oldest < newest OR {key} < newest",
        "truth": f"SELECT {columns} {joined} WHERE {tested} AND {key} = newest AND {eligible}",
    }


def sample(most: int | None, seed: int) -> str:
    """Choose users by ``task.sample_hash``; all for None."""
    limit = "" if most is None else f" ORDER BY sha2(concat('{seed}:', user), 256) LIMIT {most}"
    return f"SELECT user FROM (SELECT DISTINCT user FROM truth){limit}"


def of_chosen(side: str) -> str:
    """Return the interactions of the users asked about."""
    return f"SELECT user, item, time, type FROM {side} JOIN chosen USING (user)"


FACTS = "SELECT count(*) AS n, count(DISTINCT user) AS users, min(time) AS first, max(time) AS last FROM {side}"


USERS_BY_INTERACTIONS = """SELECT interactions, count(*) AS n
    FROM (SELECT user, count(*) AS interactions FROM train GROUP BY user) GROUP BY interactions"""


def items(last: int) -> str:
    """Count the interactions of each item: all, and those of the 30 days before the end of the training."""
    recent = f"sum(CASE WHEN time > {last - RECENT} THEN 1 ELSE 0 END)"
    return f"SELECT item, count(*) AS n, {recent} AS recent, min(time) AS first FROM train GROUP BY item"


# A visit: all that a user does within one second; an item counts once. Of very many items some stay.
VISITS = f"""SELECT user, item, visit FROM (
    SELECT user, item, visit, row_number() OVER (PARTITION BY user, visit ORDER BY sha2(item, 256)) AS place FROM (
        SELECT DISTINCT user, item, dense_rank() OVER (PARTITION BY user ORDER BY time) AS visit FROM train))
    WHERE place <= {MOST_IN_VISIT}"""
VISITS_OF_ITEMS = "SELECT item, count(*) AS n FROM visits GROUP BY item"
TOGETHER = f"""SELECT first, then, sum(weight) AS n FROM (
    SELECT a.item AS first, b.item AS then, CAST({SAME_VISIT} AS DOUBLE) AS weight
        FROM visits AS a JOIN visits AS b ON a.user = b.user AND a.visit = b.visit WHERE a.item <> b.item
    UNION ALL
    SELECT a.item AS first, b.item AS then, CAST(1 AS DOUBLE) AS weight
        FROM visits AS a JOIN visits AS b ON a.user = b.user AND a.visit + 1 = b.visit WHERE a.item <> b.item)
    GROUP BY first, then"""


def strongest(most: int, shrinkage: float) -> str:
    """Return of each item with a history in the test the pairs that go best with it."""
    usual = f"n / (sqrt(a.visits) * sqrt(b.visits) + {shrinkage})"
    ranked = f"row_number() OVER (PARTITION BY first ORDER BY {usual} DESC, then) AS place"
    return f"""SELECT first, then, n FROM (SELECT first, then, n, {ranked}
        FROM together JOIN (SELECT item AS first, n AS visits FROM of_items) AS a USING (first)
        JOIN (SELECT item AS then, n AS visits FROM of_items) AS b USING (then)
        JOIN (SELECT DISTINCT item AS first FROM past) AS wanted USING (first)) WHERE place <= {most}"""


GRAM = """SELECT a.item AS first, b.item AS then, count(*) AS n
    FROM (SELECT DISTINCT user, item FROM train) AS a JOIN (SELECT DISTINCT user, item FROM train) AS b
    ON a.user = b.user GROUP BY a.item, b.item"""


def lines(side: str) -> str:
    """Return interactions as lines of a CSV."""
    cells = ", ".join((_cell("user"), _cell("item"), "CAST(time AS STRING)", _cell("type")))
    return f"SELECT concat_ws(',', {cells}) AS value FROM {side}"


def _cell(name: str) -> str:
    return f"""CASE WHEN {name} RLIKE '[",\\r\\n]' THEN concat('"', replace({name}, '"', '""'), '"') ELSE {name} END"""


def text(value: str) -> str:
    """Return a text as SQL has it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
