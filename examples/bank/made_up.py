"""A made-up bank, as a bank's own table: a row a customer and month, a 0/1 column a product. Always the same.

What a customer takes next follows from the occupation, and from what was taken before; age and branch are chance.
Months are missing now and then, as are ages.
"""

import csv
import sys
from itertools import chain, pairwise
from random import Random

CUSTOMERS = 2_000
MONTHS = [f"2025-{month:02}" for month in range(1, 8)]
LIKED = {
    "student": ("CARD", "STUDENT_LOAN", "TRAVEL_COVER"),
    "employed": ("PAYROLL", "MORTGAGE", "PENSION_PLAN"),
    "self-employed": ("BUSINESS_ACCOUNT", "TERMINAL", "LIABILITY_COVER"),
    "retired": ("DEPOSIT", "FUNDS", "WILL"),
}
PRODUCTS = ("ACCOUNT", "SAVINGS", "SAFE", *chain.from_iterable(LIKED.values()))
AFTER = {before: after for liked in LIKED.values() for before, after in pairwise(liked)} | {"ACCOUNT": "SAVINGS"}
HEADER = ["CUSTOMER", "MONTH", "OCCUPATION", "AGE", "BRANCH", *(f"HAS_{product}" for product in PRODUCTS)]


def main() -> None:
    """Write the table to standard output."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEADER)
    random = Random(1)  # noqa: S311 - always the same, no secret
    for number in range(CUSTOMERS):
        out.writerows(_months(random, f"C{number:05}"))


def _months(random: Random, customer: str) -> list[list[object]]:
    occupation = random.choice(list(LIKED))
    age = "NA" if random.random() < 0.05 else random.randint(18, 90)
    about = [occupation, age, f"branch {random.randint(1, 6)}"]
    owned = ["ACCOUNT"] if random.random() < 0.8 else []
    rows: list[list[object]] = []
    for month in MONTHS:
        owned = _a_month_later(random, owned, LIKED[occupation])
        if random.random() > 0.01:
            rows.append([customer, month, *about, *(int(product in owned) for product in PRODUCTS)])
    return rows


def _a_month_later(random: Random, owned: list[str], liked: tuple[str, ...]) -> list[str]:
    """Return what is owned then, in the order in which it was taken: now and then one is given up, or taken."""
    kept = [product for product in owned if random.random() > 0.005]
    if random.random() > 0.35:
        return kept
    chance = random.random()
    following = AFTER.get(kept[-1]) if kept else None
    wanted = following if following and chance < 0.3 else random.choice(liked if chance < 0.8 else PRODUCTS)
    return kept if wanted in kept else [*kept, wanted]


if __name__ == "__main__":
    main()
