"""What an update from an earlier version replaces: nothing that holds data, a place in the stream, or a name."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import Synthesise

Resource = dict[str, Any]
# By commit: the resources at stage recommend that an update must find again, of roles and functions only their names.
DEPLOYED: dict[str, dict[str, Resource]] = json.loads((Path(__file__).parent / "deployed_before.json").read_text())


def replaced(before: dict[str, Resource], after: dict[str, Resource]) -> dict[str, list[str]]:
    """Return what CloudFormation would replace or delete, by logical id: the properties that can't be changed.

    The resource types' schemas say which those are; a resource that is gone or of another type has none.
    """
    found = {}
    for id, old in before.items():
        new = after.get(id)
        if new is None or new["Type"] != old["Type"]:
            found[id] = ["it is gone"]
            continue
        fixed = create_only(old["Type"])
        changed = [name for name in fixed if old.get("Properties", {}).get(name) != new.get("Properties", {}).get(name)]
        if changed:
            found[id] = changed
    return found


def create_only(kind: str) -> list[str]:
    """Return the properties of a resource type that only a replacement can change."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # it takes seconds to load

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    paths = [*schema.get("createOnlyProperties", []), *schema.get("conditionalCreateOnlyProperties", [])]
    return [path.removeprefix("/properties/") for path in paths]


@pytest.mark.parametrize("commit", DEPLOYED)
def test_an_update_replaces_nothing_that_holds_data_or_a_place_in_the_stream(made: Synthesise, commit: str) -> None:
    kinds = {one["Type"] for one in DEPLOYED[commit].values()}

    assert {"AWS::Kinesis::Stream", "AWS::Lambda::EventSourceMapping", "AWS::Personalize::Dataset"} <= kinds
    assert replaced(DEPLOYED[commit], made("recommend").template["Resources"]) == {}


@pytest.mark.parametrize("commit", DEPLOYED)
def test_a_mapping_moves_from_the_function_to_its_alias_in_place(made: Synthesise, commit: str) -> None:
    """So the stream is read on from where it was: a new mapping would begin at its StartingPosition."""
    after = made("recommend").template["Resources"]
    mappings = {id: one for id, one in DEPLOYED[commit].items() if one["Type"] == "AWS::Lambda::EventSourceMapping"}

    assert "IngestStreamMapping" in mappings
    assert "FunctionName" not in create_only("AWS::Lambda::EventSourceMapping")
    for id, old in mappings.items():
        function, alias = old["Properties"]["FunctionName"], after[id]["Properties"]["FunctionName"]
        assert "Fn::GetAtt" in function
        assert after[alias["Ref"]]["Type"] == "AWS::Lambda::Alias"


@pytest.mark.parametrize(
    ("id", "change", "said"),
    [
        ("IngestStreamMapping", {"StartingPosition": "LATEST"}, ["StartingPosition"]),
        ("IngestStreamMapping", {"EventSourceArn": "another"}, ["EventSourceArn"]),
        ("PersonalizeDatasetsDatasetGroup56CC5178", {"KmsKeyArn": "arn:aws:kms:…"}, ["KmsKeyArn"]),
        ("PersonalizeDatasetsInteractionsDataset4EC73B3D", {"Tags": []}, ["Tags"]),
    ],
)
def test_a_replacement_would_be_noticed(made: Synthesise, id: str, change: Resource, said: list[str]) -> None:
    after = json.loads(json.dumps(made("recommend").template["Resources"]))
    after[id]["Properties"] |= change

    assert replaced(DEPLOYED["f91af5b"], after) == {id: said}
    del after[id]
    assert replaced(DEPLOYED["f91af5b"], after) == {id: ["it is gone"]}
