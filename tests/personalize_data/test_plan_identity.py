"""``Plan.identity()`` names an import job: it decides whether AWS imports a file again, or not.

The same for what gives the same CSV, another for what gives another: with one that is too coarse a change is not
imported, with one that is too fine a history is imported twice.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from broker.interactions import Rules
from broker.suppression import SuppressionList

from lifecycle.imports import decide
from lifecycle.names import Names
from personalize_data import plan as plans
from personalize_data.consent import Consent
from personalize_data.plan import Plan, Source, TableFormat
from personalize_data.schema import read_schema
from personalize_data.table import Mapped
from tests.personalize_data.conversions import INTERACTIONS
from tests.real_data import ROOT

PLAN = Plan(
    "interactions",
    [Source("a.csv", Path("a.csv"), "digest-1"), Source("b.csv", Path("b.csv"), "digest-2")],
    INTERACTIONS,
    Mapped({"USER_ID": "who", "ITEM_ID": "what"}, {"EVENT_TYPE": "purchase"}),
    rules=Rules(event_types={"purchase": "Buy", "view": "View"}, consent_purpose="ads"),
    consent=Consent("ok"),
)
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "dataset": {"dataset": "users"},
    "sources": {"sources": [*PLAN.sources, Source("c.csv", Path("c.csv"), "digest-3")]},
    "the content of a source": {"sources": [PLAN.sources[0], Source("b.csv", Path("b.csv"), "digest-4")]},
    "no schema": {"schema": None},
    "schema": {"schema": read_schema(INTERACTIONS.text.replace('"version":"1.0"', '"version":"2.0"'), "interactions")},
    "mapped": {"mapped": Mapped({"USER_ID": "who"}, {"EVENT_TYPE": "purchase"})},
    "a constant": {"mapped": Mapped(PLAN.mapped.columns, {"EVENT_TYPE": "view"})},
    "time_unit": {"time_unit": "ms"},
    "rules": {"rules": replace(PLAN.rules, consent_purpose="mail")},
    "consent": {"consent": Consent(given=True)},
    "encoding": {"format": TableFormat(encoding="latin-1")},
    "decimal": {"format": TableFormat(decimal=",")},
    "columns": {"format": TableFormat(columns=("who", "what"))},
    "split": {"format": TableFormat(split="|")},
    "suppressed": {"suppressed": SuppressionList(b"key").with_users([1])},
}  # fmt: skip
SAME: Mapping[str, Callable[[Plan], Plan]] = {
    "a suppression list without users": lambda plan: replace(plan, suppressed=SuppressionList(b"key")),
    "files in another order": lambda plan: replace(plan, sources=plan.sources[::-1]),
    "files in other places": lambda plan: replace(
        plan, sources=[replace(source, name="x", path=Path("/elsewhere")) for source in plan.sources]
    ),
    "columns in another order": lambda plan: replace(
        plan, mapped=Mapped(dict(reversed(plan.mapped.columns.items())), plan.mapped.constants)
    ),
    "rules in another order": lambda plan: replace(
        plan, rules=replace(plan.rules, event_types=dict(reversed(plan.rules.event_types.items())))
    ),
}


@pytest.mark.parametrize("change", OTHERS)
def test_what_gives_another_csv_has_another_identity(change: str) -> None:
    assert replace(PLAN, **OTHERS[change]).identity() != PLAN.identity()


def test_every_field_of_a_plan_is_part_of_its_identity() -> None:
    assert {field.name for field in fields(Plan)} <= {name for change in OTHERS.values() for name in change}


@pytest.mark.parametrize("rule", [field.name for field in fields(Rules)])
def test_every_rule_of_the_broker_is_part_of_the_identity(rule: str) -> None:
    other = {"event_types": {}}
    value = getattr(PLAN.rules, rule)
    changed = other.get(rule, not value if isinstance(value, bool) else f"{value} other")
    assert changed != value

    assert replace(PLAN, rules=replace(PLAN.rules, **{rule: changed})).identity() != PLAN.identity()


@pytest.mark.parametrize("change", SAME)
def test_what_gives_the_same_csv_has_the_same_identity(change: str) -> None:
    assert SAME[change](PLAN).identity() == PLAN.identity()


def test_another_version_of_the_conversion_imports_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = PLAN.identity()
    monkeypatch.setattr(plans, "VERSION", plans.VERSION + 1)

    assert PLAN.identity() != before


def test_the_identity_is_the_same_in_every_process() -> None:
    program = "from tests.personalize_data.test_plan_identity import PLAN; print(PLAN.identity())"
    identities = {
        subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": ".:lambda_src", "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert identities == {PLAN.identity()}


def test_an_import_that_is_done_is_done_and_another_content_is_imported() -> None:
    names = Names("shop")
    first = decide([], names, "interactions", PLAN.identity(), None)
    job = {"jobName": first.job, "status": "ACTIVE", "datasetImportJobArn": "arn:1", "creationDateTime": 1}

    assert decide([job], names, "interactions", PLAN.identity(), None).done
    changed = replace(PLAN, **OTHERS["the content of a source"])
    assert decide([job], names, "interactions", changed.identity(), None).arn is None
