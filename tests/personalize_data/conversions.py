"""Conversions in a test: files from texts, and what came of them."""

import io
from pathlib import Path

from personalize_data.conversion import Plan, Source, convert
from personalize_data.files import digest
from personalize_data.import_summary import ImportSummary
from personalize_data.schema import INTERACTIONS_SCHEMA, Schema, read_schema

NOW = 1_790_000_000.0
INTERACTIONS = read_schema(INTERACTIONS_SCHEMA.read_text(), "interactions")


def sources(folder: Path, *contents: str | bytes) -> list[Source]:
    """Write files and return them; they are known as ``file-1`` and so on."""
    sources_ = []
    for number, content in enumerate(contents, 1):
        path = folder / f"file-{number}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        sources_.append(Source(path.name, path, digest(path, path.name)))
    return sources_


def converted(plan: Plan) -> tuple[list[str], Schema, ImportSummary]:
    """Return the CSV's lines, its schema and the import's summary."""
    out = io.StringIO()
    summary = convert(plan, out, NOW)
    return out.getvalue().split("\n")[:-1], read_schema(summary.schema, plan.dataset), summary
