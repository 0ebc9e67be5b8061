"""mParticle refuses uploads until all events of that time are in Personalize, and profiles are right in the end.

Then, on the same stack: whoever did not act gets a list by `./broker seed`.
"""

import itertools
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from broker.experiment import HOLDOUT, experiment_from

from local_stack import loopback
from local_stack.audit.lag import event_times, lags
from local_stack.audit.services import deliveries, stream_records
from local_stack.aws.session import local_client
from local_stack.items4u.client import Client
from local_stack.items4u.sessions import Post
from local_stack.mparticle.inputs import BROKER_FEED
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.json_numbers import rounded
from tests.loop.clone import eventually
from tests.loop.stack_commands import Broker, commands
from tests.loop.trained import ITEMS, QUIET, trained_stack

CUSTOMERS = range(-(10**18), 40 - 10**18)  # mpids
REGULARS = CUSTOMERS[:30]  # the others come in the first half of the outage only: their refresh is tried before its end
PER_SECOND = 25
# Seconds in which so many customers come; on a busy machine they take longer, so all that follows counts customers.
BEFORE, OUTAGE, AFTER = 4, 10, 4
NO_ANSWER = 0
LONG = 3600  # seconds: an outage ends when the test ends it


Lists = dict[int, tuple[list[str] | None, list[str]]]


@dataclass(frozen=True)
class Outcome:
    """Events dated during the outage, and how many were in Personalize before it ended; uploads by status; profiles.

    ``lists`` has each profile's list beside the campaign's, in the end; ``caught_up`` those of the customers who came
    during the outage only, as soon as nothing waited any more.
    """

    sent: int
    accepted_during: int
    uploads: dict[int, int]
    written_during: int
    caught_up: Lists
    lists: Lists


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with trained_stack(LocalStackSettings()) as running:
        yield running


@pytest.fixture(scope="module")
def outcome(stack: Stack) -> Outcome:
    return outage_in_mid_run(stack)


@pytest.fixture(scope="module")
def broker(stack: Stack) -> Iterator[Broker]:
    with commands(stack, lambda *_: pytest.fail("mapped")) as run:
        yield run


def test_events_dated_during_the_outage_reach_personalize_before_it_ends(outcome: Outcome) -> None:
    assert outcome.accepted_during == outcome.sent >= OUTAGE * PER_SECOND


def test_the_outage_was_one(outcome: Outcome) -> None:
    assert outcome.uploads[503] > 0
    assert outcome.uploads[NO_ANSWER] > 0
    assert outcome.written_during == 0


def test_whoever_came_during_the_outage_only_has_the_list_from_what_waited(outcome: Outcome) -> None:
    assert len(outcome.caught_up) == len(CUSTOMERS) - len(REGULARS)
    assert wrong(outcome.caught_up) == {}


def test_every_profile_says_in_the_end_what_the_campaign_says(outcome: Outcome) -> None:
    assert len(outcome.lists) == len(CUSTOMERS)
    assert len({tuple(due) for _, due in outcome.lists.values()}) > len(CUSTOMERS) / 2
    assert wrong(outcome.lists) == {}


def test_whoever_does_not_act_gets_the_models_list_by_seed_once_and_without_an_event(
    stack: Stack, outcome: Outcome, broker: Broker, tmp_path: Path
) -> None:
    table, (erased, *quiet) = tmp_path / "interactions.csv", QUIET
    assert broker("export", "--out", table).exit_code == 0
    assert broker("forget", erased, "--opted-out").exit_code == 0
    assert eventually(stack.is_idle)
    before, trained, refreshed = lists(stack), len(deliveries(stack.personalize.url)), stack.metrics.sum("Messages")

    planned = broker("seed", table, "--dry-run", "--json")
    assert planned.exit_code == 0, planned.output
    plan = json.loads(planned.stdout)
    assert plan["users"] == len(quiet) + len(CUSTOMERS)
    assert plan["left_out"] == {"suppressed": 1}
    assert plan["unread"]["no_mparticle_id"] > 0, "whoever has another id has no profile"
    assert (plan["usd_complete"], float(plan["usd"]) > 0, plan["batches_per_second"]) == (True, True, 54)
    assert lists(stack) == before, "a dry run writes nothing"

    done = broker("seed", table, "--yes", "--json", "--share", 100)
    assert done.exit_code == 0, done.output
    [job] = json.loads(done.stdout)["jobs"]
    assert (job["written"], job["not_written"]) == (len(quiet), {"newer_list": len(CUSTOMERS)})
    assert eventually(lambda: quiet[-1] in lists(stack))
    after = lists(stack)
    assert {mpid: after[mpid] for mpid in before} == before, "who has a newer list keeps it"
    assert after.keys() - before.keys() == set(quiet)
    assert {mpid: one for mpid, one in after.items() if mpid in quiet and one[0] != one[1]} == {}
    assert len({tuple(after[mpid][1]) for mpid in quiet}) > len(quiet) / 2
    assert eventually(stack.is_idle)
    assert len(deliveries(stack.personalize.url)) == trained, "the upload is no event that trains"
    assert stack.metrics.sum("Messages") == refreshed, "and asks for no refresh"

    uploads = uploads_by_status(stack)
    again = broker("seed", table, "--yes", "--json")
    assert (again.exit_code, json.loads(again.stdout)["jobs"]) == (0, [job | {"goes_on": True}])
    assert uploads_by_status(stack) == uploads, "what is done is not done again"
    assert rounded([plan, json.loads(done.stdout), json.loads(again.stdout)]) == []


