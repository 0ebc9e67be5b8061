"""How histories are drawn: visits and records, and between them what goes wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from broker.interactions import DEFAULT_ACTIONS
from hypothesis import strategies as st

from local_stack.audit.view_sample import ALL
from tests.law.steps import (
    POISON,
    SAMPLES,
    ColdStart,
    Copy,
    Correct,
    Experimenting,
    Fails,
    Forget,
    Poison,
    ReadAgain,
    RewindStream,
    Rotation,
    Sample,
    Spell,
    Step,
    Stray,
    Suppress,
    Visit,
)
from tests.law.world.experiments import AUTUMN, NO_EXPERIMENT, RAISED, SPRING
from tests.law.world.faults import KINDS, QUICK, is_death
from tests.law.world.loop import HALF, SPOILT, Setting


@dataclass(frozen=True)
class History:
    """Steps, each with the seconds that pass before it, and the seconds after the last until nothing fails any more."""

    setting: Setting
    steps: Sequence[tuple[float, Step]]
    lasting: float = 30.0

    def lines(self) -> list[str]:
        """Return the history to read, one line a step, with the seconds since its beginning."""
        now, told = 0.0, [str(self.setting)]
        for wait, step in self.steps:
            now += wait
            told.append(f"{now:7.1f} s  {step}")
        return [*told, f"{now + self.lasting:7.1f} s  nothing fails any more"]


CUSTOMERS = 4
FORGOTTEN = 0
PAUSES = st.sampled_from([0.0, 0.0, 0.05, 1.0, 3.0, 7.0, 30.0])
SECONDS = st.sampled_from([0.5, 3.0, 8.0, 30.0, 120.0, 600.0])
ITEMS = st.sampled_from([f"i{number}" for number in range(8)])
MOSTLY_GOOD = st.one_of(ITEMS, ITEMS, ITEMS, ITEMS, st.sampled_from([f"{SPOILT}-{number}" for number in range(4)]))
BASKETS = st.lists(MOSTLY_GOOD, min_size=1, max_size=4).map(tuple)
# A record may be mostly bad, or hold more than one request takes, or more than the twenty at which the breaker looks.
LONG = st.tuples(st.integers(0, 24), st.integers(0, 24)).map(
    lambda good_bad: tuple([f"i{n}" for n in range(good_bad[0] + 1)] + [f"{SPOILT}-{n}" for n in range(good_bad[1])])
)


def visits(baskets: st.SearchStrategy[tuple[str, ...]] = BASKETS) -> st.SearchStrategy[Step]:
    """Return visits of a few customers; one in some is in development, opts out, or is sent once more."""
    return st.builds(
        Visit,
        customer=st.integers(0, CUSTOMERS - 1),
        items=baskets,
        action=st.sampled_from(["view_detail", "view_detail", "add_to_cart", "purchase", "add_to_wishlist", "click"]),
        ago=st.sampled_from([0, 0, 1, 60, 4000]),
        message=st.integers(0, 5),
        session=st.integers(0, 1),
        environment=st.sampled_from(["production"] * 7 + ["development"]),
        opted_out=st.sampled_from([None] * 8 + [True, False]),
    )


RECORDS = st.one_of(
    st.builds(Sample, st.sampled_from(sorted(SAMPLES)), st.integers(0, CUSTOMERS - 1)),
    st.builds(Poison, st.sampled_from(sorted(POISON)), st.integers(0, 1)),
    st.builds(Copy, st.integers(0, 1), st.integers(0, 2)),
)
INPUT: st.SearchStrategy[Step] = st.one_of(visits(), visits(), visits(), visits(LONG), RECORDS)
DISTURBANCES: st.SearchStrategy[Step] = st.one_of(
    st.builds(ReadAgain, st.integers(0, 1), st.integers(0, 5)),
    st.builds(ColdStart, st.sampled_from(["ingest", "refresh"])),
    st.builds(Stray, st.sampled_from(["", "{}", '{"mpid": 1}', "[" * 5000])),
)


def faults(operations: Iterable[str], *, deaths: bool = True) -> st.SearchStrategy[Step]:
    """Return single calls that fail, and spells in which every call does; processes die at single calls only."""
    found = [(operation, kind) for operation in operations for kind in KINDS[operation]]
    lasting = [(operation, kind) for operation, kind in found if not is_death(kind)]
    single = st.builds(
        lambda which, after: Fails(*which, after), st.sampled_from(found if deaths else lasting), st.integers(0, 4)
    )
    return st.one_of(
        single, st.builds(lambda which, seconds: Spell(*which, seconds), st.sampled_from(lasting), SECONDS)
    )


def killings(operations: Iterable[str]) -> st.SearchStrategy[Step]:
    """Return deaths of a process before and after what a call does, and long before."""
    which = [(operation, kind) for operation in operations for kind in KINDS[operation] if is_death(kind)]
    return st.builds(lambda one, after: Fails(*one, after), st.sampled_from(which), st.integers(0, 6))


def delays(operations: Iterable[str]) -> st.SearchStrategy[Step]:
    """Return calls that take long, are never answered, are done long after that, or are a process's last."""
    which = [
        (operation, name)
        for operation in operations
        for name, kind in KINDS[operation].items()
        if kind.seconds > QUICK or kind.lands or is_death(name)
    ]
    lasting = [(operation, name) for operation, name in which if not is_death(name)]
    return st.one_of(
        st.builds(lambda one, after: Fails(*one, after), st.sampled_from(which), st.integers(0, 3)),
        st.builds(
            lambda one, seconds: Spell(*one, seconds), st.sampled_from(lasting), st.sampled_from([10.0, 20.0, 40.0])
        ),
    )


