"""Which views are reported where a shop has more of them than a quota: those of a share of the sessions.

A session of a user is in the sample or not as a whole, by a hash. So every process and every delivery decide alike, and
what a share takes is also taken by each larger one. Only product views are left out, never another action.
"""

import hashlib
from collections.abc import Sequence

from broker.interactions import Interaction

VIEW = "view_detail"  # product_action.action of mParticle's JSON reference, whatever Personalize's event type is
EVERYTHING = 1.0
PERSONALISATION = b"view-sample"  # keeps this hash apart from any other of the same user and session


def sampled(interactions: Sequence[Interaction], share: float) -> Sequence[Interaction]:
    """Return the interactions that are to be reported. ``share`` is of the sessions, 0 to 1."""
    if share >= EVERYTHING:
        return interactions
    return [interaction for interaction in interactions if is_sampled(interaction, share)]


def is_sampled(interaction: Interaction, share: float) -> bool:
    """Return whether an interaction is to be reported. ``share`` is of the sessions, 0 to 1.

    The session is the one that PutEvents is told: without a session id, the batch's message id, its batch id, or the
    user.
    """
    if interaction.action != VIEW or share >= EVERYTHING:
        return True
    text = f"{interaction.user_id}|{interaction.session_id}".encode()
    digest = hashlib.blake2b(text, digest_size=8, person=PERSONALISATION).digest()
    return int.from_bytes(digest) < share * 2**64
