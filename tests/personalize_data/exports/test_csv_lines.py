"""A row as text is the row that Python's ``csv`` writes, but for the line end."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from personalize_data.csv_lines import csv_line

VALUES = st.text(max_size=6) | st.text(st.sampled_from(',"\r\n \t\0a\u2028'), max_size=6)


@given(st.lists(VALUES, min_size=2, max_size=8))
def test_a_line_is_what_csv_writes_where_lines_end_in_both_characters(row: list[str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(row)

    assert csv_line(row) == out.getvalue().removesuffix("\r\n")
