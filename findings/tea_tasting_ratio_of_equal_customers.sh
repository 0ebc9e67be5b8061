#!/bin/sh
# tea-tasting ends with "math domain error" where all customers have the same ratio.
#
# Expected: a ratio that is the same for every customer has no variance. The analysis says so, as it does for a mean: an
#           interval of no width, or nan.
# Happens:  the variance by the delta method is a sum of three terms, which rounding can leave just below zero.
#           RatioOfMeans takes its root: ValueError. It depends on the last bit of the numbers whether that happens.
#           In a shop it does in the first days of an experiment, when all bought lines have something in common.
# Tried:    tea-tasting 1.14.0 on Python 3.11.7, 2026-11-28.
# Output:   3 customers in each variant, a fee of 0.1 for each order: ValueError: math domain error
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv --without-pip environment
python3 -m pip --quiet --disable-pip-version-check --python environment/bin/python install \
  tea-tasting==1.14.0 polars==2.1.0 || exit 2

cat >try.py <<'PROGRAM'
import sys
import warnings

import polars as pl
import tea_tasting as tt

warnings.simplefilter("ignore")  # scipy's, of an interval without a width
orders = [0.0, 1.0, 2.0]
customers = pl.DataFrame(
    {"variant": [0] * 3 + [1] * 3, "orders": orders * 2, "fees": [0.1 * number for number in orders] * 2}
)
try:
    found = tt.Experiment(fee=tt.RatioOfMeans("fees", "orders")).analyze(customers)["fee"]
except ValueError as error:
    print(f"3 customers in each variant, a fee of 0.1 for each order: {type(error).__name__}: {error}")
    sys.exit(0)
print(f"an effect of {found.effect_size}, from {found.effect_size_ci_lower} to {found.effect_size_ci_upper}")
sys.exit(1)
PROGRAM
environment/bin/python try.py
