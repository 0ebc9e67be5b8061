#!/bin/sh
# Writes golden_values.json anew: what other packages say of the same looks. Each runs in an environment of its own,
# which is removed at the end, since none of them can be installed beside ours (gbstats pins numpy below 2).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

golden() {
  name=$1
  shift
  python3 -m venv --without-pip "$folder/$name"
  python3 -m pip --quiet --disable-pip-version-check --python "$folder/$name/bin/python" install "$@"
  "$folder/$name/bin/python" -W ignore "$here/$name.py" >"$folder/$name.json"
}

golden spotify spotify-confidence==4.1.0
golden gbstats gbstats==0.8.0
golden savvi savvi==0.3.1 matplotlib  # which savvi imports and does not name
python3 - "$folder" <<'PROGRAM' >"$here/golden_values.json"
import json, pathlib, sys

folder = pathlib.Path(sys.argv[1])
print(json.dumps({name: json.loads((folder / f"{name}.json").read_text()) for name in ("spotify", "gbstats", "savvi")}, indent=1))
PROGRAM
