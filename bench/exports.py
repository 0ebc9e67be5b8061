"""Made-up exports of mParticle: batches in JSON, one a line, among them every sample of ``events/`` and other traps.

``python -m bench.exports FOLDER --megabytes 200 --files 8``: the same files each time.
"""

import argparse
import base64
import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).resolve().parents[1] / "events"
START_MS = 1_700_000_000_000  # November 2023
YEAR_MS = 365 * 86_400_000
ACTIONS = ("view_detail",) * 6 + ("add_to_cart", "add_to_wishlist", "purchase", "checkout")
A_TRAP = 200  # lines from one trap to the next
BREAKS = ",", '"', "\r", "\n", "\r\n", " ", "\u2028", "\u00e9", "\U0001f600", "'", "\\", "\t"
NUMBERS = (
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "-9223372036854775808", "1e400", "NaN"),
    *("-0", "17850.0", "5E3", "1.5", "5.103277684950219e+18", '"5.10E+18"', '"17850.0"', "Infinity", "true", "[1]"),
)
NO_SALE = '{"data_sale_opt_out":{"consented":true}}'
ITEMS = (
    *("", " ", "\0", "x" * 257, "5.04E+18", "undefined", "null", "NaN", "None", "[object Object]", "a|b", "=1+1"),
    *('12" pan', "0012", "1,5"),
)


def lines(seed: int, trap_every: int = A_TRAP) -> Iterator[bytes]:
    """Yield lines of an export without end; each ``trap_every``-th is one that programs stumble over."""
    draw = random.Random(seed)  # noqa: S311 - made-up data
    all_traps = traps()
    number = seed * len(all_traps) // 2
    while True:
        for _ in range(trap_every - 1):
            yield json.dumps(batch(draw), ensure_ascii=False, separators=(",", ":")).encode()
        yield all_traps[number % len(all_traps)]
        number += 1


