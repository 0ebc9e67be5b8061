"""A batch inference job: users in, lists out, both as JSON lines.

https://docs.aws.amazon.com/personalize/latest/dg/batch-data-upload.html
https://docs.aws.amazon.com/personalize/latest/dg/filter-batch.html
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lifecycle import resource_types
from lifecycle.bucket import BATCH, BATCH_OUTPUT, Bucket
from lifecycle.resources import Resources

INPUT = "users.json"
# Not the vertical bar: it is common in ids, such as auth0|7.
BETWEEN_COLUMNS = ",;\t"
NAMES = frozenset({"userid", "user_id", "user", "users"})
ARRAY = re.compile(r'\s*\[\s*([\[{"\]]|-?[0-9]|$)')


@dataclass(frozen=True)
class Job:
    """The request: a solution version, at most ``limit`` items per user, perhaps a filter, a campaign's ``config``."""

    name: str
    version_arn: str
    limit: int
    filter_arn: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Requests:
    """What a file asks for: each request once, under the number of its line, and the lines that are wrong, and why."""

    by_line: Mapping[int, Mapping[str, Any]]
    wrong: Mapping[int, str]

    def with_values(self, values: Mapping[str, str]) -> "Requests":
        """Return the same with values of the filter's parameters; a line's own go before them."""
        if not values:
            return self
        given = {
            number: {**request, "filterValues": {**values, **request.get("filterValues", {})}}
            for number, request in self.by_line.items()
        }
        return replace(self, by_line=given)

    def __len__(self) -> int:
        """Return how many answers are wanted."""
        return len(self.by_line) + len(self.wrong)

    @property
    def noun(self) -> str:
        """Return what is counted: a user may have several lines, with other values each."""
        return (
            "users" if len({request["userId"] for request in self.by_line.values()}) == len(self.by_line) else "lines"
        )

    @property
    def input_text(self) -> str:
        """Return the job's input."""
        return "".join(f"{json.dumps(request)}\n" for request in self.by_line.values())


def parse_requests(lines: Sequence[str]) -> Requests:
    """Return the requests of a file: one id per line (a first line ``USER_ID`` is a header), or JSON lines.

    A line of JSON has ``userId`` and perhaps ``filterValues``, as the job takes them. A wrong one is kept apart. An id
    may be in quotes; a line of several columns is not an id. Raises ValueError, which names the line, for a file of
    another form.
    """
    texts = [line.strip().lstrip("\ufeff") for line in lines]
    if ARRAY.match("\n".join(texts)):
        raise ValueError('is a JSON array: give JSON lines, one {"userId": "…"} a line, or one id a line')
    as_json = next((text for text in texts if text), "").startswith("{")
    requests: dict[str, tuple[int, Mapping[str, Any]]] = {}
    wrong = {}
    for number, text in enumerate(texts, 1):
        try:
            request = _request_of(text, number, as_json=as_json)
        except BadLine as error:
            wrong[number] = str(error)
        else:
            if request:
                requests.setdefault(json.dumps(request, sort_keys=True), (number, request))
    return Requests(dict(requests.values()), wrong)


def parse_users(lines: Sequence[str]) -> list[str]:
    """Return the users of such a file, each once, in order. Raises ValueError, which names the line."""
    requests = parse_requests(lines)
    for number, problem in requests.wrong.items():
        raise ValueError(f"line {number}: {problem}")
    return list(dict.fromkeys(request["userId"] for request in requests.by_line.values()))


class BadLine(Exception):
    """A line of JSON that is no request."""


def _request_of(text: str, number: int, *, as_json: bool) -> Mapping[str, Any] | None:
    if text.startswith("{") or (as_json and text):
        return _checked(text)
    user = _id(text, number)
    return None if not user or (number == 1 and user.lower() in NAMES) else {"userId": user}


