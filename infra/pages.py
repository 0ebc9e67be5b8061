"""One page per cause: which alarms show the same cause, so that they wake somebody once."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.alarm_maker import AlarmMaker

# Silence is no failure before mParticle is connected.
ONLY_WHILE = {"no-events-accepted": "mparticle-connected"}


@dataclass(frozen=True)
class Page:
    """A cause, and the alarms that show it; a stage may lack some."""

    id: str
    description: str
    shown_by: Sequence[str]


PAGES = (
    Page(
        "nothing-reaches-personalize",
        "Interactions do not reach Personalize, all of them or a part.",
        ("records-not-read", "ingest-configuration", "no-events-accepted"),
    ),
    Page("records-lost", "Records were given up.", ("on-failure", "on-failure-lost")),
    Page(
        "profiles-stand-still",
        "New lists do not get to the profiles, which keep the lists that they have.",
        ("no-profiles-written", "profiles-behind", "refresh-configuration"),
    ),
)


def add_pages(maker: AlarmMaker) -> list[cloudwatch.CompositeAlarm]:
    """Add and return the pages of which there are alarms."""
    found = [(page, [id for id in page.shown_by if id in maker.alarms]) for page in PAGES]
    return [
        maker.add_page(
            page.id,
            f"{page.description} At least one of these alarms is on: {', '.join(ids)}.",
            cloudwatch.AlarmRule.any_of(*(_rule(maker, id) for id in ids)),
        )
        for page, ids in found
        if ids
    ]


def _rule(maker: AlarmMaker, id: str) -> cloudwatch.IAlarmRule:
    needed = [maker.alarms[one] for one in (id, ONLY_WHILE.get(id)) if one]
    return cloudwatch.AlarmRule.all_of(*needed) if len(needed) > 1 else needed[0]
