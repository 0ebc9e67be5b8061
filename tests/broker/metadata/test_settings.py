"""The variables by which functions are told of users and items."""

import json

import pytest
from broker.environment_reader import SettingsError
from broker.metadata.columns import Column, as_json
from broker.metadata.sightings import Mapped
from broker.metadata.state import Policy
from broker.settings import PutMetadataSettings, put_metadata_settings

from tests.broker.metadata.world import ARNS
from tests.broker.test_settings import of_ingest

AGE, NAME = Column("AGE", "$age", "int"), Column("NAME", "name", "string", is_required=True)
QUEUE = "https://sqs.eu-central-1.amazonaws.com/1/metadata.fifo"
PLACES = {"METADATA_TABLE": "metadata", "METADATA_QUEUE_URL": QUEUE}
COLUMNS = {"USER_COLUMNS": as_json([AGE]), "ITEM_COLUMNS": as_json([NAME])}
DATASETS = {f"{name.upper()}_DATASET_ARN": arn for name, arn in ARNS.items()}


def of_sender(**variables: str) -> PutMetadataSettings:
    return put_metadata_settings({"METADATA_TABLE": "metadata", **variables})


def test_by_default_ingest_reads_neither_users_nor_items() -> None:
    assert of_ingest().metadata is None
    assert of_ingest(**PLACES).metadata is None


def test_ingest_reads_the_columns_that_it_is_told() -> None:
    metadata = of_ingest(**PLACES, **COLUMNS).metadata
    assert metadata
    assert (metadata.table, metadata.queue_url, metadata.mapped) == ("metadata", QUEUE, Mapped((AGE,), (NAME,)))
    assert metadata.policies == {"users": Policy((AGE,)), "items": Policy((NAME,), adds_only=True)}


def test_items_are_merged_only_where_that_is_said() -> None:
    metadata = of_ingest(**PLACES, **COLUMNS, ITEM_UPDATES="Merge").metadata
    assert metadata
    assert not metadata.policies["items"].adds_only


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"METADATA_TABLE": "metadata"}, "METADATA_QUEUE_URL is missing"),
        ({"METADATA_QUEUE_URL": QUEUE}, "METADATA_TABLE is missing"),
        (PLACES | {"ITEM_UPDATES": "replace"}, "ITEM_UPDATES must be add or merge, not 'replace'"),
        (PLACES | {"USER_COLUMNS": "AGE"}, "USER_COLUMNS must be a JSON list of columns"),
    ],
)
def test_what_is_wrong_is_named(variables: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=f"^settings of ingest: {problem}$"):
        of_ingest(**variables)


def test_put_metadata_knows_the_datasets_that_have_columns() -> None:
    assert of_sender(**COLUMNS, **DATASETS).dataset_arns == ARNS
    only_items = of_sender(ITEM_COLUMNS=COLUMNS["ITEM_COLUMNS"], ITEMS_DATASET_ARN=ARNS["items"])
    assert (only_items.dataset_arns, only_items.suppression) == ({"items": ARNS["items"]}, None)


def test_put_metadata_names_all_that_is_missing() -> None:
    with pytest.raises(SettingsError) as nothing:
        put_metadata_settings({})
    assert nothing.value.problems == ["METADATA_TABLE is missing", "USER_COLUMNS and ITEM_COLUMNS are missing"]
    with pytest.raises(SettingsError, match="USERS_DATASET_ARN is missing; ITEMS_DATASET_ARN must be an ARN"):
        of_sender(**COLUMNS, ITEMS_DATASET_ARN=json.dumps("items"))
