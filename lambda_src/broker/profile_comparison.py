"""Whether a profile has the list that was written last: mParticle sends each user's list back with their next batch.

mParticle answers 202 to an upload, also where it drops it later, so this is the only proof that a list has arrived.
"""

from collections.abc import Mapping

from broker.messages import Message, user_to_refresh
from broker.metric_names import Metric
from broker.profile_state import ProfileState
from broker.telemetry import Counts

# Seconds after which mParticle's enrichment has the list that was written. If it still has another one by then, the
# profile does not have it.
ENRICHMENT_LAG = 60.0
# Seconds after which such a profile counts as behind: mParticle may be late, and nobody is to be woken for that.
BEHIND_AFTER = 600.0


def digest_on_profile(message: Message, state: ProfileState) -> str | None:
    """Return the digest of the list on a claimed user's profile, None where it is not known."""
    seen = user_to_refresh(message).list_digest
    digest = seen if state.generation == 1 else state.digest or None
    return digest if seen in (None, digest) or not _seen_after(message, state, ENRICHMENT_LAG) else None


def count_behind(messages: Mapping[int, Message], states: Mapping[int, ProfileState], counts: Counts) -> None:
    """Count the profiles of which mParticle told the list long after it took one, and those that had another one."""
    for mpid, state in states.items():
        seen = user_to_refresh(messages[mpid]).list_digest
        if seen and state.digest and _seen_after(messages[mpid], state, BEHIND_AFTER):
            counts.add(Metric.PROFILES_COMPARED)
            counts.add(Metric.PROFILES_BEHIND, int(seen != state.digest))


def _seen_after(message: Message, state: ProfileState, seconds: float) -> bool:
    """Return whether mParticle told of a profile so long after its list was requested; a record may wait meanwhile."""
    arrived_ms = user_to_refresh(message).arrived_ms
    seen_at = message.sent_at if arrived_ms is None else arrived_ms / 1000
    return seen_at > state.asked_at + seconds
