#!/bin/sh
# Powertools for AWS Lambda formats all earlier values of a metric whenever it takes one more, with its debug log off.
#
# Expected: adding a value to a metric costs the same for the first and for the ninetieth; what a debug line needs is
#           made where debug lines are written.
# Happens:  add_metric builds the text of its debug line before it knows whether anybody reads it, and the line holds
#           the metric with all its values. To add 90 values, it formats 4,095 numbers.
# Tried:    aws-lambda-powertools 3.37.0 on Python 3.11.7, 2026-11-27.
# Output:   debug is on: False; the metric was formatted 90 times for 90 values
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv --without-pip environment
python3 -m pip --quiet --disable-pip-version-check --python environment/bin/python install \
  aws-lambda-powertools==3.37.0 || exit 2

cat >try.py <<'PROGRAM'
import logging
import sys
from collections import defaultdict

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

VALUES = 90
formatted = 0


class Metric(defaultdict):
    def __repr__(self):
        global formatted
        formatted += 1
        return super().__repr__()


provider = AmazonCloudWatchEMFProvider(metric_set={"Lag": Metric(list)}, namespace="Shop", service="ingest")
for value in range(VALUES):
    provider.add_metric("Lag", "Milliseconds", float(value))

module = logging.getLogger("aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch")
print(f"debug is on: {module.isEnabledFor(logging.DEBUG)}; the metric was formatted {formatted} times for {VALUES} values")
sys.exit(formatted != VALUES)
PROGRAM
environment/bin/python try.py
