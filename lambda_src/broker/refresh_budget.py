"""How often a user is refreshed: within a visit less often each time, after a purchase at once.

Each refresh may be a write to the profile, and mParticle counts those: by default 150 events per user in 24 hours on
average, and 175 in 30 days (default service limits).
"""

from dataclasses import replace

from broker.profile_state import ProfileState
from broker.values.times import DAY

INTERVALS = (0.0, 5.0, 10.0, 30.0)  # seconds until the first refresh of a visit, the second, …; the last one repeats
VISIT = 1800.0  # seconds without a refresh after which a new visit begins
# Events change a user's recommendations after 1-2 seconds (AWS, real-time events). A list that is requested this long
# after a message was sent takes the message's events into account.
PERSONALIZE_LAG = 2.0


def covers(asked_at: float, sent_at: float) -> bool:
    """Return whether a list takes a message's events into account; both in epoch seconds."""
    return asked_at >= sent_at + PERSONALIZE_LAG


def due(state: ProfileState, now: float, *, is_purchase: bool, per_day: int | None) -> float | None:
    """Return when a user may be refreshed, in epoch seconds; None where the day's refreshes are used up.

    Purchases are always due now, but count.
    """
    if is_purchase:
        return now
    if per_day is not None and state.day == now // DAY and state.day_refreshes >= per_day:
        return None
    if now - state.asked_at > VISIT:
        return now
    return max(now, state.asked_at + INTERVALS[min(state.visit_refreshes, len(INTERVALS) - 1)])


def refreshed(state: ProfileState, asked_at: float, digest: str, variant: str = "") -> ProfileState:
    """Return the state of a user whose profile has the list that was requested at a time. Nobody claims them.

    ``variant``: what the profile says now; without one, what it said before.
    """
    same_visit, day = asked_at - state.asked_at <= VISIT, int(asked_at // DAY)
    return replace(
        state,
        claimed_until=0.0,
        asked_at=asked_at,
        digest=digest,
        visit_refreshes=state.visit_refreshes + 1 if same_visit else 1,
        day=day,
        day_refreshes=state.day_refreshes + 1 if state.day == day else 1,
        variant=variant or state.variant,
    )
