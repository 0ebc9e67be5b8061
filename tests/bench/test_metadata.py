"""Users and items under load, in told time: what the benchmark prints, at a fiftieth of its scale."""

from bench.metadata.virtual import Load, report


def test_each_record_waits_once_the_rate_is_kept_and_the_newest_of_each_arrives() -> None:
    result = report(Load(rate=40, seconds=20, users=400, items=40))
    assert result["events"] == 800
    assert (result["not the newest then"], result["failed"], result["throttled"]) == (0, 0, 0)
    assert result["most messages of one record"] == 1
    assert result["most messages at once"] <= result["records"] <= 440
    assert max(result["most calls within a second"].values()) <= 10
    assert result["records put"] < 2 * result["events"], "what changes while it waits is put once"
