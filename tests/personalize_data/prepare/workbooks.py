"""Small Excel workbooks, written part by part, so that each cell holds exactly the text that a test wants.

The parts of a workbook: ECMA-376, part 1, 18 (SpreadsheetML).
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3">'
    '<xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="21" applyNumberFormat="1"/>'
    "</cellXfs></styleSheet>"
)
PLAIN, DATE, TIME = range(3)  # the styles


@dataclass(frozen=True)
class Number:
    """A number as the file has it, such as 40513.3513889, with the style that says whether it is a date."""

    text: str
    style: int = PLAIN


Cell = str | Number | bool | None


def write(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]], hidden: Sequence[str] = ()) -> Path:
    """Write a workbook; ``sheets``: rows by the sheet's name."""
    names = list(sheets)
    parts = {
        "[Content_Types].xml": _types(len(names)),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": _workbook(names, hidden),
        "xl/_rels/workbook.xml.rels": _relations(
            {f"rId{place}": ("worksheet", f"worksheets/sheet{place}.xml") for place in range(1, len(names) + 1)}
            | {"rId0": ("styles", "styles.xml")}
        ),
        "xl/styles.xml": STYLES,
    }
    for place, rows in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{place}.xml"] = _sheet(rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
    return path


def _types(sheets: int) -> str:
    parts = {"workbook": f"{TYPES}.sheet.main+xml", "styles": f"{TYPES}.styles+xml"}
    parts |= {f"worksheets/sheet{place}": f"{TYPES}.worksheet+xml" for place in range(1, sheets + 1)}
    overrides = "".join(f'<Override PartName="/xl/{name}.xml" ContentType="{kind}"/>' for name, kind in parts.items())
    defaults = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<Types xmlns="{PACKAGE}/content-types">{defaults}{overrides}</Types>'


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="{own}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for own, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{each}</Relationships>'


def _workbook(names: Sequence[str], hidden: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{place}" r:id="rId{place}"{_state(name in hidden)}/>'
        for place, name in enumerate(names, 1)
    )
    return f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{sheets}</sheets></workbook>'


def _state(is_hidden: bool) -> str:
    return ' state="hidden"' if is_hidden else ""


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    lines = "".join(f'<row r="{number}">{_cells(number, row)}</row>' for number, row in enumerate(rows, 1))
    return f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'


def _cells(number: int, row: Sequence[Cell]) -> str:
    return "".join(_cell(f"{chr(65 + place)}{number}", cell) for place, cell in enumerate(row))


def _cell(name: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return f'<c r="{name}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, Number):
        return f'<c r="{name}" s="{cell.style}"><v>{cell.text}</v></c>'
    return f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
