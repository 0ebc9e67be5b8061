"""aws-semantic-similarity finds what is described alike, also without a common word, and nothing else is asked for."""

import json
from typing import Any

import pytest

from personalize_local.toggles import Toggles
from tests.personalize_local.behaviours.shop import RECIPES
from tests.personalize_local.jobs.schemas import schema
from tests.personalize_local.world import Refused, World

RECIPE = f"{RECIPES}aws-semantic-similarity"
ITEMS = schema(
    "Items",
    ("ITEM_ID", "string"),
    ("TITLE", "string", "itemName"),
    ("TEXT", ["null", "string"], "textual"),
    ("CREATION_TIMESTAMP", "long"),
)
SEA_WORDS = ["sailor", "harbour", "ship", "anchor", "storm", "wave", "island", "pirate"]
LAND_WORDS = ["farmer", "field", "plough", "harvest", "barn", "cattle", "tractor", "village"]
# Two subjects with words of their own. Two books on the sea, four apart, have no word in common.
SEA = [" ".join(SEA_WORDS[(number + step) % 8] for step in (0, 1, 3)) for number in range(8)]
LAND = [" ".join(LAND_WORDS[(number + step) % 8] for step in (0, 1, 2)) for number in range(8)]
GROUP = "arn:aws:personalize:us-east-1:123456789012:dataset-group/books"


class Library:
    """Books about two subjects, and no interactions."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World(toggles=Toggles(throttling=False, minimums=False))
        self.world.call("CreateDatasetGroup", name="books")
        self.world.wait(3)
        self.items = self.dataset("Items", ITEMS)
        for subject, texts in (("sea", SEA), ("land", LAND)):
            for number, text in enumerate(texts):
                self.put(f"{subject}{number}", f"Book {number}", text)

    def dataset(self, kind: str, avro: str) -> str:
        shaped = self.world.call("CreateSchema", name=kind, schema=avro)["schemaArn"]
        made = {"name": kind, "schemaArn": shaped, "datasetGroupArn": GROUP, "datasetType": kind}
        arn = self.world.call("CreateDataset", **made)["datasetArn"]
        self.world.wait(3)
        return str(arn)

    def put(self, item: str, title: str, text: str | None, created: int = 1_700_000_000) -> None:
        properties = {"title": title, "text": text, "creationTimestamp": created}
        record = {"itemId": item, "properties": json.dumps(properties)}
        self.world.call("PutItems", datasetArn=self.items, items=[record])

    def campaign(self, name: str = "books", solution: dict[str, Any] | None = None, **config: Any) -> str:
        options = {"datasetGroupArn": GROUP, "recipeArn": RECIPE, **(solution or {})}
        version = self.world.trained(self.world.solution(name, **options))
        return self.world.campaign(version, name=name, **({"campaignConfig": config} if config else {}))

    def similar(self, campaign: str, item: str, results: int = 5, **request: Any) -> list[str]:
        ask = {"campaignArn": campaign, "itemId": item, "numResults": results, **request}
        return [each["itemId"] for each in self.world.call("GetRecommendations", **ask)["itemList"]]


@pytest.fixture
def library() -> Library:
    return Library()


def test_books_on_the_same_subject_come_first_also_without_a_common_word(library: Library) -> None:
    campaign = library.campaign()
    for item in ("sea0", "sea3", "land2"):
        found = library.similar(campaign, item)
        assert {each.rstrip("0123456789") for each in found} == {item.rstrip("0123456789")}
        assert item not in found
    assert not set(SEA[0].split()) & set(SEA[4].split())
    assert "sea4" in library.similar(campaign, "sea0", 7)


def test_a_new_book_is_found_in_seconds_unless_the_solution_is_not_to(library: Library) -> None:
    incremental = library.campaign()
    fixed = library.campaign("fixed", {"performIncrementalUpdate": False})
    for campaign in (incremental, fixed):
        assert "new" not in library.similar(campaign, "sea2", 20)
    library.put("new", "Book 9", SEA[2])
    library.world.wait(6)
    assert set(library.similar(incremental, "new", 8)) == {f"sea{number}" for number in range(8)}
    assert "new" in library.similar(incremental, "sea2", 8)
    assert "new" not in library.similar(fixed, "sea2", 20)


def test_metadata_comes_without_being_enabled(library: Library) -> None:
    ask = {"campaignArn": library.campaign(), "itemId": "sea0", "metadataColumns": {"ITEMS": ["TITLE"]}}
    first, *_ = library.world.call("GetRecommendations", **ask)["itemList"]
    assert first["metadata"]["TITLE"].startswith("Book ")
    assert "score" not in first


def test_popularity_and_freshness_order_the_nearest_anew(library: Library) -> None:
    interactions = library.dataset("Interactions", schema("Interactions", *_keys()))
    assert interactions
    tracking = library.world.call("CreateEventTracker", name="t", datasetGroupArn=GROUP)["trackingId"]
    library.world.wait(3)
    for number in range(9):
        library.world.put(tracking, {"itemId": "sea4"}, {"itemId": "land4"}, user=f"u{number}", session=f"s{number}")
    library.put("sea3", "Book 3", SEA[3], created=1_790_000_000)
    library.world.wait(2)
    plain = library.campaign()
    assert library.similar(plain, "sea0", 1) != ["sea4"]
    popular = library.campaign("popular", rankingInfluence={"POPULARITY": 1.0})
    assert library.similar(popular, "sea0", 3)[0] == "sea4"
    assert "land4" not in library.similar(popular, "sea0", 1)
    fresh = library.campaign("fresh", rankingInfluence={"FRESHNESS": 1.0})
    assert library.similar(fresh, "sea0", 3)[0] == "sea3"


def _keys() -> tuple[tuple[str, str], ...]:
    return ("USER_ID", "string"), ("ITEM_ID", "string"), ("EVENT_TYPE", "string"), ("TIMESTAMP", "long")


def test_it_needs_the_names_and_texts_of_items(library: Library) -> None:
    world = World()
    world.ready_to_collect(name="books")
    solution = world.solution("books", recipeArn=RECIPE)
    with pytest.raises(Refused, match=r"InvalidInput.*itemName and a textual field"):
        world.call("CreateSolutionVersion", solutionArn=solution)
    other = {"datasetGroupArn": GROUP, "recipeArn": f"{RECIPES}aws-sims", "performIncrementalUpdate": True}
    with pytest.raises(Refused, match=r"InvalidInput.*performIncrementalUpdate is for aws-semantic-similarity"):
        library.world.solution("other", **other)


def test_it_trains_itself_when_items_have_changed(library: Library) -> None:
    library.world.solution("auto", datasetGroupArn=GROUP, recipeArn=RECIPE)
    for added in (True, False):
        library.world.wait(3700 if added else 8 * 86_400)
        library.world.service.tick()
    assert len(library.world.call("ListSolutionVersions")["solutionVersions"]) == 1
    library.put("new", "Book 9", "ship anchor storm")
    library.world.wait(2)
    library.world.service.tick()
    assert len(library.world.call("ListSolutionVersions")["solutionVersions"]) == 2


def test_the_recipe_says_that_it_is_not_amazons(library: Library) -> None:
    described = library.world.call("DescribeRecipe", recipeArn=RECIPE)["recipe"]
    assert "TF-IDF with truncated SVD" in described["description"]
