"""The pages as the server writes them, without a browser, while no service answers: all can be read and used."""

import re
from pathlib import Path

import pytest

from infra.cost.prices import EXAMPLE
from local_stack.items4u.catalogue import catalogue
from local_stack.mparticle.inputs import INPUTS
from local_stack.mparticle.profile_api import CLIENT_SECRET
from shop.__main__ import application
from shop.app import Asgi
from shop.places import VARIABLES, Places
from tests.shop.asgi import Answer, ask
from tests.shop.html import Page, problems, read

NOBODY_LISTENS = "http://127.0.0.1:9"  # the discard service's port
PLACES = Places.from_variables(
    {name: NOBODY_LISTENS if "URL" in name else f"arn:local/{name.lower()}" for name in VARIABLES.values()}
    | {
        "VARIANT_CAMPAIGNS": "",
        "EXPERIMENT": '{"name": "try", "holdout": 20, "variants": {"a": {"weight": 1}, "b": {"weight": 3}}}',
    }
)
LAMP = next(item for item in catalogue(1) if item.name.endswith("Desk Lamp"))
SHOP = (
    *("/", "/c/lighting", "/search", "/search?q=lamp", "/search?q=zzz", f"/items/{LAMP.id}"),
    *("/cart", "/wishes", "/account"),
)
PANEL = ("/panel", "/panel/experiment", "/panel/left-out/other_action", "/panel/customers/7", "/beside")
SILENT = ("/panel/customers", "/panel/ledger", "/panel/cost", "/panel/quarantine")
MISSING = ("/no", "/c/no", "/items/no", "/orders/no", "/panel/no", "/panel/clicks/no", "/panel/customers/no")
SECRETS = {one.secret for one in INPUTS.values()} | {CLIENT_SECRET}


@pytest.fixture(scope="module")
def app() -> Asgi:
    return application(PLACES, seed=1, prices=EXAMPLE, sold={LAMP.id: 3})


def page_of(answer: Answer) -> Page:
    assert answer.headers["content-type"].startswith("text/html")
    return read(answer.body)


@pytest.mark.parametrize("path", [*SHOP, *PANEL, *SILENT, *MISSING])
def test_a_page_has_names_for_all_and_no_secret_and_nothing_from_elsewhere(app: Asgi, path: str) -> None:
    answer = ask(app, path)
    assert answer.status == (404 if path in (*SILENT, *MISSING) else 200)
    assert problems(page_of(answer)) == []
    assert [secret for secret in SECRETS if secret in answer.body] == []
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", [*SILENT, *MISSING])
def test_what_is_not_there_is_a_page_in_the_same_look_with_a_way_on(app: Asgi, path: str) -> None:
    found = page_of(ask(app, path))
    panel = path in SILENT or "/clicks/" in path or "/customers/" in path
    assert found.all("nav")[0]["aria-label"] == ("Panel" if panel else "Yours")
    assert ("/panel" if panel else "/") in found.addresses
    assert any(one["href"].startswith("/static/shop.css") for one in found.all("link"))


def test_a_silent_service_is_named_and_the_panel_stays(app: Asgi) -> None:
    assert "No answer from Personalize, mParticle" in ask(app, "/panel").body
    assert "A service does not answer" in ask(app, "/panel/cost").body
    switched = ask(app, "/panel/faults", method="POST", body="on=mparticle-down")
    assert (switched.status, "A service does not answer" in switched.body) == (404, True)


def test_all_that_pages_lead_to_is_there(app: Asgi) -> None:
    """Of the many items and customers, each page's first one."""
    met: dict[str, int] = {}
    waiting = ["/", "/panel", f"/items/{LAMP.id}"]
    while waiting:
        address = waiting.pop().partition("#")[0]
        kind = re.sub(r"(/items/|/pictures/).*", r"\1", address.partition("?")[0])
        if kind in met or not kind or address.startswith("/scripts/"):  # the scripts are only installed by make shop
            continue
        answer = ask(app, address)
        met[kind] = answer.status
        if answer.status == 200 and answer.headers["content-type"].startswith("text/html"):
            waiting += read(answer.body).addresses
    forms = {"/cart/remove", "/orders", "/panel/faults"}  # which are posted to
    assert {kind for kind, status in met.items() if status >= 400} <= {*SILENT, *forms}
    assert {"/account", "/c/desk", "/panel/experiment", "/items/", "/pictures/", "/static/shop.css"} <= met.keys()


def test_a_visitor_without_a_list_learns_why(app: Asgi) -> None:
    assert "No list yet: it comes some seconds after your first click on an item, unless you are in the holdout" in (
        " ".join(ask(app, "/").body.split())
    )


def test_the_script_of_a_page_learns_only_what_it_needs(app: Asgi) -> None:
    script = page_of(ask(app, f"/items/{LAMP.id}")).script
    assert script.keys() == {"key", "mparticle", "mpid", "events"}
    assert [(one["kind"], one["products"][0]["sku"]) for one in script["events"]] == [("view_detail", LAMP.id)]


def test_words_of_a_visitor_are_text_on_the_page(app: Asgi) -> None:
    found = page_of(ask(app, "/search?q=%3Cb%20onclick%3D1%3E%22lamp"))
    assert problems(found) == []
    assert found.all("input")[0]["value"] == '<b onclick=1>"lamp'


def test_a_visitor_without_scripts_can_buy(app: Asgi) -> None:
    cookie = ask(app, "/").headers["set-cookie"].partition(";")[0]
    for path, body in (("/wishes", f"item={LAMP.id}"), ("/cart", f"item={LAMP.id}"), ("/cart", "item=no")):
        assert ask(app, path, method="POST", body=body, cookie=cookie).status == 303
    for path in ("/cart", "/wishes", "/checkout"):
        answer = ask(app, path, cookie=cookie)
        assert (problems(page_of(answer)), LAMP.name in answer.body) == ([], True)
    placed = ask(app, "/orders", method="POST", cookie=cookie).headers["location"]
    thanks = page_of(ask(app, placed, cookie=cookie))
    assert thanks.all("h1")[0].text == "Thank you"
    [event] = [one for one in thanks.script["events"] if one["kind"] == "purchase"]
    assert event["products"][0]["sku"] == LAMP.id
    assert ask(app, placed).status == 404, "it is their order alone"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"sec_fetch_site": "cross-site"}, 403),
        ("POST", {"sec_fetch_site": "same-origin"}, 303),
        ("GET", {"sec_fetch_site": "cross-site"}, 200),
        ("GET", {"host": "shop.example"}, 403),
    ],
)
def test_other_sites_can_send_no_form_and_other_names_of_this_machine_no_request(
    app: Asgi, method: str, headers: dict[str, str], status: int
) -> None:
    assert ask(app, "/cart", method=method, **headers).status == status


def test_the_style_sheet_has_colours_for_light_and_dark(app: Asgi) -> None:
    css = (Path(__file__).parents[2] / "shop/static/shop.css").read_text("utf-8")
    light, dark = (set(re.findall(r"--[a-z-]+(?=: #)", part)) for part in css.split("prefers-color-scheme: dark", 1))
    assert light
    assert light == dark
