"""A service that is started again with other options keeps what was accepted under the old ones."""

from pathlib import Path
from typing import Any

from personalize_local.journal import Journal
from personalize_local.operations import Durations
from personalize_local.toggles import Toggles
from tests.personalize_local.world import START, World


def started(folder: Path, now: float = START, **options: Any) -> World:
    return World(now=now, folder=folder, journal=Journal(folder), **options)


def restarted(world: World, folder: Path, **options: Any) -> World:
    """End a service and start another on its folder."""
    world.journal.close()
    return started(folder, world.now, **options)


def test_events_that_were_taken_unthrottled_are_there_when_throttling_is_on(tmp_path: Path) -> None:
    before = started(tmp_path, toggles=Toggles(throttling=False))
    tracking = before.ready_to_collect()
    for number in range(1200):
        before.put(tracking, {"itemId": f"i{number}"})
    after = restarted(before, tmp_path, toggles=Toggles())
    assert len(after.service.deliveries(limit=2000)) == 1200
    assert after.service.status()["toggles"]["throttling"] is True


def test_what_was_switched_while_it_ran_holds_for_what_came_then_and_not_for_what_comes(tmp_path: Path) -> None:
    before = started(tmp_path)
    tracking = before.ready_to_collect()
    twice = [{"itemId": "i1", "eventId": "once"}] * 2
    before.put(tracking, *twice)
    before.service.set_toggles({"deduplication": False, "same_second_merging": False})
    before.put(tracking, *twice)
    before.wait(2)
    assert before.counts()["interactions"] == 3
    after = restarted(before, tmp_path)
    assert after.counts()["interactions"] == 3
    after.put(tracking, *twice)
    after.wait(2)
    assert after.counts()["interactions"] == 3


def test_what_was_deployed_quickly_is_there_when_everything_takes_longer(tmp_path: Path) -> None:
    before = started(tmp_path)
    before.fill(before.ready_to_collect())
    before.wait(2)
    version = before.trained(before.solution())
    campaign = before.campaign(version)
    before.call("UpdateCampaign", campaignArn=campaign, minProvisionedTPS=2)
    before.wait(6)
    expected = before.recommended(campaign, "u1")
    slow = Durations(creating=900, importing=900, training=900, deploying=900, deleting=900)
    after = restarted(before, tmp_path, durations=slow)
    assert after.recommended(campaign, "u1") == expected
    assert after.call("DescribeCampaign", campaignArn=campaign)["campaign"]["minProvisionedTPS"] == 2
