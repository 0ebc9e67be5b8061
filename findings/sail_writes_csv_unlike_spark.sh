#!/bin/sh
# Sail, a server of Spark Connect, writes other CSV than Spark from the same program.
#
# Expected: Sail calls itself a drop-in replacement for Spark. A DataFrame that is written with Spark's defaults comes out
#           as Spark writes it: a quote within quotes is escaped by a backslash (option `escape`), blanks at both ends of
#           a text are taken away (options `ignoreLeadingWhiteSpace`, `ignoreTrailingWhiteSpace`), and an empty text is
#           "" (option `emptyValue`). https://spark.apache.org/docs/latest/sql-data-sources-csv.html
# Happens:  Sail doubles the quote, keeps the blanks, and leaves an empty text out, so that it reads as null. A file that
#           one of them wrote and the other reads has other values, without an error.
# Tried:    Sail (pysail) 0.7.2 with pyspark-client 4.0.1, on Python 3.11.7, 2026-11-28. Spark 4.0.1 itself, on OpenJDK
#           17, wrote Spark's line from the same program on that day.
# Output:   Spark writes '1,"a 3\\" shelf, white"\n2,two blanks\n3,""\n'
#           Sail writes  '1,"a 3"" shelf, white"\n2,  two blanks  \n3,\n'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv --without-pip environment
python3 -m pip --quiet --disable-pip-version-check --python environment/bin/python install \
  pysail==0.7.2 pyspark-client==4.0.1 pandas==2.3.3 pyarrow==26.0.1 || exit 2

cat >try.py <<'PROGRAM'
import sys
from pathlib import Path

from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
spark = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").getOrCreate()
rows = [(1, 'a 3" shelf, white'), (2, "  two blanks  "), (3, "")]
spark.createDataFrame(rows, "number int, title string").coalesce(1).write.csv(str(Path("out").absolute()))
spark.stop()
written = "".join(sorted(path.read_text() for path in Path("out").rglob("*.csv")))
by_spark = '1,"a 3\\" shelf, white"\n2,two blanks\n3,""\n'
print(f"Spark writes {by_spark!r}\nSail writes  {written!r}")
sys.exit(written == by_spark)
PROGRAM
environment/bin/python -W ignore try.py
