#!/bin/sh
# The AWS CLI v1 ignores AWS_ENDPOINT_URL for `aws sqs`, and calls AWS instead.
#
# Expected: a call of any service goes to AWS_ENDPOINT_URL (docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
# Happens:  `aws kinesis` does so. `aws sqs` goes to queue.amazonaws.com, as if the variable was not set, and so it does with
#           AWS_ENDPOINT_URL_SQS. The option --endpoint-url works. Known: github.com/aws/aws-cli/issues/8737.
# Tried:    awscli 1.45.11 on Python 3.11, 2026-11-27.
# Output:   aws kinesis                     http://127.0.0.1:9/
#           aws sqs                         https://queue.amazonaws.com/
#           aws sqs, AWS_ENDPOINT_URL_SQS   https://queue.amazonaws.com/
#           aws sqs --endpoint-url          http://127.0.0.1:9/
#
# Nothing leaves this machine: the proxy for https is a closed port of it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

{ python3 -m venv "$folder/env" && "$folder/env/bin/pip" install --quiet awscli==1.45.11; } || exit 2

# Print the URL that `aws "$@"` sends its request to.
called() {
  env -i PATH="$PATH" HOME="$folder" AWS_ACCESS_KEY_ID=dummy AWS_SECRET_ACCESS_KEY=dummy AWS_DEFAULT_REGION=us-east-1 \
    AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9 ${extra:-} \
    "$folder/env/bin/aws" "$@" --debug 2>&1 | sed -n 's/.*Sending http request: .*url=\([^,]*\),.*/\1/p' | head -1
}

kinesis=$(called kinesis list-streams)
sqs=$(called sqs list-queues)
service=$(extra=AWS_ENDPOINT_URL_SQS=http://127.0.0.1:9 called sqs list-queues)
option=$(called sqs list-queues --endpoint-url http://127.0.0.1:9)

printf '%-31s %s\n' "aws kinesis" "$kinesis" "aws sqs" "$sqs" "aws sqs, AWS_ENDPOINT_URL_SQS" "$service" \
  "aws sqs --endpoint-url" "$option"
[ "$kinesis $option" = "http://127.0.0.1:9/ http://127.0.0.1:9/" ] || exit 2
[ "$sqs $service" = "https://queue.amazonaws.com/ https://queue.amazonaws.com/" ]