def test_seed_asks_for_consent_leaves_out_the_holdout_and_refuses_wrong_use_in_a_line(
    stack: Stack, outcome: Outcome, broker: Broker, tmp_path: Path
) -> None:
    table = tmp_path / "customers.csv"
    now = int(time.time())
    table.write_text("\n".join(["USER_ID,TIMESTAMP,agreed", *(f"{mpid},{now},{mpid % 2}" for mpid in QUIET[1:])]))
    ingest, refresh = stack.ingest.environment, stack.functions["refresh"].environment
    variants = {"one": {"weight": 1}, "two": {"weight": 1}}
    experiment = {"name": "autumn", "holdout": 50, "variants": variants}
    try:
        stack.ingest.update_environment({**ingest, "CONSENT_PURPOSE": "recs"})
        stack.functions["refresh"].update_environment({**refresh, "EXPERIMENT": json.dumps(experiment)})
        refused = broker("seed", table, "--yes")
        assert (refused.exit_code, "--consent COLUMN" in refused.output) == (2, True), refused.output
        planned = broker("seed", table, "--consent", "agreed", "--dry-run", "--json")
        assert planned.exit_code == 0, planned.output
    finally:
        stack.ingest.update_environment(ingest)
        stack.functions["refresh"].update_environment(refresh)
    plan = json.loads(planned.stdout)
    agreed = [mpid for mpid in QUIET[1:] if mpid % 2]
    held_out = [mpid for mpid in agreed if experiment_from(experiment).variant_of(mpid) == HOLDOUT]
    assert plan["left_out"] == {"no_consent": len(QUIET) - 1 - len(agreed), "holdout": len(held_out)}
    assert (plan["users"], plan["experiment"]) == (len(agreed) - len(held_out), "autumn")
    [job] = plan["jobs"]
    assert job["variants"] == ["one", "two"]

    asked = broker("seed", table)
    assert (asked.exit_code, "say --yes" in asked.output) == (2, True), "nobody can be asked here"
    for arguments, said in (
        (["--share", 0], "--share must be above 0"),
        (["--column", "ITEM_ID=x"], "only USER_ID and TIMESTAMP are read"),
        (["--column", "USER_ID=x"], "has no column x; it has USER_ID, TIMESTAMP, agreed"),
        (["--prices", tmp_path / "none"], "none: No such file"),
    ):
        wrong_use = broker("seed", table, "--dry-run", *arguments)
        assert (wrong_use.exit_code, said in wrong_use.output) == (2, True), wrong_use.output


def wrong(lists: Lists) -> Lists:
    return {mpid: (on_profile, due) for mpid, (on_profile, due) in lists.items() if on_profile != due}


