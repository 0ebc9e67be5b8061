"""Actions and the interactions with them are imported, exported and deleted as items and their interactions are."""

from typing import Any

import pytest

from personalize_local.toggles import Toggles
from tests.personalize_local.actions.club import Club
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.world import World

ROLE = "arn:aws:iam::123456789012:role/any"
HEADER = "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"
ACTIONS = "ACTION_ID,VALUE,ACTION_EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY"
DAY = 86_400


@pytest.fixture
def club(bucket: Bucket) -> Club:
    return Club(World(s3_endpoint=bucket.endpoint, toggles=Toggles(throttling=False, minimums=False)))


def run_job(club: Club, kind: str, **request: Any) -> dict[str, Any]:
    """Run a job; return its description."""
    (arn,) = club.world.call(f"Create{kind}", roleArn=ROLE, **request).values()
    club.world.wait(3)
    (described,) = club.world.call(f"Describe{kind}", **{f"{kind[0].lower()}{kind[1:]}Arn": arn}).values()
    assert described["status"] in ("ACTIVE", "COMPLETED"), described
    return dict(described)


def import_csv(club: Club, bucket: Bucket, kind: str, *lines: str) -> None:
    source = {"dataLocation": bucket.put(f"{kind}.csv", "\n".join(lines))}
    run_job(club, "DatasetImportJob", jobName=kind, datasetArn=club.datasets[kind], dataSource=source)


def export(club: Club, bucket: Bucket, kind: str, name: str) -> list[str]:
    target = {"s3DataDestination": {"path": bucket.at(f"out/{name}/")}}
    job = {"jobName": name, "datasetArn": club.datasets[kind], "jobOutput": target, "ingestionMode": "ALL"}
    run_job(club, "DatasetExportJob", **job)
    return bucket.get(f"out/{name}/{name}.csv").splitlines()


def test_what_is_imported_and_put_is_exported_and_deleted_users_are_not(club: Club, bucket: Bucket) -> None:
    now = int(club.world.now)
    import_csv(club, bucket, "Action_Interactions", HEADER, f"u1,enrol,TAKEN,{now - 9}", f"u2,enrol,VIEWED,{now - 8}")
    import_csv(club, bucket, "Actions", ACTIONS, "enrol,7,,", "download,,,3")
    club.interact("u1", "download", "Not Taken", ago=5)
    club.world.wait(2)
    put = f"u1,download,Not Taken,{int(club.world.now) - 2 - 5}"
    rows = export(club, bucket, "Action_Interactions", "before")
    assert rows[0] == HEADER
    assert {f"u1,enrol,TAKEN,{now - 9}", f"u2,enrol,VIEWED,{now - 8}", put} >= set(rows[1:3])
    assert len(rows) == 4
    assert export(club, bucket, "Actions", "actions") == [ACTIONS, "enrol,7,,", "download,,,3"]
    source = {"dataLocation": bucket.put("gone.csv", "USER_ID\nu1\n")}
    gone = run_job(club, "DataDeletionJob", jobName="d", datasetGroupArn=club.group, dataSource=source)
    assert gone["numDeleted"] == 2
    assert export(club, bucket, "Action_Interactions", "after") == [HEADER, f"u2,enrol,VIEWED,{now - 8}"]


def test_an_import_is_trained_on(club: Club, bucket: Bucket) -> None:
    now = int(club.world.now)
    rows = [
        f"u{number},{action},{'TAKEN' if (number % 2) == (action == 'enrol') else 'NOT_TAKEN'},{now - DAY}"
        for number in range(120)
        for action in ("enrol", "download")
    ]
    import_csv(club, bucket, "Action_Interactions", HEADER, *rows)
    import_csv(club, bucket, "Actions", ACTIONS, "enrol,,,", "download,,,")
    for number in range(120):
        seen = [{"itemId": f"i{2 * ((number + step) % 10) + number % 2}"} for step in range(3)]
        club.world.put(club.tracking, *seen, user=f"u{number}", session=f"u{number}")
    club.world.wait(2)
    campaign = club.campaign()
    for number, action in ((1, "enrol"), (0, "download")):
        scores = club.recommended(campaign, f"u{number}")
        assert next(iter(scores)) == action
        assert scores[action] > 0.7
