"""Creates and deletes a template's Personalize resources as CloudFormation does: in the order of what names what.

Nothing knows a resource's properties: the template's names become the API's by the service model.
"""

from collections.abc import Sequence
from graphlib import TopologicalSorter
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from tests.personalize_local.served.clients import Aws

PREFIX = "AWS::Personalize::"
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}


class Deployer:
    """``answers``: what the service said to each Create, by logical id."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.answers: dict[str, dict[str, Any]] = {}
        self._kinds: dict[str, str] = {}

    def deploy(self, template: dict[str, Any]) -> list[str]:
        """Create what is not there yet; return the kinds that were created, in order. Delete what is there no more."""
        resources = {id: one for id, one in template["Resources"].items() if one["Type"].startswith(PREFIX)}
        order = TopologicalSorter({id: _named(one) & resources.keys() for id, one in resources.items()})
        new = [id for id in order.static_order() if id not in self.answers]
        for id in new:
            self._create(id, resources[id])
        self._delete([id for id in reversed(self.answers) if id not in resources])
        return [self._kinds[id] for id in new]

    def roll_back(self, template: dict[str, Any]) -> list[str]:
        """Undo the deployment that made all that is there, and failed; return the kinds that were deleted.

        What is kept by the template is no longer the stack's,
        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html.
        """
        for id in list(self.answers):
            if template["Resources"][id].get("DeletionPolicy") == "Retain":
                del self.answers[id]
        return self.delete()

    def delete(self) -> list[str]:
        """Delete everything in the opposite order; return the kinds."""
        ids = list(reversed(self.answers))
        self._delete(ids)
        return [self._kinds[id] for id in ids]

    def _delete(self, ids: Sequence[str]) -> None:
        for id in ids:
            kind, arn = self._kinds[id], self.arn(id)
            self._call(f"Delete{kind}", {f"{kind}Arn": arn})
            self._aws.wait_until_gone(kind, arn)
            del self.answers[id]

    def arn(self, id: str) -> str:
        """Return the ARN of what was created for a logical id."""
        return str(self._attribute(id, f"{self._kinds[id]}Arn"))

    def the(self, kind: str) -> str:
        """Return the ARN of the only resource of a kind."""
        (id,) = (id for id, its in self._kinds.items() if its == kind)
        return self.arn(id)

    def _create(self, id: str, resource: dict[str, Any]) -> None:
        kind = self._kinds[id] = resource["Type"].removeprefix(PREFIX)
        self.answers[id] = self._call(f"Create{kind}", self._resolved(resource["Properties"]))
        if kind != "Schema":
            self._aws.wait_until_active(kind, self.arn(id))

    def _call(self, operation: str, properties: dict[str, Any]) -> dict[str, Any]:
        model = self._aws.control.meta.service_model.operation_model(operation)
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]
        return dict(getattr(self._aws.control, words)(**_in_the_apis_names(model.input_shape, properties)))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "Ref" in value:
            id = value["Ref"]
            return PSEUDO.get(id) or (self.arn(id) if id in self.answers else id.lower())  # another service's: its name
        if "Fn::GetAtt" in value:
            return self._attribute(*value["Fn::GetAtt"])
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return separator.join(self._resolved(parts))
        return {key: self._resolved(one) for key, one in value.items()}

    def _attribute(self, id: str, name: str) -> Any:
        if id not in self.answers:  # another service's; what Personalize is told of these are roles
            return f"arn:aws:iam::123456789012:role/{id}"
        return next(value for key, value in self.answers[id].items() if key.lower() == name.lower())


def _named(value: Any) -> set[str]:
    """Return the logical ids that a part of a template depends on."""
    if isinstance(value, list):
        return set().union(*map(_named, value))
    if not isinstance(value, dict):
        return set()
    own = {*value.get("DependsOn", ()), *value.get("Fn::GetAtt", ())[:1], *([value["Ref"]] if "Ref" in value else ())}
    return own.union(*map(_named, value.values()))


def _in_the_apis_names(shape: Shape, value: Any) -> Any:
    if isinstance(shape, ListShape):
        return [_in_the_apis_names(shape.member, one) for one in value]
    if not isinstance(shape, StructureShape):
        return value
    named = {name.lower(): name for name in shape.members}
    return {
        named[key.lower()]: _in_the_apis_names(shape.members[named[key.lower()]], one) for key, one in value.items()
    }
