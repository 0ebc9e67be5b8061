"""Writes the tables of docs/cost.md that come from the command and from measurements: python -m bench.cost_page"""

import json
from decimal import Decimal
from pathlib import Path

from bench.loop.report.page import with_text
from infra.cost import processor_time
from infra.cost.bill import Bill, bill, gb_seconds_per_record, money
from infra.cost.prices import EXAMPLE, MILLION, UNITS, read_prices
from infra.cost.traffic import Shop, traffic
from infra.paths import ROOT
from infra.settings import Settings, Stage, read_settings

PAGE = ROOT / "docs" / "cost.md"
BEGIN, END = (
    "<!-- python -m bench.cost_page writes from here on -->",
    "<!-- python -m bench.cost_page writes until here -->",
)
RATES = (Decimal(1), Decimal(10), Decimal(100))
MEMORY = 512


def text() -> str:
    """Return the tables, as they are today."""
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    settings = {stage: read_settings(context, stage, ROOT) for stage in Stage}
    return "\n\n".join((*_shop(settings[Stage.RECOMMEND]), *_by_stage(settings), *_functions()))


def _bill(rate: Decimal, settings: Settings) -> Bill:
    return bill(traffic(Shop(events_per_second=rate), settings), settings, read_prices(EXAMPLE))


def _shop(settings: Settings) -> tuple[str, str]:
    result = _bill(Shop.events_per_second, settings)
    rows = [
        (
            item.name,
            f"{item.quantity:,.2f}",
            item.unit,
            "no price" if item.price is None else str(item.price),
            *_usd(result, item.usd),
        )
        for item in result.items
    ]
    total = ("total" if result.is_complete else "total, at least", "", "", "", *_usd(result, result.total))
    header = ("item", "quantity", "unit", "USD per unit", "USD per month", "per million events")
    return f"### {Shop.events_per_second} events per second, stage `recommend`", _table(header, [*rows, total])


def _by_stage(settings: dict[Stage, Settings]) -> tuple[str, str]:
    rows = [(stage, *(_total(_bill(rate, settings[stage])) for rate in RATES)) for stage in Stage]
    return "### USD per month by stage", _table(("stage", *(f"{rate} per second" for rate in RATES)), rows)


def _total(result: Bill) -> str:
    return f"{'' if result.is_complete else 'at least '}{money(result.total)}"


def _functions() -> tuple[str, str]:
    price = read_prices(EXAMPLE).of("lambda_gb_seconds")
    now, before = processor_time.milliseconds(), processor_time.milliseconds(processor_time.BEFORE)
    rows = []
    for workload in now:
        gb_seconds = (gb_seconds_per_record(ms[workload], MEMORY) * MILLION for ms in (before, now))
        usd = (
            "no price" if price is None else f"{each / UNITS['lambda_gb_seconds'].size * price:.4f}"
            for each in gb_seconds
        )
        rows.append((workload, str(before[workload]), str(now[workload]), *usd))
    header = ("workload", "ms per record at f91af5b", "now", "USD per million records at f91af5b", "now")
    return "### The functions' processor time, before and now", _table(header, rows)


def _usd(result: Bill, usd: Decimal | None) -> tuple[str, str]:
    each = result.per_million(usd)
    return money(usd), "" if each is None else money(each)


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, ("---", *("---:" for _ in header[1:])), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def with_tables(page: str) -> str:
    """Return the page with today's tables between its marks. Raises NoMarks."""
    return with_text(page, text(), BEGIN, END)


def main(page: Path = PAGE) -> None:
    """Write them."""
    page.write_text(with_tables(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
