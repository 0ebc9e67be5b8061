"""What the shop decides without a service: search, carts, what a page reports, pictures, and why an item is listed."""

import json
import xml.dom.minidom
from typing import Any

import pytest

from local_stack.items4u.catalogue import CATEGORIES, catalogue
from shop import events
from shop.goods import Goods
from shop.pages import Pages, for_script, seconds
from shop.pictures import PALETTES, picture
from shop.places import VARIABLES, Places
from shop.profiles import Profiles, RecommendationList
from shop.visits import KEPT, MOST_LINES, MOST_QUANTITY, Visits
from shop.why import reasons

ITEMS = catalogue(1)
GOODS = Goods(ITEMS)
LAMP = next(item for item in ITEMS if item.name.endswith("Desk Lamp"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lamp", lambda item: "lamp" in item.name.casefold()),
        ("NORDIC lamp", lambda item: item.style == "nordic" and "lamp" in item.name.casefold()),
        ("hazel farm", lambda item: item.brand == "Hazel Farm"),
    ],
)
def test_a_search_finds_all_items_that_have_all_words(text: str, expected: Any) -> None:
    found = GOODS.search(text)
    assert found
    assert set(found) == {item for item in ITEMS if expected(item)}


def test_a_search_for_words_of_names_shows_these_first_and_nonsense_finds_nothing() -> None:
    assert "lamp" in GOODS.search("lamp")[0].name.casefold()
    assert GOODS.search("no such thing") == []


def test_best_sellers_are_what_was_sold_and_unknown_items_are_passed_over() -> None:
    assert GOODS.best_sellers({LAMP.id: 3, ITEMS[5].id: 9, "gone": 99}, 2) == [ITEMS[5], LAMP]
    assert GOODS.known(["gone", LAMP.id]) == [LAMP]


def test_every_item_has_a_picture_of_its_own_thing_in_the_colours_of_its_style() -> None:
    for item in ITEMS:
        drawn = picture(item)
        xml.dom.minidom.parseString(drawn)  # noqa: S318 - our own
        assert PALETTES[item.style].thing in drawn
    assert {item.category for item in ITEMS} == set(CATEGORIES)
    assert len({picture(item) for item in ITEMS if item.category == "toys"}) > 12


def test_what_a_visitor_did_is_reported_once_by_the_next_page() -> None:
    visit = Visits().of(None)
    visit.report(events.action("add_to_cart", [LAMP]))
    [reported] = visit.to_report()
    assert (reported["kind"], reported["products"][0]["sku"]) == ("add_to_cart", LAMP.id)
    assert visit.to_report() == []


def test_an_order_empties_the_cart_and_its_event_has_each_line_with_its_quantity() -> None:
    visit = Visits().of(None)
    for _ in range(2):
        visit.put(LAMP.id)
    number, placed = visit.order()
    assert (placed, visit.cart) == ({LAMP.id: 2}, {})
    event = events.purchase([(LAMP, 2)], number)
    assert event["transaction"] == {"Id": number, "Revenue": round(2 * LAMP.price, 2), "Affiliation": "web"}
    assert event["products"][0]["quantity"] == 2


def test_an_event_has_the_id_of_a_list_only_if_it_comes_from_one() -> None:
    assert events.from_list("RID-1") == {"product_recs_id": "RID-1"}
    assert events.from_list(None) == events.from_list("") == {}
    shown = events.impression([LAMP], "RID-1")
    assert (shown["list"], shown["products"][0]["position"]) == (events.SLOT, 1)


def test_carts_and_the_number_of_visits_are_bounded() -> None:
    visits = Visits()
    first = visits.of(None)
    for number in range(2 * MOST_LINES):
        first.put(str(number))
    for _ in range(2 * MOST_QUANTITY):
        first.put("0")
    assert (len(first.cart), first.cart["0"]) == (MOST_LINES, MOST_QUANTITY)
    for _ in range(KEPT):
        visits.of(None)
    assert visits.of(first.id) is not first


def test_somebody_else_at_the_same_browser_sees_nothing_of_the_person_before() -> None:
    visits = Visits()
    visit = visits.of(None)
    visit.mpid, visit.customer_id = "1", "I4U-1"
    visit.put(LAMP.id)
    visit.wish(LAMP.id)
    visit.report(events.action("add_to_cart", [LAMP]))
    visit.is_somebody_else()
    assert visits.of(visit.id) is visit
    assert (visit.mpid, visit.customer_id, visit.cart, visit.wishes, visit.to_report()) == (None, None, {}, {}, [])


def test_reasons_are_the_terms_as_shares_the_largest_first_and_name_the_clicks() -> None:
    names = {"A": "Neon Lamp", "B": "Teak Lamp", "C": "Coral Lamp"}
    terms = {"similar": 0.3, "again": 0.0, "popular": 0.1, "because": {"A": 0.6, "B": 0.3, "C": 0.1}}
    found = reasons(terms, names.get)
    assert [(one.kind, round(one.share, 2)) for one in found] == [("similar", 0.75), ("popular", 0.25)]
    assert found[0].words == "goes with Neon Lamp, Teak Lamp and 1 more"
    assert reasons(None, names.get) == reasons({"similar": 0, "again": 0, "popular": 0, "because": {}}, names.get) == []


def test_a_new_item_is_listed_because_it_is_like_the_clicks() -> None:
    terms = {"similar": 0.0, "again": 0.0, "popular": 0.01, "follows": 0.0, "fits": 0.09, "because": {}}
    found = reasons(terms, {}.get)
    assert [(one.kind, round(one.share, 2)) for one in found] == [("fits", 0.9), ("popular", 0.1)]
    assert found[0].words == "is like what you clicked"


def test_what_a_script_reads_cannot_end_its_element() -> None:
    written = for_script({"name": "</script><b>&"})
    assert "<" not in written
    assert json.loads(written) == {"name": "</script><b>&"}


@pytest.mark.parametrize(("amount", "words"), [(0.14, "0.1 s"), (75, "75 s"), (600, "10 min"), (9000, "2 h")])
def test_time_spans_are_short(amount: float, words: str) -> None:
    assert seconds(amount) == words


def test_all_templates_can_be_read() -> None:
    pages = Pages()
    names = [path.name for path in (pages.folder).glob("*.html")]
    assert len(names) > 15
    for name in names:
        pages.template(name)


def test_the_campaign_of_a_list_is_that_of_its_variant() -> None:
    values = dict.fromkeys(VARIABLES.values(), "arn:x/items4u") | {"VARIANT_CAMPAIGNS": '{"popular": "arn:x/popular"}'}
    profiles = Profiles(Places.from_variables(values))
    for variant, campaign in (("popular", "popular"), ("control", "items4u"), (None, "items4u")):
        assert profiles.campaign(RecommendationList("RID-1", ("LAMP",), variant)) == campaign


def test_places_name_all_that_is_missing_at_once() -> None:
    with pytest.raises(ValueError, match=r"missing: AWS_ENDPOINT_URL, .*QUARANTINE_BUCKET"):
        Places.from_variables({"MPARTICLE_URL": "u", "AWS_ENDPOINT_URL_PERSONALIZE": "u"})
    assert Places.from_variables(dict.fromkeys(VARIABLES.values(), "arn:x/items4u")).campaign == "items4u"
