"""Each use case of the domain VIDEO_ON_DEMAND finds what its rule says, where other rules would find something else."""

from collections.abc import Iterator

import pytest

from tests.personalize_local.domains.domain import HOUR, INTERACTIONS, Domain, Interaction
from tests.personalize_local.world import Refused, World

MOST_POPULAR = "aws-vod-most-popular"
BECAUSE = "aws-vod-because-you-watched-x"
MORE_LIKE = "aws-vod-more-like-x"
TOP_PICKS = "aws-vod-top-picks"
VIEWERS, DAY = 30, 24 * HOUR


def history() -> Iterator[Interaction]:
    """Yield what the viewers did.

    All watch the pilot, and a third the finale and its sequel. One fan watches the marathon again and again. Everybody
    clicks on the trailer. Each of two halves watches its own genre.
    """
    for number in range(VIEWERS):
        user, genre = f"u{number}", ("crime", "space")[number % 2]
        yield from ((user, "pilot", "Watch", 9 * DAY), (user, "trailer", "Click", 9 * DAY - 60))
        if number % 3 == 0:
            yield from ((user, "finale", "Watch", 8 * DAY), (user, "sequel", "Watch", 7 * DAY))
        for place in range(4):
            yield user, f"{genre}-{(number // 2 + place) % 6}", "Watch", 3 * DAY - place
    yield from (("fan", "marathon", "Watch", 2 * DAY - turn) for turn in range(2 * VIEWERS))


@pytest.fixture(scope="module")
def cinema() -> Domain:
    """Return a dataset group with that history; two films that nobody has watched are of genre noir."""
    domain = Domain("VIDEO_ON_DEMAND")
    domain.put(history())
    for film in ("noir-1", "noir-2"):
        domain.put_item(film, genres="noir", creationTimestamp=1_700_000_000)
    for place in range(6):
        domain.put_item(f"crime-{place}", genres="crime", creationTimestamp=1_700_000_000)
    return domain


def test_most_popular_counts_the_users_who_watched_not_how_often(cinema: Domain) -> None:
    found = cinema.recommended(cinema.recommender(MOST_POPULAR), 20, userId="u1")
    assert found[0] == "pilot"
    assert found.index("finale") < found.index("marathon")
    assert "trailer" not in found


def test_because_you_watched_is_what_others_watched_without_what_the_user_did(cinema: Domain) -> None:
    because = cinema.recommender(BECAUSE)
    assert cinema.recommended(because, 1, itemId="finale", userId="nobody") == ["sequel"]
    assert "sequel" not in cinema.recommended(because, 20, itemId="finale", userId="u0")


def test_more_like_a_film_knows_its_genre(cinema: Domain) -> None:
    more_like = cinema.recommender(MORE_LIKE)
    assert cinema.recommended(more_like, 1, itemId="noir-1", userId="u1") == ["noir-2"]
    cinema.put([("u1", "noir-2", "Watch", 0)])
    assert "noir-2" not in cinema.recommended(more_like, 20, itemId="noir-1", userId="u1")


def test_top_picks_follow_the_user_and_leave_out_what_they_watched(cinema: Domain) -> None:
    top_picks = cinema.recommender(TOP_PICKS)
    cinema.put([("astronaut", "space-1", "Watch", 60), ("astronaut", "space-2", "Watch", 30)])
    found = cinema.recommended(top_picks, 25, userId="astronaut")
    genres = [film.split("-")[0] for film in found if film.startswith(("space-", "crime-"))]
    assert set(genres[:4]) == {"space"}
    assert not {"space-1", "space-2"} & set(found)


def test_a_recommender_that_would_explore_more_than_everything_is_refused(cinema: Domain) -> None:
    config = {"itemExplorationConfig": {"explorationWeight": "1.5"}}
    made = {"name": "wrong", "datasetGroupArn": cinema.group, "recipeArn": f"arn:aws:personalize:::recipe/{TOP_PICKS}"}
    with pytest.raises(Refused, match=r"InvalidInput.*explorationWeight must be from 0 to 1"):
        cinema.world.call("CreateRecommender", **made, recommenderConfig=config)
    arn = cinema.recommender(TOP_PICKS, "explores")
    with pytest.raises(Refused, match=r"InvalidInput.*explorationWeight must be from 0 to 1"):
        cinema.world.call("UpdateRecommender", recommenderArn=arn, recommenderConfig=config)


def test_more_like_x_requires_an_items_dataset(world: World) -> None:
    group = world.call("CreateDatasetGroup", name="bare", domain="VIDEO_ON_DEMAND")["datasetGroupArn"]
    world.wait(3)
    made = {"name": "r", "datasetGroupArn": group, "recipeArn": f"arn:aws:personalize:::recipe/{MORE_LIKE}"}
    with pytest.raises(Refused, match=r"InvalidInput.*no Interactions dataset"):
        world.call("CreateRecommender", **made)
    shaped = world.call("CreateSchema", name="s", schema=INTERACTIONS, domain="VIDEO_ON_DEMAND")["schemaArn"]
    world.call("CreateDataset", name="d", schemaArn=shaped, datasetGroupArn=group, datasetType="Interactions")
    with pytest.raises(Refused, match=r"InvalidInput.*requires an Items dataset"):
        world.call("CreateRecommender", **made)
