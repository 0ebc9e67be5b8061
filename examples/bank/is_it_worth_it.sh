#!/bin/sh
# Is Personalize worth it? From a bank's own table to a verdict, on this machine: the commands of docs/evaluation.md on
# a made-up bank. Uses the ./broker serve that is running, else one of its own. All it makes is in a new folder, worth/.
set -eu

service=
finish() {
    status=$?
    { set +x; } 2>/dev/null
    trap - EXIT
    if [ -n "$service" ]; then
        kill "$service" 2>/dev/null || true
        wait "$service" || true
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

serve() { # returns once it is ready
    mkfifo worth/serve.out
    ./broker serve --only personalize >worth/serve.out 2>worth/serve.log &
    service=$!
    while read -r line; do
        if [ "$line" = "# ready" ]; then return; fi
    done <worth/serve.out
    cat worth/serve.log >&2
    exit 1
}

cd -- "$(dirname -- "$0")/../.."
if ! mkdir worth; then
    echo "remove it, or give it another name: nothing of an earlier run is used" >&2
    exit 2
fi
make --silent setup
.venv/bin/python examples/bank/made_up.py >worth/bank.csv
if ! PYTHONPATH=.:lambda_src .venv/bin/python -c 'from cli import local_env; raise SystemExit(not local_env.running())'
then
    serve
fi
. ./.local.env # whatever else the environment says: to the local Personalize, and to nothing else
PS4='
== ' # each command goes before what it prints
set -x

# As docs/evaluation.md shows them:
./broker prepare ownership worth/bank.csv --out worth/bank --user CUSTOMER --month MONTH --product 'HAS_*' \
    --changes --gaps break --initial-holdings --null-value NA --attribute OCCUPATION --attribute AGE --attribute BRANCH --impute AGE=median
./broker features worth/bank/interactions.csv worth/bank/users.csv --target acquired \
    --top 1 --schema worth/chosen.avsc --plot worth/features.svg
./broker evaluate split worth/bank/interactions.csv --out worth/split --at 2025-07-01 --target acquired
./broker backfill --name bank worth/split/train.csv
./broker backfill --name bank worth/bank/users.csv --dataset users --schema worth/chosen.avsc
./broker train --name bank
./broker filter --name bank new-only 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("owned", "acquired")'
./broker batch --name bank worth/split/batch_users.json --filter new-only --out worth/personalize.out
./broker evaluate worth/split --task new-items --recommendations local-personalize=worth/personalize.out \
    --html worth/report.html
./broker evaluate worth/split --task new-items --recommendations local-personalize=worth/personalize.out \
    --no-tuning --name bank --campaign arn:aws:personalize:us-east-1:123456789012:campaign/bank --filter new-only
