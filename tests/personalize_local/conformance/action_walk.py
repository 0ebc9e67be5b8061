"""The operations about actions, one by one."""

from tests.personalize_local.actions.club import Club
from tests.personalize_local.conformance.recorded import Recorded


def walk_actions(world: Recorded) -> None:
    """Call every operation that is about actions."""
    club = Club(world)
    club.put_action("enrol", value=3)
    club.put_action("download")
    world.fill(club.tracking)
    club.members(101)
    for arn in club.datasets.values():
        world.check_described_and_listed("Dataset", arn)
    assert len(club.recommended(club.campaign(), "u1")) == 2
