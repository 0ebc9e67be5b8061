"""What is asked of each place: the files, the schema, and the rules of a stack with its default settings."""

from pathlib import Path

from broker.settings import ingest_settings

from blueprint.environments import FunctionConfig, ingest_environment
from personalize_data.files import digest
from personalize_data.plan import Plan, Source
from personalize_data.schema import INTERACTIONS_SCHEMA, read_schema


def plan(folder: Path) -> Plan:
    """Return the conversion of the files in a folder, in the order of their names."""
    environment = ingest_environment(FunctionConfig(), tracking_id="none", quarantine_bucket="none")
    schema = read_schema(INTERACTIONS_SCHEMA.read_text(), "interactions")
    sources = [Source(path.name, path, digest(path, path.name)) for path in sorted(folder.iterdir())]
    return Plan("interactions", sources, schema, rules=ingest_settings(environment).rules)
