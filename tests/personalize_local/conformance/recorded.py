"""A world that remembers which operations it has answered, and what it asks of every resource that it creates."""

from typing import Any

from tests.personalize_local.world import World


class Recorded(World):
    """A world that remembers which operations were answered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.answered: set[str] = set()

    def post(self, operation: str, body: bytes) -> dict[str, Any]:
        answer = super().post(operation, body)
        self.answered.add(operation)
        return answer

    def create(self, operation: str, **request: Any) -> str:
        """Create a resource, wait until it is settled, describe and list its kind; return its ARN."""
        (arn,) = self.call(f"Create{operation}", **request).values()
        self.wait(60)
        self.check_described_and_listed(operation, arn)
        return str(arn)

    def check_described_and_listed(self, kind: str, arn: str) -> None:
        key = f"{kind[0].lower()}{kind[1:]}Arn"
        (described,) = self.call(f"Describe{kind}", **{key: arn}).values()
        listed = next(value for name, value in self.call(f"List{kind}s").items() if name != "nextToken")
        assert arn in [one[key] for one in listed]
        assert described[key] == arn


def avro(name: str, *columns: str) -> str:
    """Return the schema of a Users or an Items dataset."""
    fields = [f'{{"name": "{column}", "type": "string"}}' for column in columns]
    fields.append('{"name": "KIND", "type": ["null", "string"], "categorical": true}')
    head = f'"type": "record", "name": "{name}", "namespace": "com.amazonaws.personalize.schema"'
    return f'{{{head}, "fields": [{", ".join(fields)}]}}'
