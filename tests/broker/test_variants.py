"""An experiment in both functions: from whose campaign a list is, what the profile says, and the holdout."""

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from broker import ingest as ingest_module
from broker.clock import Clock
from broker.experiment import HOLDOUT, Experiment, Variant
from broker.personalize import Campaign
from broker.rate_limit import RateLimiter
from broker.settings import IngestSettings, ingest_settings
from broker.speculative_retry import SpeculativeRetry
from broker.suppression import SuppressionList
from broker.user_lists import user_lists

from tests.broker import test_ingest, test_refresh
from tests.broker.lambda_events import batch, message, product_event, record
from tests.broker.stubs import DENIED, INVALID, NOW, AwsClient, FakeTime, Table, always
from tests.broker.test_refresh import CAMPAIGN, World, listed
from tests.broker.test_settings import INGEST
from tests.broker.test_suppression import KEY, StoredList, store

OTHER = "arn:aws:personalize:us-east-1:123456789012:campaign/other"
POPULAR = "arn:aws:personalize:us-east-1:123456789012:campaign/popular"
FILTER = "arn:aws:personalize:us-east-1:123456789012:filter/cheap"
AUTUMN = Experiment(
    "autumn",
    {"control": Variant(50), "cheap": Variant(20, filter_arn=FILTER), "other": Variant(20, campaign_arn=OTHER)},
    holdout=10,
)
USERS = range(1, 101)
TOLD = {name: [user for user in USERS if AUTUMN.variant_of(user) == name] for name in (*AUTUMN.variants, HOLDOUT)}


def of(variant: str) -> int:
    """Return a user of a variant."""
    return TOLD[variant][0]


def of_campaign(request: Any) -> dict[str, Any]:
    """Answer with a list that says where it is from."""
    campaign = request["campaignArn"].rpartition("/")[2]
    return listed(f"{campaign}-for-{request['userId']}", *(["filtered"] if request.get("filterArn") else []))


def world(experiment: Experiment | None = AUTUMN, table: Table | None = None, now: float = NOW, **own: Any) -> World:
    """Return a process of refresh; with another's table it is a later one, perhaps of another deployment."""
    client = own.pop("campaign", None) or AwsClient(get_recommendations=of_campaign)
    return World(client, experiment=experiment, table=table or Table(), time=FakeTime(now), **own)


def run(process: World | test_ingest.World, *messages: Any) -> list[str]:
    """Run an invocation that has a minute."""
    return process.run(*messages, deadline=process.time.now + 60)


def written(process: World) -> dict[int, dict[str, Any]]:
    return {one["mpid"]: one for body in process.end.bodies() for one in body}


def test_each_user_gets_the_list_of_their_variant_and_the_profile_and_the_event_say_which() -> None:
    process = world()
    assert run(process, *(message(str(user), user) for user in USERS)) == []
    batches = written(process)
    assert set(batches) == set(USERS)
    asked = {
        variant: {(request["campaignArn"], request.get("filterArn")) for request in process.campaign.requests
                  if int(request["userId"]) in users}
        for variant, users in TOLD.items()
    }  # fmt: skip
    assert asked == {
        "control": {(CAMPAIGN, None)},
        "cheap": {(CAMPAIGN, FILTER)},
        "other": {(OTHER, None)},
        HOLDOUT: set(),
    }
    for variant, users in TOLD.items():
        for user in users:
            assert batches[user]["user_attributes"]["ml_variant"] == variant
            [event] = batches[user]["events"]
            assert event["data"]["custom_attributes"]["ml_variant"] == variant
    assert batches[of("other")]["user_attributes"]["product_recs"] == [f"other-for-{of('other')}"]
    assert batches[of("cheap")]["events"][0]["data"]["custom_attributes"]["product_recs"].endswith(",filtered")


def test_the_holdout_loses_its_list_once_and_nothing_more_is_asked_or_written_for_it() -> None:
    before, user = world(None), of(HOLDOUT)
    run(before, message("a", user))
    assert written(before)[user]["user_attributes"] == {"product_recs": [f"shop-for-{user}"], "product_recs_id": "rec"}

    process = world(table=before.table, now=NOW + 600)
    assert run(process, message("b", user, sent=NOW + 590)) == []
    [body] = process.end.bodies()
    [removal] = body
    assert removal["deleted_user_attributes"] == ["product_recs", "product_recs_id"]
    assert removal["user_attributes"] == {"ml_variant": HOLDOUT}
    assert removal["events"][0]["data"]["custom_attributes"] == {"ml_variant": HOLDOUT}
    assert removal["source_request_id"] != written(before)[user]["source_request_id"]

    for minutes in (20, 40, 60):  # in the same process, and in another one
        later = NOW + 60 * minutes
        process.time.now = later
        run(process, message("c", user, sent=later - 6))
        run(world(table=process.table, now=later + 600), message("d", user, sent=later + 590))
    assert len(process.end.bodies()) == 1
    assert process.campaign.requests == []


