"""The tags of resources.

https://docs.aws.amazon.com/personalize/latest/dg/tagging-resources.html: at most 50 a resource, and no key begins
with ``aws:``.
"""

from typing import Any

from personalize_local.control.registry import Registry
from personalize_local.errors import InvalidInput, TooManyTagKeys, TooManyTags
from personalize_local.wire.protocol import Handler

MOST = 50
Request = dict[str, Any]
Tags = dict[str, str]


class TagControl:
    """The tag operations, and the tags that a resource is created with."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def list_tags_for_resource(self, request: Request) -> dict[str, Any]:
        """List a resource's tags. Raises ResourceNotFound."""
        tags = self._registry.existing(request["resourceArn"]).tags
        return {"tags": [{"tagKey": key, "tagValue": value} for key, value in tags.items()]}

    def tag_resource(self, request: Request) -> dict[str, Any]:
        """Add tags to a resource; of equal keys the newest value counts.

        Raises ResourceNotFound, InvalidInput (a key of AWS's own), TooManyTags.
        """
        resource = self._registry.existing(request["resourceArn"])
        resource.tags = _with(resource.tags, request["tags"])
        return {}

    def untag_resource(self, request: Request) -> dict[str, Any]:
        """Remove tags; keys that are not there are passed over. Raises ResourceNotFound, TooManyTagKeys."""
        resource, keys = self._registry.existing(request["resourceArn"]), set(request["tagKeys"])
        if len(keys) > MOST:
            raise TooManyTagKeys(f"A request removes at most {MOST} tags")
        resource.tags = {key: value for key, value in resource.tags.items() if key not in keys}
        return {}

    def tagged(self, create: Handler) -> Handler:
        """Return a Create operation that gives the new resource the tags of its request."""

        def created(request: Request) -> dict[str, Any] | None:
            tags = _with({}, request.get("tags", []))
            answer = create(request) or {}
            arn = next(value for name, value in answer.items() if name.endswith("Arn"))
            self._registry.existing(arn).tags = tags
            return answer

        return created


def _with(tags: Tags, added: list[dict[str, str]]) -> Tags:
    both = tags | {tag["tagKey"]: tag["tagValue"] for tag in added}
    if any(key.lower().startswith("aws:") for key in both):
        raise InvalidInput("A tag's key must not begin with aws:")
    if len(both) > MOST:
        raise TooManyTags(f"A resource has at most {MOST} tags")
    return both