def evenly(*strategies: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    """Return one of the strategies, each as likely as the others: ``one_of`` counts the branches of all of them."""
    return st.sampled_from(strategies).flatmap(lambda strategy: strategy)


SETTINGS = st.builds(
    Setting,
    batch_size=st.sampled_from([1, 2, 5, 100]),
    copies=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 9),
    upload_probe=st.booleans(),
    view_sample=st.sampled_from([ALL, ALL, HALF]),
)
LASTING = st.sampled_from([10.0, 30.0, 150.0, 700.0])
ROTATIONS: st.SearchStrategy[Step] = st.builds(Rotation, SECONDS)


def histories(*wrong: st.SearchStrategy[Step]) -> st.SearchStrategy[History]:
    """Return histories of up to 14 steps, about half of which are what goes wrong."""
    return st.builds(History, SETTINGS, _steps(evenly(INPUT, evenly(*wrong))), LASTING)


def histories_of_few_customers(*wrong: st.SearchStrategy[Step]) -> st.SearchStrategy[History]:
    """Return histories of two customers who do something every few seconds, so that processes meet at one user."""
    eager = st.builds(
        Visit,
        customer=st.sampled_from([0, 0, 1]),
        items=st.tuples(ITEMS),
        action=st.sampled_from(["view_detail", "purchase"]),
        message=st.integers(0, 50),
    )
    steps = _steps(evenly(eager, eager, evenly(*wrong)), at_least=8, at_most=24)
    return st.builds(History, SETTINGS, steps, LASTING)


EXPERIMENTS: st.SearchStrategy[Step] = st.builds(
    Experimenting, st.sampled_from([NO_EXPERIMENT, AUTUMN, RAISED, RAISED, SPRING])
)


def histories_with_an_experiment(*wrong: st.SearchStrategy[Step]) -> st.SearchStrategy[History]:
    """Return histories in which an experiment begins, half of the time with lists on profiles, and may change later."""
    settings = SETTINGS.map(lambda setting: replace(setting, experiment=AUTUMN))
    with_lists = [(0.0, Visit(customer, ("i1",), message=98)) for customer in range(CUSTOMERS)]
    begun = [[], [(0.0, Experimenting(NO_EXPERIMENT)), *with_lists, (120.0, Experimenting(AUTUMN))]]
    # A purchase brings another list, a view of the same item the same one.
    last = [
        [(200.0, Visit(customer, (item,), action, message=97)) for customer in range(CUSTOMERS)]
        for item, action in (("i2", "purchase"), ("i1", "view_detail"))
    ]
    return st.builds(
        lambda setting, first, steps, end, lasting: History(setting, (*first, *steps, *end), lasting),
        settings,
        st.sampled_from(begun),
        _steps(evenly(visits(), visits(), evenly(EXPERIMENTS, *wrong)), at_least=0),
        st.sampled_from(last),
        LASTING,
    )


def histories_after_an_erasure(*wrong: st.SearchStrategy[Step]) -> st.SearchStrategy[History]:
    """Return histories in which a customer is forgotten, whose events were accepted and whose profile was written."""
    before = [(0.0, Visit(customer, ("i1", "i2"), message=99)) for customer in range(CUSTOMERS)]
    others = visits().filter(lambda step: isinstance(step, Visit) and step.customer != FORGOTTEN)
    after = _steps(evenly(others, evenly(*wrong)))
    steps = after.map(lambda steps: (*before, (120.0, Forget(FORGOTTEN)), *steps))
    return st.builds(History, SETTINGS, steps, LASTING)


SIX_HOURS = 6 * 3600.0
# Longer than a history of six hours takes, so that nothing is given up and forgotten meanwhile.
KEPT_FOR_DAYS = {"record_age": 2 * 86_400, "retention": 3 * 86_400}
REWINDS = st.builds(
    Setting,
    batch_size=st.sampled_from([1, 2, 5, 100]),
    copies=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 9),
    upload_probe=st.booleans(),
    view_sample=st.sampled_from([ALL, ALL, HALF]),
    reported=st.sets(st.sampled_from(DEFAULT_ACTIONS), min_size=1, max_size=3).map(lambda some: tuple(sorted(some))),
    suppresses=st.booleans(),
    **{name: st.just(value) for name, value in KEPT_FOR_DAYS.items()},
)


def histories_with_a_rewind(*wrong: st.SearchStrategy[Step]) -> st.SearchStrategy[History]:
    """Return histories of six hours in which too few actions are reported; then that is corrected, and rewound.

    Where there is a suppression list, a customer comes onto it long before the rewind.
    """
    before = st.lists(
        st.tuples(st.floats(0, SIX_HOURS - 600), evenly(INPUT, INPUT, evenly(*wrong))), min_size=1, max_size=10
    )
    after = _steps(evenly(INPUT, evenly(*wrong)), at_least=0, at_most=6)

    def history(
        setting: Setting, timed: Sequence[tuple[float, Step]], last: Sequence[tuple[float, Step]], lasting: float
    ) -> History:
        suppressed = [(SIX_HOURS - 300, Suppress(FORGOTTEN))] if setting.suppresses else []
        end = [*suppressed, (SIX_HOURS, Correct()), (SIX_HOURS + 61, RewindStream(SIX_HOURS + 61))]
        at = 0.0
        steps: list[tuple[float, Step]] = []
        for time, step in [*sorted(timed, key=lambda one: one[0]), *end]:
            steps.append((time - at, step))
            at = time
        return History(setting, (*steps, *last), lasting)

    return st.builds(history, REWINDS, before, after, LASTING)


def _steps(
    step: st.SearchStrategy[Step], at_least: int = 1, at_most: int = 14
) -> st.SearchStrategy[Sequence[tuple[float, Step]]]:
    return st.lists(st.tuples(PAUSES, step), min_size=at_least, max_size=at_most).map(tuple)