def test_what_the_holdout_gets_is_valid_for_mparticle(test_data: Any) -> None:
    schema = json.loads((test_data / "mparticle" / "schema.mparticle.inbound.eventsapi.json").read_bytes())
    process = world()
    run(process, message("a", of(HOLDOUT)))
    [[removal]] = process.end.bodies()
    jsonschema.Draft7Validator(schema).validate(removal)


def test_a_removal_that_had_no_answer_is_written_again() -> None:
    process, user = world(), of(HOLDOUT)
    process.answer(503)
    assert run(process, message("a", user)) == ["a"]
    process.answer(202)
    process.time.now += 300
    run(process, message("b", user, sent=process.time.now - 6))
    assert len(process.end.bodies()) > 1
    assert process.counts.outcomes["ProfilesUpdated"] == 1


def test_where_mparticle_still_tells_of_a_list_long_after_the_removal_it_is_removed_again() -> None:
    process, user = world(), of(HOLDOUT)
    run(process, message("a", user))
    later = NOW + 900
    process.time.now = later
    run(process, message("b", user, sent=later - 6, list_digest="another", arrived_ms=int((later - 7) * 1000)))
    assert len(process.end.bodies()) == 2


def test_a_list_that_is_the_same_is_written_once_where_the_profile_says_no_variant_yet() -> None:
    before, user = world(None), of("control")
    run(before, message("a", user))
    process = world(table=before.table, now=NOW + 600)
    run(process, message("b", user, sent=NOW + 590))
    process.time.now = NOW + 1200
    run(process, message("c", user, sent=NOW + 1190))
    [body] = process.end.bodies()
    assert body[0]["user_attributes"]["ml_variant"] == "control"
    assert process.counts.outcomes["ProfilesUnchanged"] == 1


def test_a_change_of_the_weights_writes_only_to_those_who_moved() -> None:
    first = world()
    run(first, *(message(str(user), user) for user in USERS))
    raised = replace(AUTUMN, epoch=2, variants=AUTUMN.variants | {"other": Variant(60, campaign_arn=OTHER)})
    moved = {user for user in USERS if raised.variant_of(user) != AUTUMN.variant_of(user)}
    assert moved
    second = world(raised, first.table, NOW + 600)
    run(second, *(message(str(user), user, sent=NOW + 590) for user in USERS))
    assert set(written(second)) == moved
    assert {batch["user_attributes"]["ml_variant"] for batch in written(second).values()} == {"other"}


def test_another_experiment_takes_the_holdout_of_the_last_one_in_again() -> None:
    first, user = world(), of(HOLDOUT)
    run(first, message("a", user))
    spring = Experiment("spring", {"control": Variant(1)})
    second = world(spring, first.table, NOW + 600)
    run(second, message("b", user, sent=NOW + 590))
    [[again]] = second.end.bodies()
    assert again["user_attributes"]["product_recs"] == [f"shop-for-{user}"]
    assert again["user_attributes"]["ml_variant"] == "control"


def test_without_an_experiment_the_holdout_of_the_last_one_gets_lists_again() -> None:
    first, user = world(), of(HOLDOUT)
    run(first, message("a", user))
    second = world(None, first.table, NOW + 600)
    run(second, message("b", user, sent=NOW + 590))
    [[again]] = second.end.bodies()
    assert again["user_attributes"] == {"product_recs": [f"shop-for-{user}"], "product_recs_id": "rec"}


def test_the_holdout_that_got_lists_while_no_experiment_ran_loses_them_again() -> None:
    first, user = world(), of(HOLDOUT)
    run(first, message("a", user))
    run(world(None, first.table, NOW + 600), message("b", user, sent=NOW + 590))
    third = world(table=first.table, now=NOW + 1200)
    run(third, message("c", user, sent=NOW + 1190))
    [[removal]] = third.end.bodies()
    assert removal["deleted_user_attributes"] == ["product_recs", "product_recs_id"]


