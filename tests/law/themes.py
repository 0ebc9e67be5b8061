"""What a history can be about: which calls go wrong, and how. Tests and the long run draw from the same themes."""

from hypothesis import strategies as st

from tests.law.histories import DISTURBANCES, ROTATIONS, SECONDS, History, Spell, faults, histories, killings
from tests.law.world.faults import KINDS

INGEST = ("PutEvents", "PutObject", "SendMessageBatch")
REFRESH = ("GetRecommendations", "bulkevents", "ChangeMessageVisibilityBatch", "GetSecretValue", "PutObject")
TWIN = ("forward", "read the stream", "receive", "delete", "on failure")
WRONG = st.one_of(
    st.builds(Spell, st.just("PutEvents"), st.sampled_from(["wrong tracker", "denied"]), SECONDS),
    st.builds(Spell, st.sampled_from(["bulkevents", "GetRecommendations", "PutObject"]), st.just("denied"), SECONDS),
)

THEMES: dict[str, st.SearchStrategy[History]] = {
    "delivery": histories(faults(INGEST), DISTURBANCES),
    "refresh": histories(faults(REFRESH), ROTATIONS),
    "deaths": histories(killings(INGEST + REFRESH), killings(INGEST), DISTURBANCES),
    "configuration": histories(WRONG, ROTATIONS, faults(("PutEvents",), deaths=False)),
    "surroundings": histories(faults(TWIN), faults(INGEST + REFRESH), DISTURBANCES),
    "everything": histories(faults(KINDS), ROTATIONS, DISTURBANCES, WRONG),
}