def _checked(text: str) -> Mapping[str, Any]:
    try:
        request = json.loads(text)
        user, values = request["userId"], request.get("filterValues", {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadLine('no JSON object with a "userId"') from None
    if not isinstance(user, str) or not user:
        raise BadLine('"userId" must be text')
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise BadLine(r""""filterValues" must be an object of texts, as in {"PRICE": "3.5", "GENRE": "\"a\",\"b\""}""")
    return request  # type: ignore[no-any-return]


def _id(text: str, number: int) -> str | None:
    quoted = text.startswith('"') and text.endswith('"')
    fields = next(csv.reader([text]), []) if quoted else [text]
    if len(fields) > 1 or (not quoted and any(letter in text for letter in BETWEEN_COLUMNS)):
        raise ValueError(f"line {number} has several columns: give a file of user ids alone, one a line")
    return fields[0] if fields else None


def run(resources: Resources, bucket: Bucket, job: Job, users: Path) -> None:
    """Upload the input, create the job unless one of its name exists, and wait for it. Raises CreationFailed."""
    scope = {"solutionVersionArn": job.version_arn}
    job_arn = resources.find(resource_types.BATCH_JOB, job.name, **scope)
    if not job_arn:
        key = f"{BATCH}/input/{job.name}/{INPUT}"
        bucket.upload(users, key)
        job_arn = resources.create(resource_types.BATCH_JOB, _request(job, bucket, key))
    resources.wait(resource_types.BATCH_JOB, job_arn)


def _request(job: Job, bucket: Bucket, key: str) -> dict[str, Any]:
    request = {
        "jobName": job.name,
        "solutionVersionArn": job.version_arn,
        "numResults": job.limit,
        "jobInput": {"s3DataSource": {"path": bucket.url(key)}},
        "jobOutput": {"s3DataDestination": {"path": bucket.url(_output(job))}},
        "roleArn": bucket.role_arn,
    }
    request |= {"filterArn": job.filter_arn} if job.filter_arn else {}
    return request | ({"batchInferenceJobConfig": dict(job.config)} if job.config else {})


def _output(job: Job) -> str:
    return f"{BATCH_OUTPUT}/{job.name}/"


def download(bucket: Bucket, job: Job, folder: Path) -> Path:
    """Fetch the answers as one file of JSON lines in ``folder``. Raises FileNotFoundError."""
    keys = [key for key in bucket.keys(_output(job)) if key.endswith(f"{INPUT}.out")]
    if not keys:
        raise FileNotFoundError(f"the job is done, but there is no {bucket.url(_output(job))}{INPUT}.out")
    path = folder / f"{INPUT}.out"
    bucket.s3.download_file(bucket.name, keys[0], str(path))
    return path


def answers(requests: Requests, output: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield ``{"line", "user", "items", "scores", "error"}`` for each line of the output, then for what has no answer.

    ``line``: the request's in the file; None for a user that it does not name.
    """
    open_lines: dict[str, list[int]] = defaultdict(list)
    for number, request in requests.by_line.items():
        open_lines[request["userId"]].append(number)
    for text in output:
        document = json.loads(text)
        asked, answered = document.get("input") or {}, document.get("output") or {}
        user = asked.get("userId")
        items, scores = answered.get("recommendedItems", []), answered.get("scores", [])
        line = _taken(open_lines[user], requests, asked) if user else None
        # The local service names the line of the job's input, which is not the file's.
        error = re.sub(r"^line [0-9]+: ", "", document.get("error") or "") or None
        yield {"line": line, "user": user, "items": items, "scores": scores, "error": error}
    for number, problem in sorted(requests.wrong.items()):
        yield _unanswered(number, None, problem)
    for user, numbers in open_lines.items():
        yield from (_unanswered(number, user, "Personalize gave no answer") for number in numbers)


def _taken(numbers: list[int], requests: Requests, asked: Mapping[str, Any]) -> int | None:
    """Take from a user's lines the one that was asked: the same user may be asked for with several values."""
    values = asked.get("filterValues")
    same = [number for number in numbers if requests.by_line[number].get("filterValues") == values]
    number = next(iter(same or numbers), None)
    if number is not None:
        numbers.remove(number)
    return number


def _unanswered(line: int, user: str | None, problem: str) -> Mapping[str, Any]:
    return {"line": line, "user": user, "items": [], "scores": [], "error": problem}
