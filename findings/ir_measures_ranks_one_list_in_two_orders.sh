#!/bin/sh
# ir-measures ranks one list in two orders: RR and RR@20 of a list of 20 items differ.
#
# Expected: a cutoff at the end of the list changes nothing, so that RR@20 of 20 items is RR, and AP of one relevant item is both.
# Happens:  RR and AP come from trec_eval, which holds scores in single precision and parts equal ones by item id, descending.
#           RR@20 comes from another program, with double precision. Scores that are seconds since 1970 differ in double
#           precision and are equal in single precision. The one relevant item, which has the highest score, is then the
#           fourth by RR and AP, and the first by RR@20.
# Tried:    ir-measures 0.4.3 with pytrec-eval-terrier 0.5.11 on Python 3.11.7, 2026-11-28.
# Output:   scores are seconds:  RR 0.250, AP 0.250, RR@20 1.000
#           scores are 20 to 1:  RR 1.000, AP 1.000, RR@20 1.000
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv --without-pip environment
python3 -m pip --quiet --disable-pip-version-check --python environment/bin/python install \
  ir-measures==0.4.3 pytrec-eval-terrier==0.5.11 || exit 2

cat >try.py <<'PROGRAM'
import sys

import ir_measures
from ir_measures import AP, RR, Qrel, ScoredDoc

ITEMS = [f"item-{number * 7 % 20:02}" for number in range(8, 28)]  # item-16 is the first, and the relevant one


def values(score):
    run = [ScoredDoc("user", item, score(rank)) for rank, item in enumerate(ITEMS)]
    means = ir_measures.calc_aggregate([RR, AP, RR @ 20], [Qrel("user", ITEMS[0], 1)], run)
    return tuple(means[measure] for measure in (RR, AP, RR @ 20))


seconds, small = values(lambda rank: 1_700_000_000.0 - rank), values(lambda rank: 20.0 - rank)
for label, (rr, ap, rr_at_20) in (("seconds", seconds), ("20 to 1", small)):
    print(f"scores are {label}:  RR {rr:.3f}, AP {ap:.3f}, RR@20 {rr_at_20:.3f}")
if set(small) != {1.0}:
    sys.exit(2)
rr, ap, rr_at_20 = seconds
sys.exit(not (rr == ap < rr_at_20 == 1.0))
PROGRAM
environment/bin/python try.py
