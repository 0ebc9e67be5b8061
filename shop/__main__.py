"""``python -m shop``: the shop and its panel as a process, on the services that the variables name."""

import argparse
import functools
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from infra.cost.prices import EXAMPLE
from local_stack.audit.services import deliveries
from local_stack.aws.session import local_client
from local_stack.items4u.catalogue import catalogue
from local_stack.items4u.shoppers import shoppers
from personalize_local.shell import serve
from shop.app import Asgi, make_app
from shop.goods import Goods
from shop.pages import Pages
from shop.panel.app import Panel
from shop.panel.experiment import RunningExperiment
from shop.panel.ledger import Ledger
from shop.panel.watcher import Watcher
from shop.places import Places
from shop.profiles import Profiles
from shop.slot import Slot
from shop.storefront import Storefront

CUSTOMERS = 12  # that one can be


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m shop", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    parser.add_argument("--seed", type=int, default=1, help="of the catalogue and the customers")
    parser.add_argument("--prices", type=Path, default=EXAMPLE, help="the reader's prices")
    return parser.parse_args(argv)


def main() -> int:
    """Serve until stopped; return the exit code."""
    options = arguments()
    places = Places.from_variables(os.environ)
    sold = Counter(one["itemId"] for one in deliveries(places.personalize) if one["eventType"] == "purchase")
    app = application(places, seed=options.seed, prices=options.prices, sold=sold)
    return serve(app, port=options.port, with_parent=options.with_parent)


def application(places: Places, *, seed: int, prices: Path, sold: Mapping[str, int]) -> Asgi:
    """Return the shop with its panel. ``sold``: how often each item was sold, for the best-sellers."""
    goods = Goods(catalogue(seed))
    pages, profiles = Pages(), Profiles(places)
    clients = functools.cache(functools.partial(local_client, endpoint=places.aws))
    experiment = RunningExperiment(places, clients)
    slot = Slot(goods, profiles, pages, sold=lambda: sold, has_holdout=experiment.has_holdout)
    people = [one for one in shoppers(seed, 3 * CUSTOMERS) if one.sells_data][:CUSTOMERS]
    store = Storefront(
        goods=goods,
        people=people,
        slot=slot,
        pages=pages,
        mparticle=places.mparticle,
        has_filter=bool(places.filter_expression),
    )
    panel = Panel(
        places=places,
        watcher=Watcher(places, clients),
        ledger=Ledger(places, clients),
        experiment=experiment,
        profiles=profiles,
        pages=pages,
        names=goods.by_id,
        prices=prices,
    )
    return make_app([*store.routes(), *panel.routes()], store.missing)


if __name__ == "__main__":
    sys.exit(main())
