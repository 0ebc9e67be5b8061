"""What ``refresh`` logs of each user: which claim, which list by its digest, and what came of it."""

from collections.abc import Iterable, Mapping

from broker.outcomes import Rejected
from broker.profile_refresher import RefreshResults
from broker.profile_state import ProfileState
from broker.record_log import REFRESH, IdOf, Line

POSTPONED, NOT_DUE, STATE_FAILED, FAILED, REFUSED = "postponed", "not due", "state failed", "failed", "refused"
WRITTEN, UNCHANGED, EMPTY = "written", "unchanged", "empty"


def refresh_lines(
    claimed: Mapping[int, ProfileState], results: RefreshResults, others: Mapping[str, Iterable[int]], id_of: IdOf
) -> list[Line]:
    """Return a line per user; ``others``: those who were not claimed, by the reason."""
    lines = [
        {"message": REFRESH, "correlation_id": id_of(mpid), "outcome": reason}
        for reason, mpids in others.items()
        for mpid in mpids
    ]
    return lines + [_of_claimed(mpid, state, results, id_of) for mpid, state in claimed.items()]


def _of_claimed(mpid: int, state: ProfileState, results: RefreshResults, id_of: IdOf) -> Line:
    new = results.written.get(mpid) or results.unchanged.get(mpid)
    if new:
        outcome = WRITTEN if mpid in results.written else UNCHANGED if new.items or new.is_withheld else EMPTY
    else:
        outcome = REFUSED if isinstance(results.outcome_of.get(mpid), Rejected) else FAILED
    return {
        "message": REFRESH,
        "correlation_id": id_of(mpid),
        "generation": state.generation,
        "list_digest": new.digest if new else None,
        "upload_sent": mpid in results.sent,
        "outcome": outcome,
    }