def outage_in_mid_run(stack: Stack) -> Outcome:
    """Let customers look at things all the time, and the broker's uploads fail in the middle of it."""
    shop = Shop(stack.mparticle.url)
    shop.look(REGULARS[0])  # a function that has just started is slow once
    assert eventually(lambda: stack.metrics.sum("Accepted"))
    shop.look_around(BEFORE, REGULARS)
    fail(stack, 503, LONG)
    began = now_ms() / 1000  # in whole milliseconds, as events are dated: the first may come in the same one
    shop.look_around(OUTAGE / 2, CUSTOMERS)
    assert eventually(lambda: 503 in uploads_by_status(stack))
    fail(stack, "reset", LONG)
    shop.look_around(OUTAGE / 2, REGULARS)
    assert eventually(lambda: NO_ANSWER in uploads_by_status(stack))
    sent = sum(began <= at_ms / 1000 for at_ms in shop.sent_ms)
    eventually(lambda: accepted_since(stack, began) >= sent)
    accepted_during, ended = accepted_since(stack, began), time.time()
    written_during = sum(began + 0.5 < at < ended for at in written_at(stack))
    loopback.delete(f"{stack.mparticle.url}/_local/outage").raise_for_status()
    shop.look_around(AFTER, REGULARS)
    assert eventually(stack.is_idle)
    caught_up = {mpid: one for mpid, one in lists(stack).items() if mpid not in REGULARS}
    # A list that changed and changed back while the broker could not write is put right by the customer's next event.
    for customer in REGULARS:
        shop.look(customer)
    assert eventually(stack.is_idle)
    return Outcome(
        sent=sent,
        accepted_during=accepted_during,
        uploads=uploads_by_status(stack),
        written_during=written_during,
        caught_up=caught_up,
        lists=lists(stack),
    )


def now_ms() -> int:
    return int(time.time() * 1000)


class Shop:
    """Known customers on the web site, one view after the other, each of something that they like."""

    def __init__(self, url: str) -> None:
        self._client = Client(url)
        self._rng = random.Random(5)
        self._numbers = itertools.count()
        self.sent_ms: list[int] = []

    def look_around(self, seconds: float, customers: Sequence[int]) -> None:
        """Have as many customers look at something as come in so many seconds, and no more of them a second."""
        start = time.time()
        for number in range(round(seconds * PER_SECOND)):
            time.sleep(max(0.0, start + number / PER_SECOND - time.time()))
            self.look(self._rng.choice(customers))

    def look(self, customer: int) -> None:
        """Post one customer's view of one item; each likes eight."""
        item = ITEMS[(customer * 2 + self._rng.randrange(8)) % len(ITEMS)]
        self.sent_ms.append(now_ms())
        event = {
            "event_type": "commerce_event",
            "data": {
                "timestamp_unixtime_ms": self.sent_ms[-1],
                "product_action": {"action": "view_detail", "products": [{"id": item}]},
            },
        }
        batch = {
            "environment": "production",
            "source_request_id": f"outage-{next(self._numbers)}",
            "mpid": customer,
            "events": [event],
        }
        self._client.post(Post("web", batch, ()))


def accepted_since(stack: Stack, time: float) -> int:
    """Return how many of the events dated since a time (epoch seconds) Personalize has accepted."""
    times = event_times(stream_records(stack.client("kinesis"), stack.resources.stream_name))
    return len(lags(times, deliveries(stack.personalize.url), since_ms=int(time * 1000)))


def fail(stack: Stack, status: int | str, seconds: float) -> None:
    outage = {"input": BROKER_FEED, "status": status, "seconds": seconds}
    assert loopback.post(f"{stack.mparticle.url}/_local/outage", json=outage).status_code == 204


def profiles(stack: Stack) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = loopback.get(f"{stack.mparticle.url}/_local/profiles").json()["profiles"]
    return listed


def written_at(stack: Stack) -> list[float]:
    return [
        profile["product_recs_written_ms"] / 1000 for profile in profiles(stack) if profile["product_recs_written_ms"]
    ]


def uploads_by_status(stack: Stack) -> dict[int, int]:
    rows = loopback.get(f"{stack.mparticle.url}/_local/requests", params={"detail": 1}).json()
    return {row["status"]: row["count"] for row in rows if row["operation"] == "BulkUploadEvents"}


def lists(stack: Stack) -> Lists:
    """Return each customer's list on the profile, and the one that the campaign gives now."""
    campaign = local_client("personalize-runtime", stack.personalize.url)

    def due(mpid: str) -> list[str]:
        answer = campaign.get_recommendations(campaignArn=stack.campaign_arn, userId=mpid, numResults=10)
        return [item["itemId"] for item in answer["itemList"]]

    return {int(profile["mpid"]): (profile["product_recs"], due(profile["mpid"])) for profile in profiles(stack)}
