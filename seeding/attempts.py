"""What to do for a user next, by what ``refresh`` and earlier runs left in the table. Pure.

A list whose upload had no answer, or whose command was killed, is sent once more under the same id as long as nobody
else has written the profile since, so that mParticle takes it once at most. After that it gets an id of its own, or
mParticle would ignore it.
"""

from dataclasses import dataclass, replace
from enum import Enum

from broker.profile_state import ProfileState


@dataclass(frozen=True)
class Attempt:
    """A try to write a list: the generation of its claim, and the one in its upload's id. 0 where there is none."""

    claim: int = 0
    in_id: int = 0


class Step(Enum):
    """What is next: ``WRITTEN`` and ``NEWER`` are ends, the profile having this list, or one that is as new."""

    WRITE = "write"
    WAIT = "wait"
    WRITTEN = "written"
    NEWER = "newer"


def next_step(state: ProfileState, last: Attempt, known_until: float, now: float) -> Step:
    """Return it for a list that knows what happened until a time; all times are epoch seconds."""
    own = _is_own(state, last)
    if state.asked_at >= known_until:
        return Step.WRITTEN if own and state.asked_at == known_until else Step.NEWER
    return Step.WAIT if state.claimed_until > now and not own else Step.WRITE


def attempt(before: ProfileState, last: Attempt, claimed: ProfileState) -> Attempt:
    """Return the attempt for a claim; ``before``: the state that was claimed."""
    return Attempt(claimed.generation, last.in_id if _is_own(before, last) else claimed.generation)


def written(claimed: ProfileState, known_until: float, variant: str | None = None) -> ProfileState:
    """Return the state of a user whose profile has the list, and says the variant. Nobody claims them.

    It counts as no refresh. Its digest is not kept: mParticle's acceptance is no proof that a profile has a list, and
    by the time that the list knows, the next event would seem to come long after it was written.
    """
    return replace(claimed, claimed_until=0.0, asked_at=known_until, digest="", variant=variant or "")


def unwritten(before: ProfileState, claimed: ProfileState, *, sent: bool, lands_until: float) -> ProfileState:
    """Return the state of a user whose profile did not get the list: claimed as long as an upload may still land."""
    return replace(claimed, claimed_until=lands_until, digest="" if sent else before.digest)


def _is_own(state: ProfileState, last: Attempt) -> bool:
    return last.claim > 0 and state.generation == last.claim
