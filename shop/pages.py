"""The pages as HTML, by Jinja's templates."""

import json
import time
from pathlib import Path
from typing import Any

import jinja2

from shop.goods import title_of

HERE = Path(__file__).parent
NO_SCRIPT_END = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
NONE = "\N{EN DASH}"
MINUTE, HOUR = 60, 3600


class Pages:
    """Renders templates. ``version``, in the addresses of scripts and styles, lets browsers keep them."""

    folder = HERE / "templates"

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self.folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["title_of"] = title_of
        self._templates.filters |= {"for_script": for_script, "price": price, "seconds": seconds, "clock": clock}
        self._templates.globals["version"] = str(int(time.time()))

    def render(self, template: str, **content: Any) -> str:
        """Return a page, or a part of one."""
        return self.template(template).render(**content)

    def template(self, name: str) -> jinja2.Template:
        """Return a template."""
        return self._templates.get_template(name)


def for_script(value: Any) -> Any:
    """Return JSON that can stand in a ``<script>`` element."""
    return jinja2.utils.markupsafe.Markup(json.dumps(value).translate(NO_SCRIPT_END))


def price(amount: float) -> str:
    """Return a price for people."""
    return f"${amount:,.2f}"


def seconds(amount: float | None) -> str:
    """Return a time span for people; a dash for none."""
    if amount is None:
        return NONE
    if amount < 2 * MINUTE:
        return f"{amount:.1f} s" if amount < MINUTE else f"{amount:.0f} s"
    return f"{amount / MINUTE:.0f} min" if amount < 2 * HOUR else f"{amount / HOUR:.0f} h"


def clock(epoch_ms: float | None) -> str:
    """Return a time of day on this machine's clock; a dash for none."""
    return NONE if epoch_ms is None else time.strftime("%H:%M:%S", time.localtime(epoch_ms / 1000))
