"""After a snapshot and a restart there is each kind of state that there was: resources, contents, models, reports."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from personalize_local.control import resource_types
from tests.personalize_local.behaviours.test_semantic_similarity import GROUP, RECIPE, Library
from tests.personalize_local.everything import ABROAD, Everything, everything
from tests.personalize_local.test_journal import started

KINDS = ("Interactions", "Action_Interactions")
EXPORTS = [(kind, "ALL") for kind in ("Interactions", "Action_Interactions", "Users", "Items", "Actions")]
EXPORTS += [(kind, mode) for kind in KINDS for mode in ("BULK", "PUT")]
ASKED = ("aws-user-personalization-v2", "aws-trending-now", "actions", "recommender", "metrics", "tags", "reports")
ASKED = (*ASKED, "counts")
Restored = tuple[dict[str, Any], dict[str, Any]]


@dataclass
class Twice:
    """What was seen before a snapshot, and after it and a restart."""

    described: Restored
    answers: Restored
    exports: Restored


def exports(service: Everything, name: str) -> dict[str, Any]:
    """Return each export's lines."""
    return {f"{kind} {mode}": service.exported(kind, mode, f"{name}-{kind}-{mode}") for kind, mode in EXPORTS}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return everything(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def twice(service: Everything) -> Twice:
    exported = exports(service, "first")
    before = service.described(), service.answers()
    service.world.compact()
    assert service.world.journal.snapshot is not None
    assert list(service.world.journal.entries()) == [], "nothing is left to replay"
    service.restart()
    after = service.described(), service.answers()
    return Twice((before[0], after[0]), (before[1], after[1]), (exported, exports(service, "second")))


@pytest.mark.parametrize("noun", [kind.noun for kind in resource_types.ALL])
def test_resources_are_described_as_before(twice: Twice, noun: str) -> None:
    before, after = twice.described
    assert before[noun], f"there is a {noun}"
    assert after[noun] == before[noun]


@pytest.mark.parametrize("name", ASKED)
def test_the_same_is_answered_as_before(twice: Twice, name: str) -> None:
    before, after = twice.answers
    assert before[name]
    assert after[name] == before[name]


def test_a_forgotten_users_deliveries_have_their_name_until_the_restart(twice: Twice) -> None:
    before, after = (answers["deliveries"] for answers in twice.answers)
    assert {each["userId"] for each in before} >= {"u22", "u23"}
    gone = {"userId": None, "sessionId": "", "eventId": None}
    assert after == [each | gone if each["userId"] == "u23" else each for each in before]


@pytest.mark.parametrize("name", [f"{kind} {mode}" for kind, mode in EXPORTS])
def test_the_same_is_exported_as_before(twice: Twice, name: str) -> None:
    before, after = twice.exports
    assert len(before[name]) > 1
    assert after[name] == before[name]


def test_the_statuses_before_were_of_all_kinds(twice: Twice) -> None:
    """So that the comparison says something of each."""
    found = {
        described["status"]
        for answers in twice.described[0].values()
        for answer in answers
        for described in answer.values()
        if "status" in described
    }
    assert found == {"ACTIVE", "INACTIVE", "COMPLETED", "CREATE STOPPED"}


@pytest.mark.usefixtures("twice")  # which archives all interactions before
def test_users_are_forgotten_in_archived_interactions_of_items_and_actions(service: Everything) -> None:
    world, club = service.world, service.club
    club.interact("u1", "enrol", "Viewed")  # not archived
    world.wait(2)
    before = {kind: service.exported(kind, "ALL", f"before-{kind}") for kind in KINDS}
    assert all(of_user(lines) for lines in before.values())
    service.job("DataDeletionJob", "again", ["USER_ID", "u1", "imported"], datasetGroupArn=club.group)
    world.service.tick()  # a deletion is followed by a snapshot
    gone = sum(len(of_user(lines)) for lines in before.values()) + 1  # u1 in Users
    arn = club.group.replace("dataset-group/shop", "data-deletion-job/again")
    for turn in (1, 2):
        described = service.world.call("DescribeDataDeletionJob", dataDeletionJobArn=arn)["dataDeletionJob"]
        assert (described["status"], described["numDeleted"]) == ("COMPLETED", gone)
        for kind, lines in before.items():
            left = service.exported(kind, "ALL", f"after-{kind}-{turn}")
            assert left == [line for line in lines if line not in of_user(lines)]
        service.restart()
    files = [path for path in (service.folder / "data").rglob("*") if path.is_file()]
    models = service.folder / "data/training"  # a model is trained again, or deleted, to forget users
    assert not [path for path in files if b'"imported"' in path.read_bytes() and models not in path.parents]


def of_user(lines: list[str]) -> list[str]:
    return [line for line in lines if line.split(",")[0] in ("u1", "imported")]


@pytest.mark.usefixtures("twice")
def test_columns_that_came_later_are_still_known_as_such(service: Everything) -> None:
    solution = service.club.group.replace("dataset-group/shop", "solution/aws-sims")
    version = service.world.trained(solution)
    spec = json.loads((service.folder / "data/training" / version.rpartition("/")[2] / "spec.json").read_text())
    assert spec["newer_columns"]["ITEMS"] == ["BRAND"]


@pytest.mark.usefixtures("twice")
def test_the_models_of_earlier_trainings_of_a_recommender_are_removed(service: Everything) -> None:
    world, domain = service.world, service.domain
    world.region = ABROAD
    before = models(service)
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["PRICE"]}}}
    domain.put((f"u{number}", "news", "View", 1.0) for number in range(9))
    world.call("UpdateRecommender", recommenderArn=service.recommender, recommenderConfig=config)
    (new,) = models(service) - before
    world.compact()
    assert models(service) == before | {new}, "the new model does not serve yet"
    world.wait(60)
    expected = domain.recommended(service.recommender, userId="u2")
    assert "news" in expected
    world.compact()
    service.restart()
    service.world.region = ABROAD
    assert len(before - models(service)) == 1
    assert domain.recommended(service.recommender, userId="u2") == expected


def models(service: Everything) -> set[str]:
    """Return the names of the folders of trainings."""
    return {path.name for path in (service.folder / "data/training").iterdir()}


def test_items_that_are_as_they_were_train_nothing_anew(tmp_path: Path) -> None:
    library = Library(started(tmp_path))
    library.world.solution("auto", datasetGroupArn=GROUP, recipeArn=RECIPE)
    library.world.wait(3700)
    library.world.compact()
    assert versions(library) == 1
    library.world.compact()  # with the end of the training
    library.world.journal.close()
    library.world = started(tmp_path, library.world.now + 8 * 86_400, ids_from=1_000_000)
    library.world.service.tick()
    assert versions(library) == 1
    library.put("new", "Book 9", "ship anchor storm")
    library.world.wait(2)
    library.world.service.tick()
    assert versions(library) == 2


def versions(library: Library) -> int:
    return len(library.world.call("ListSolutionVersions")["solutionVersions"])
