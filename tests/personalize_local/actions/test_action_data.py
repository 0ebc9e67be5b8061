"""PutActions and PutActionInteractions: what is taken and what is refused, and that a group of a domain has none."""

from typing import Any

import pytest

from tests.personalize_local.actions.club import ACTION_INTERACTIONS, ACTIONS, Club
from tests.personalize_local.domains.domain import Domain
from tests.personalize_local.world import Refused


@pytest.fixture(scope="module")
def club() -> Club:
    return Club()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"eventType": "Clicked"}, "InvalidInputException"),
        ({"properties": "nonsense"}, "InvalidInputException"),
        ({"properties": '{"userId": "u"}'}, "InvalidInputException"),
        ({"eventType": "NOT_TAKEN"}, ""),
        ({"eventType": "taken"}, ""),
    ],
)
def test_an_interaction_has_one_of_three_types(club: Club, changes: dict[str, Any], code: str) -> None:
    interaction = {"actionId": "a", "sessionId": "s", "timestamp": club.world.now, "eventType": "Viewed"} | changes
    request = {"trackingId": club.action_tracking, "actionInteractions": [interaction]}
    if not code:
        assert club.world.call("PutActionInteractions", **request) == {}
        return
    with pytest.raises(Refused) as refused:
        club.world.call("PutActionInteractions", **request)
    assert refused.value.code == code


def test_they_have_a_tracking_id_of_their_own(club: Club) -> None:
    interaction = {"actionId": "a", "sessionId": "s", "timestamp": club.world.now, "eventType": "Viewed"}
    with pytest.raises(Refused, match=r"InvalidInput.*does not exist"):
        club.world.call("PutActionInteractions", trackingId=club.tracking, actionInteractions=[interaction])
    event = {"eventType": "view", "itemId": "i", "sentAt": club.world.now}
    with pytest.raises(Refused, match="InvalidInput"):
        club.world.call("PutEvents", trackingId=club.action_tracking, sessionId="s", eventList=[event])


def test_actions_follow_their_schema(club: Club) -> None:
    with pytest.raises(Refused, match=r"InvalidInput.*value must be of type"):
        club.put_action("a", value="high")
    with pytest.raises(Refused, match=r"InvalidInput.*not a dataset of type ACTIONS"):
        club.world.call("PutActions", datasetArn=club.datasets["Action_Interactions"], actions=[{"actionId": "a"}])


def test_a_group_of_a_domain_has_no_actions() -> None:
    shop = Domain("ECOMMERCE")
    for name, avro in (("Actions", ACTIONS), ("Action_Interactions", ACTION_INTERACTIONS)):
        with pytest.raises(Refused, match=r"InvalidInput.*name must be one of Interactions, Users, Items$"):
            shop.world.call("CreateSchema", name=name, schema=avro, domain="ECOMMERCE")
        made = shop.world.call("CreateSchema", name=name, schema=avro)["schemaArn"]
        with pytest.raises(Refused, match=r"InvalidInput.*not of the same domain"):
            shop.world.call("CreateDataset", name=name, schemaArn=made, datasetGroupArn=shop.group, datasetType=name)