def write(path: Path, size: int, seed: int, trap_every: int = A_TRAP) -> None:
    """Write an export of about ``size`` bytes, packed where its name ends in ``.gz``."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, 0) if path.suffix == ".gz" else raw as file:
        for line in lines(seed, trap_every):
            size -= file.write(line + b"\n")
            if size <= 0:
                return


def batch(draw: random.Random) -> dict[str, Any]:
    """Return a batch such as a shop's app makes: a visit's events, and what mParticle adds."""
    user, time_ms = draw.randrange(1, 200_000), START_MS + draw.randrange(YEAR_MS)
    events = [_event(draw, time_ms + 1_000 * number) for number in range(draw.choice((1, 1, 2, 3, 5)))]
    return {
        "events": events,
        "message_id": f"{draw.getrandbits(128):032x}",
        "message_type": "events",
        "schema_version": 1,
        "timestamp_unixtime_ms": time_ms + 60_000,
        "batch_id": draw.getrandbits(63),
        "mpid": user * 46_116_860_184_273 - 2**62,
        "environment": "production",
        "user_identities": [{"identity_type": "customer_id", "identity": f"customer-{user}"}],
        "user_attributes": {"$FirstName": "Ann\u00e9", "$City": "Z\u00fcrich", "tier": draw.choice("abc")},
        "consent_state": {"gdpr": {"ads": {"consented": True, "timestamp_unixtime_ms": time_ms}}, "ccpa": None},
        "source_info": {"channel": "native", "partner": None, "is_historical": False},
        "application_info": {"application_name": "Items4U", "application_version": "3.2.0"},
        "device_info": {"platform": "iOS", "os_version": "18.1", "device_model": "iPhone15,2", "locale": "de-CH"},
    }


def _event(draw: random.Random, time_ms: int) -> dict[str, Any]:
    action = draw.choice(ACTIONS)
    data = {
        "product_action": {"action": action, "products": [_product(draw) for _ in range(draw.choice((1, 1, 1, 3)))]},
        "currency_code": "EUR",
        "event_name": f"eCommerce - {action}",
        "event_id": str(draw.getrandbits(60)),
        "session_id": str(draw.getrandbits(60)),
        "session_uuid": f"{draw.getrandbits(128):032X}",
        "timestamp_unixtime_ms": str(time_ms),
        "custom_attributes": None,
    }
    if draw.random() < 0.2:
        return {"event_type": "screen_view", "data": {**data, "product_action": None, "screen_name": "Home"}}
    return {"event_type": "commerce_event", "data": data}


def _product(draw: random.Random) -> dict[str, Any]:
    number, price = int(draw.paretovariate(0.7)) % 50_000, draw.randrange(100, 20_000) / 100
    return {
        "id": f"sku-{number:05}",
        "name": f"Item number {number}",
        "category": f"category-{number % 97}",
        "price": price,
        "quantity": 1,
        "total_product_amount": price,
    }


def traps() -> list[bytes]:
    """Return lines that programs stumble over: every sample of ``events/``, and what no sample holds."""
    samples = [_one_line(path.read_bytes()) for path in sorted(EVENTS.glob("*.*json"))]
    good = json.dumps(batch(random.Random(1)), separators=(",", ":"))  # noqa: S311 - made-up data
    texts = [
        *(_with_item(f"item{text}end") for text in BREAKS),
        *(_with_item(text) for text in ITEMS),
        *(_with_mpid(number) for number in NUMBERS),
        *(
            _with_time(time)
            for time in ("1700000000", "1700000000000000", "1700000000000000000", "45000.5", '""', "-1")
        ),
        '{"mpid":1,' + good[1:],  # a name twice
        good.replace('"consented":true', '"consented":true,"consented":false'),
        good.replace('"consented":true', '"consented":true,"\\u0063onsented":false'),
        good.replace("consent_state", "consent\\u005fstate"),
        good.replace('"gdpr":{', '"gdpr":null,"other":{').replace('"ccpa":null', f'"ccpa":{NO_SALE}'),
        _with_products({"id": "not-in-a-list", "price": 1}),
        _with_products([{"id": "a", "price": -2.5}, {"id": 7}, {"id": 5.04e18}, {"id": ["b"]}, None, "c", {}]),
        '[{"userId":"c00"},{"userId":"c01"}]',
        '{"eventid":351939524822094000,"mparticleuserid":-5045766802590845105}',
        "user,item,1700000000",
        base64.b64encode(good.encode()).decode(),
        base64.b64encode(gzip.compress(good.encode(), mtime=0)).decode(),
        good + good,
        f"{good} {good}",
        f"[{good},{good}]",
        good[:-20],
        good[:-20] + good,
        "\ufeff" + good,
        good + "\r",
        "",
        "  ",
        "[]",
        '"text"',
        "[" * 1_100,
        '{"a":' * 1_500 + "1" + "}" * 1_500,
        _with_item("\ud800"),
    ]
    packed = gzip.compress(b'{"mpid":3}', mtime=0).replace(b"\n", b"")
    latin = good.replace("Ann", "Jos\u00e9").encode("latin-1")
    return [*samples, *(text.encode("utf-8", "surrogatepass") for text in texts), b"\xff\xfe{}", latin, packed]


def _one_line(data: bytes) -> bytes:
    return data.strip().replace(b"\n", b" ")


def _with_item(item: str) -> str:
    text = json.dumps(batch(random.Random(2)), ensure_ascii=len(item) % 2 == 0)  # noqa: S311 - made-up data
    document = json.loads(text)
    document["events"][0] = _purchase([{"id": item}])
    return json.dumps(document)


def _with_products(products: object) -> str:
    return json.dumps({**json.loads(_with_item("of-products")), "events": [_purchase(products)]})


def _purchase(products: object) -> dict[str, Any]:
    event = _event(random.Random(3), START_MS)  # noqa: S311 - made-up data
    event["data"]["product_action"] = {"action": "purchase", "products": products}
    return event


def _with_mpid(number: str) -> str:
    return json.dumps({**json.loads(_with_item("of-a-number")), "mpid": "MPID"}).replace('"MPID"', number)


def _with_time(time: str) -> str:
    document = json.loads(_with_item("of-a-time"))
    for event in document["events"]:
        event["data"]["timestamp_unixtime_ms"] = "TIME"
    return json.dumps(document).replace('"TIME"', time)


def main() -> None:
    """Write the files that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--trap-every", type=int, default=A_TRAP)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, asked.files + 1):
        size = int(asked.megabytes * 1_000_000 / asked.files)
        write(asked.folder / f"export-{number:03}.jsonl", size, number, asked.trap_every)


if __name__ == "__main__":
    main()