def test_a_list_of_another_variant_does_not_stay_where_the_users_own_is_empty() -> None:
    first, user = world(), of("other")
    run(first, message("a", user))
    spring = Experiment("spring", {"none-left": Variant(1, filter_arn=FILTER)})
    second = world(spring, first.table, NOW + 600, campaign=AwsClient(get_recommendations=always(listed())))
    for minutes in (0, 10):
        second.time.now = NOW + 600 + 60 * minutes
        run(second, message("b", user, sent=second.time.now - 6))
    [[removal]] = second.end.bodies()
    assert removal["deleted_user_attributes"] == ["product_recs", "product_recs_id"]
    assert removal["user_attributes"] == {"ml_variant": "none-left"}


def test_a_popular_list_for_the_holdout_is_another_campaigns() -> None:
    popular = replace(AUTUMN, holdout_list="popular", holdout_campaign_arn=POPULAR)
    process, user = world(popular), of(HOLDOUT)
    run(process, message("a", user))
    assert written(process)[user]["user_attributes"]["product_recs"] == [f"popular-for-{user}"]


def test_a_suppressed_user_gets_nothing_in_any_variant() -> None:
    everybody = SuppressionList(KEY.encode()).with_users(USERS)
    process = world(suppressed=store(StoredList(everybody.as_json()), FakeTime()))
    assert run(process, *(message(str(user), user) for user in USERS)) == []
    assert process.campaign.requests == process.end.posts == []


@pytest.mark.parametrize("error", [INVALID, DENIED])
def test_a_variant_whose_campaign_refuses_everybody_is_a_wrong_configuration_and_no_users_fault(
    error: Exception,
) -> None:
    refused = AwsClient(
        get_recommendations=lambda asked: error if asked["campaignArn"] == OTHER else of_campaign(asked)
    )
    process = world(campaign=refused)
    with pytest.raises(test_refresh.Misconfigured):
        run(process, *(message(str(user), user) for user in USERS))
    assert process.bucket.rows() == []


def test_variants_with_one_campaign_share_its_rate_and_another_has_its_own() -> None:
    time, paces = FakeTime(), {arn: RateLimiter(10, 1, FakeTime().time()) for arn in (CAMPAIGN, OTHER)}
    client = AwsClient(get_recommendations=of_campaign)

    def campaign_of(campaign_arn: str | None, filter_arn: str | None) -> Campaign:
        arn = campaign_arn or CAMPAIGN
        return Campaign(client, arn, filter_arn, 10, time.time(), paces[arn])

    lists = user_lists(campaign_of, time.time(), AUTUMN)
    for user in USERS:
        lists.recommend(user, NOW + 1000)
    expected = len(USERS) - len(TOLD[HOLDOUT])
    assert lists.take_calls().made == expected
    assert lists.take_calls().made == 0, "each call counts once"


def test_every_event_is_credited_to_the_users_variant_and_the_holdouts_too() -> None:
    process = test_ingest.World(experiment=AUTUMN)
    users = [users[0] for users in TOLD.values()]
    records = [
        record(number, batch(product_event(items=["socks", "hat"], event_id=str(user)), mpid=user))
        for number, user in enumerate(users)
    ]
    assert run(process, *records) == []
    credited = {
        int(request["userId"]): {event["metricAttribution"]["eventAttributionSource"] for event in request["eventList"]}
        for request in process.events.of("put_events")
    }
    assert credited == {user: {f"autumn/{AUTUMN.variant_of(user)}"} for user in users}
    assert all(len(source) <= 1024 and source.isascii() for (source,) in credited.values())


def test_without_an_experiment_no_event_is_credited_to_anything() -> None:
    process = test_ingest.World()
    run(process, record(1, batch()))
    assert "metricAttribution" not in json.dumps(process.sent_events())


def test_the_probe_is_in_no_experiment() -> None:
    process = test_ingest.World(experiment=AUTUMN)
    process.answer(lambda request: INVALID if request["userId"] != "broker-probe" else {})
    run(process, record(1, batch()))
    probes = [request for request in process.events.of("put_events") if request["userId"] == "broker-probe"]
    assert probes
    assert "metricAttribution" not in json.dumps(probes, default=str)


@pytest.mark.parametrize("runs", [True, False])
def test_no_call_of_put_events_is_cut_short_while_an_experiment_runs(
    runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)
    variables = {"EXPERIMENT": json.dumps({"name": "autumn", "variants": {"control": {"weight": 1}}})} if runs else {}
    settings: IngestSettings = ingest_settings(INGEST | variables)
    given: list[Any] = []
    monkeypatch.setattr(SpeculativeRetry, "__init__", lambda self, client, impatient, pace: given.append(impatient))
    clock: Clock = FakeTime().time()
    ingest_module.connect(settings, ingest_module.Aws(1, clock.now), test_refresh.Inline(), clock)
    assert [impatient is None for impatient in given] == [runs]
