"""What a history can be about: which calls go wrong, and how. Tests and the long run draw from the same themes."""

from hypothesis import strategies as st

from tests.law.histories import (
    DISTURBANCES,
    ROTATIONS,
    SECONDS,
    ColdStart,
    History,
    Spell,
    delays,
    faults,
    histories,
    histories_after_an_erasure,
    histories_of_few_customers,
    histories_with_a_rewind,
    histories_with_an_experiment,
    killings,
)
from tests.law.world.faults import KINDS

INGEST = ("PutEvents", "PutObject", "SendMessageBatch")
STATE = ("BatchGetItem", "TransactWriteItems")
REFRESH = ("GetRecommendations", "bulkevents", "ChangeMessageVisibilityBatch", "GetSecretValue", "PutObject", *STATE)
LOCAL = ("forward", "read the stream", "receive", "delete", "on failure")
WRONG = st.one_of(
    st.builds(
        Spell, st.just("PutEvents"), st.sampled_from(["wrong tracker", "no column for values", "denied"]), SECONDS
    ),
    st.builds(Spell, st.sampled_from(["bulkevents", "GetRecommendations", "PutObject"]), st.just("denied"), SECONDS),
)
COLD_STARTS = st.builds(ColdStart, st.sampled_from(["ingest", "refresh"]))

THEMES: dict[str, st.SearchStrategy[History]] = {
    "delivery": histories(faults(INGEST), DISTURBANCES),
    "refresh": histories(faults(REFRESH), ROTATIONS),
    "deaths": histories(killings(INGEST + REFRESH), killings(INGEST), DISTURBANCES),
    "order": histories_of_few_customers(
        delays(("bulkevents", "TransactWriteItems")),
        delays(REFRESH),
        faults(("receive", "delete", *STATE)),
        COLD_STARTS,
    ),
    "configuration": histories(WRONG, ROTATIONS, faults(("PutEvents",), deaths=False)),
    "erasure": histories_after_an_erasure(faults(INGEST + REFRESH), WRONG, COLD_STARTS),
    "experiment": histories_with_an_experiment(faults((*REFRESH, "PutEvents")), killings(REFRESH), COLD_STARTS),
    "rewind": histories_with_a_rewind(
        faults((*INGEST, "read the stream")), killings((*INGEST, "GetObject")), DISTURBANCES, COLD_STARTS
    ),
    "surroundings": histories(faults(LOCAL), faults(INGEST + REFRESH), DISTURBANCES),
    "everything": histories(faults(KINDS), ROTATIONS, DISTURBANCES, WRONG),
}
