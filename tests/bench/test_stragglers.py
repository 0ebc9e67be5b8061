"""The measurement of stragglers builds both functions and delivers everything on a good day."""

from bench import stragglers


def test_on_a_good_day_every_customer_is_done() -> None:
    assert stragglers.ingest(0, customers=20)[1] == 20
    assert stragglers.refresh(0, customers=20)[1] == 20
