"""The table of mutations keeps up with the code: what it takes out stands there once, and the rest still parses."""

import ast

import pytest

from tests.law.mutations.table import MUTATIONS, Mutation
from tests.real_data import ROOT

DESIGN_LINES = 18


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_what_a_mutation_takes_out_stands_once_in_its_file(mutation: Mutation) -> None:
    text = (ROOT / "lambda_src" / "broker" / mutation.file).read_text("utf-8")
    assert text.count(mutation.old) == 1
    ast.parse(text.replace(mutation.old, mutation.new))


def test_every_line_of_the_table_has_a_mutation() -> None:
    assert len({mutation.line for mutation in MUTATIONS}) == DESIGN_LINES
