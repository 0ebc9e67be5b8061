"""Which variant each user is in: shares, changes of weights, and what an experiment may say."""

from collections import Counter
from dataclasses import replace
from math import sqrt

import pytest
from broker.experiment import HOLDOUT, EarlierEpoch, Experiment, Variant, experiment_from

USERS = [(number * 2_654_435_761 - 2**62) % 2**64 - 2**63 for number in range(100_000)]
AUTUMN = Experiment("autumn", {"control": Variant(50), "fresh": Variant(40)}, holdout=10)


def test_a_user_is_always_in_the_same_variant():
    mpids = [1, 2, 7, -7346244611012968789, 2**63 - 1]
    assert [AUTUMN.variant_of(mpid) for mpid in mpids] == ["control", "fresh", "holdout", "control", "fresh"]


def test_shares_are_the_weights_of_what_the_holdout_leaves():
    counts = Counter(map(AUTUMN.variant_of, USERS))
    for name, share in {"control": 0.5, "fresh": 0.4, HOLDOUT: 0.1}.items():
        deviation = sqrt(len(USERS) * share * (1 - share))
        assert abs(counts[name] - share * len(USERS)) < 3 * deviation, (name, counts)


def test_a_raised_weight_moves_users_to_its_variant_only_and_nobody_through_the_holdout():
    before = Experiment("autumn", {"control": Variant(50), "fresh": Variant(40)}, holdout=10)
    after = replace(before, variants={"control": Variant(60), "fresh": Variant(30)}, epoch=2)
    moves = Counter((old, new) for mpid in USERS if (old := before.variant_of(mpid)) != (new := after.variant_of(mpid)))
    assert set(moves) == {("fresh", "control")}
    # Of 90 %, 5/9 were in control and 6/9 are now: a ninth of 90 % has to move, and no more.
    fewest = len(USERS) * 0.9 * (60 / 90 - 50 / 90)
    assert abs(sum(moves.values()) - fewest) < 4 * sqrt(fewest)


def test_another_name_draws_other_groups():
    spring = replace(AUTUMN, name="spring")
    both = sum(AUTUMN.variant_of(mpid) == spring.variant_of(mpid) == HOLDOUT for mpid in USERS)
    assert abs(both - 1_000) < 4 * sqrt(1_000)


def test_events_are_credited_to_the_experiment_and_the_variant_so_that_the_next_one_begins_at_nothing():
    assert [AUTUMN.source_of(mpid) for mpid in (1, 2, 7)] == ["autumn/control", "autumn/fresh", "autumn/holdout"]
    assert replace(AUTUMN, name="spring").source_of(1).startswith("spring/")


def test_an_experiment_is_read_with_all_that_it_may_have():
    campaign = "arn:aws:personalize:eu-central-1:123456789012:campaign/fresh"
    filter_ = "arn:aws:personalize:eu-central-1:123456789012:filter/in-stock"
    read = experiment_from(
        {
            "name": "autumn",
            "holdout": 2.5,
            "holdout_list": "popular",
            "holdout_campaign_arn": campaign,
            "epoch": 3,
            "variants": {"control": {"weight": 1}, "b": {"weight": 2, "campaign_arn": campaign, "filter_arn": filter_}},
        }
    )
    variants = {"control": Variant(1), "b": Variant(2, campaign, filter_)}
    assert read == Experiment("autumn", variants, 2.5, "popular", 3, campaign)


def test_the_weights_before_a_change_are_an_earlier_epoch():
    variants = {"control": {"weight": 60}, "fresh": {"weight": 30}}
    earlier = [{"from": "2026-11-02", "weights": {"control": 50, "fresh": 40}}]
    read = experiment_from(
        {"name": "autumn", "holdout": 10, "variants": variants, "from": "2026-11-16T06:00+02:00", "earlier": earlier}
    )
    assert (read.epoch, read.began) == (2, 1_794_801_600)
    assert read.earlier == (EarlierEpoch(1_793_577_600, {"control": 50, "fresh": 40}),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Autumn"}, "name must be"),
        ({"name": None}, "name must be"),
        ({"variants": {}}, "1 to 20 variants, not 0"),
        ({"variants": []}, "1 to 20 variants, not 0"),
        ({"variants": {"a": {}}}, "weight must be a whole number"),
        ({"variants": {"a": {"weight": True}}}, "weight must be a whole number"),
        ({"variants": {"a": {"weight": 0}}}, "weight must be a whole number"),
        ({"variants": {"a": 50}}, "variant a must be an object"),
        ({"variants": {"a": {"weight": 1, "share": 2}}}, "variant a has no share"),
        ({"variants": {"a": {"weight": 1, "campaign_arn": "x"}}}, "campaign_arn must be an ARN of a campaign"),
        ({"variants": {"holdout": {"weight": 1}}}, "must not be called holdout"),
        ({"holdout": 100}, "percentage from 0 to below 100"),
        ({"holdout": -1}, "percentage from 0 to below 100"),
        ({"holdout": "10"}, "percentage from 0 to below 100"),
        ({"holdout": float("nan")}, "percentage from 0 to below 100"),
        ({"holdout_list": "own"}, "none or popular"),
        ({"holdout_campaign_arn": "x"}, "the holdout: holdout_campaign_arn must be an ARN of a campaign"),
        ({"epoch": 0}, "epoch must be"),
        ({"split": 1}, "an experiment has no split"),
        ({"from": "2 November"}, "from must be a date"),
        ({"from": 1_793_577_600}, "from must be a date"),
        ({"earlier": {}}, "earlier must be a list"),
        ({"earlier": [7]}, "earlier must have objects"),
        ({"earlier": [{"from": "2026-11-02", "weights": {"b": 1}}]}, "a weight for each of a, and no other"),
        ({"earlier": [{"from": "2026-11-02", "weights": {"a": 0}}]}, "weight must be a whole number"),
        ({"earlier": [{"from": "2026-11-02", "weights": {"a": 1}, "to": ""}]}, "an earlier epoch has no to"),
        ({"earlier": [{"from": "2026-11-02", "weights": {"a": 1}}]}, "earlier needs from"),
        ({"from": "2026-11-01", "earlier": [{"from": "2026-11-02", "weights": {"a": 1}}]}, "oldest first"),
        (
            {"from": "2026-12-01", "epoch": 3, "earlier": [{"from": "2026-11-02", "weights": {"a": 1}}]},
            "epoch must be 2",
        ),
    ],
)
def test_what_an_experiment_may_not_say_is_named(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        experiment_from({"name": "autumn", "variants": {"a": {"weight": 1}}} | change)


@pytest.mark.parametrize("value", [None, "autumn", [], 7])
def test_only_an_object_is_an_experiment(value: object):
    with pytest.raises(ValueError, match="must be an object"):
        experiment_from(value)
