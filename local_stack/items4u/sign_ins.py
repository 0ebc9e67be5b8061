"""How much of a user's history stays under another id when they sign in, measured in the made-up shop.

Personalize merges no users and renames no interactions. So an interaction that was sent under an anonymous id is lost
to the known user, unless mParticle lets the known user have that id. ``python -m local_stack.items4u.sign_ins`` prints
the figures of docs/use.md.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from local_stack.items4u.sessions import Session, Shop
from local_stack.mparticle.ids import Ids
from local_stack.mparticle.profiles import Profiles

SHOPPERS = 500
VISITS = (1, 2, 6)
"""How often a shopper visits, on the average."""

IdOf = Callable[[Session, bool], int]
"""Returns the mpid of a session's upload, by whether its user is signed in."""


@dataclass(frozen=True)
class Interactions:
    """One upload's interactions: who made them, in which session, and under which id they were sent."""

    shopper: str
    session: int
    mpid: int
    signed_in: bool
    number: int
    purchases: int


@dataclass(frozen=True)
class History:
    """Interactions by what becomes of them; ``lost`` ones are under another id than their user signs in to.

    ``lost_in_session``: those of them that were made in the session of a sign-in. ``never``: by users who never sign
    in. ``purchases`` and ``without_history``: purchases of known users, and those of them that come first under their
    id though the user did something before.
    """

    total: int
    lost: int
    lost_in_session: int
    never: int
    purchases: int
    without_history: int


def profile_link(seed: int) -> IdOf:
    """Return how ids are given where a sign-in always leads to the customer's own profile."""
    ids = Ids(seed)
    return lambda session, signed_in: (
        ids.number("customer", session.shopper_id) if signed_in else ids.number("device", _device(session))
    )


def profile_conversion(seed: int) -> IdOf:
    """Return how ids are given where a new customer takes over their device's profile, as in the local mParticle."""
    profiles = Profiles("production", Ids(seed))

    def id_of(session: Session, signed_in: bool) -> int:
        login = {"customer_id": session.shopper_id} if signed_in else {}
        return profiles.resolve(None, login, _device(session), 0).mpid

    return id_of


def interactions(sessions: Iterable[Session], id_of: IdOf) -> Iterator[Interactions]:
    """Yield what sessions bring to Personalize, in order, under the ids of an identity strategy."""
    for number, session in enumerate(sessions):
        if not session.consents or session.environment != "production":
            continue
        for upload in session.uploads:
            mpid = id_of(session, upload.signed_in)
            actions = [action for action, _ in upload.interactions]
            yield Interactions(
                session.shopper_id, number, mpid, upload.signed_in, len(actions), actions.count("purchase")
            )


def history(rows: Iterable[Interactions]) -> History:
    """Return what becomes of all interactions."""
    rows = list(rows)
    known = {row.mpid for row in rows if row.signed_in}
    own = {row.shopper for row in rows if row.signed_in}
    with_sign_in = {row.session for row in rows if row.signed_in}
    elsewhere = [row for row in rows if row.shopper in own and row.mpid not in known]
    bought = [row for row in rows if row.signed_in and row.purchases]
    return History(
        total=sum(row.number for row in rows),
        lost=sum(row.number for row in elsewhere),
        lost_in_session=sum(row.number for row in elsewhere if row.session in with_sign_in),
        never=sum(row.number for row in rows if row.shopper not in own),
        purchases=len(bought),
        without_history=len(_without_history(rows)),
    )


def _without_history(rows: Iterable[Interactions]) -> list[Interactions]:
    """Return the first purchases under an id that nothing is known of, of users who did something before."""
    ids, shoppers, empty = set[int](), set[str](), list[Interactions]()
    for row in rows:
        if row.signed_in and row.purchases and row.mpid not in ids and row.shopper in shoppers:
            empty.append(row)
        if row.number:
            ids.add(row.mpid)
            shoppers.add(row.shopper)
    return empty


def _device(session: Session) -> str | None:
    return session.caller.device.id if session.caller.device else None


def histories() -> Iterator[tuple[int, str, History]]:
    """Yield what becomes of all interactions, by the visits of a shopper and the identity strategy."""
    for visits in VISITS:
        for strategy in (profile_link, profile_conversion):
            sessions = itertools.islice(Shop(1, SHOPPERS).sessions(), SHOPPERS * visits)
            yield visits, strategy.__name__.replace("_", " "), history(interactions(sessions, strategy(1)))


def figures() -> Iterator[str]:
    """Yield the rows of the table in docs/use.md."""
    for visits, strategy, all_of_them in histories():
        shares = (all_of_them.lost, all_of_them.lost_in_session, all_of_them.never)
        cells = [f"{share / all_of_them.total:.1%}" for share in shares]
        cells.append(f"{all_of_them.without_history / all_of_them.purchases:.1%}")
        yield f"| {visits} | {strategy} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(figures()))  # noqa: T201 - a program
