"""The mutations: which line of the table, what is taken out, and where. ``old`` stands exactly once in its file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One change of one file below ``lambda_src/broker``; ``line`` is the table's."""

    line: str
    what: str
    file: str
    old: str
    new: str


UNREADABLE = "undecodable record, no mParticle batch, exception over one record"
REFUSED = "400 InvalidInput: halve, quarantine the bad event, deliver the rest"
BREAKER = "… for most, or with nothing accepted: the configuration is wrong"
THROTTLED = "throttled, 5xx, timeout"
MISCONFIGURED = "tracker or permission wrong"
NOT_WRITABLE = "quarantine or queue not writable"
TIME = "time nearly up"
OUTAGE = "mParticle 429, 5xx, network"
KEY = "mParticle 401, 403"
BAD_PROFILE = "mParticle 400 and other 4xx"
KILLED = "function killed anywhere"

MUTATIONS = (
    Mutation(
        UNREADABLE,
        "what cannot be read is dropped",
        "intake.py",
        "    intake.bad += [(record, row) for row in bad.values()]\n",
        "",
    ),
    Mutation(
        UNREADABLE,
        "an exception over one record drops it",
        "intake.py",
        'intake.bad.append((record, record.row("0", "exception", type(error).__name__)))',
        'counts.add("Exceptions", 1, type(error).__name__)',
    ),
    Mutation(
        UNREADABLE,
        "an exception over one record fails the invocation",
        "intake.py",
        "        except Exception as error:\n            intake.bad",
        "        except ZeroDivisionError as error:\n            intake.bad",
    ),
    Mutation(
        REFUSED,
        "a refused request is not halved",
        "delivery.py",
        "        elif len(request) == 1:\n            self._reject(request[0], failure)\n",
        "        elif request:\n            for part in request:\n                self._reject(part, failure)\n",
    ),
    Mutation(
        REFUSED,
        "a refused event is dropped",
        "ingest.py",
        "            if line.interaction.event_id in refused\n",
        "            if line.interaction.event_id in ()\n",
    ),
    Mutation(BREAKER, "no breaker", "delivery.py", "        if not self._proven:\n", "        if not self:\n"),
    Mutation(
        BREAKER,
        "no proof where anything was accepted",
        "delivery.py",
        "        if not rejected:\n            return\n",
        "        if not rejected or accepted:\n            return\n",
    ),
    Mutation(
        BREAKER,
        "refused once is refused for good",
        "delivery.py",
        "    _each(pool, delivery.send_alone, delivery.take_rejected())\n",
        "",
    ),
    Mutation(
        BREAKER,
        "any event is proof enough for most",
        "ingest.py",
        "(mostly and not kinds <= set(self._known_good))",
        "not kinds",
    ),
    Mutation(THROTTLED, "no second try", "personalize.py", "Retry(attempts=4", "Retry(attempts=1"),
    Mutation(
        THROTTLED,
        "further requests start while throttled",
        "delivery.py",
        "if not isinstance(failure, Unavailable) or failure.throttled:",
        "if not isinstance(failure, Unavailable):",
    ),
    Mutation(
        THROTTLED,
        "records of a failed request are not reported",
        "ingest.py",
        "for line in intake.lines if line.interaction.event_id in waiting}",
        "for line in intake.lines if not line}",
    ),
    Mutation(
        THROTTLED,
        "accepted ids are not remembered",
        "ingest.py",
        " if one.event_id not in self._accepted]",
        "]",
    ),
    Mutation(THROTTLED, "no jitter", "failures.py", "time.jitter() * min(", "1.0 * min("),
    Mutation(
        MISCONFIGURED,
        "a wrong permission is taken for an outage",
        "failures.py",
        "return Rejected(message) if code in REJECTED else Misconfigured(message)",
        "return Rejected(message) if code in REJECTED else Unavailable(message)",
    ),
    Mutation(
        MISCONFIGURED,
        "no alarm",
        "ingest.py",
        "        operators.failed(error)\n",
        "",
    ),
    Mutation(
        NOT_WRITABLE,
        "what the quarantine does not take is dropped",
        "ingest.py",
        "return {record.sequence_number for record, _ in bad}",
        "return set()",
    ),
    Mutation(
        NOT_WRITABLE,
        "users that the queue does not take are dropped",
        "ingest.py",
        "return {line.record.sequence_number for line in there if line.batch.mpid in refused}",
        "return set()",
    ),
    Mutation(
        NOT_WRITABLE,
        "entries that the queue refuses alone are dropped",
        "refresh_queue.py",
        'return {int(entry["Id"]) for entry in entries if entry["Id"] not in taken}',
        "return set()",
    ),
    Mutation(
        NOT_WRITABLE,
        "an answer that broke off is taken for a yes",
        "refresh_queue.py",
        'taken = {entry["Id"] for entry in answer.get("Successful", [])}',
        'taken = {entry["Id"] for entry in answer.get("Successful", entries)}',
    ),
    Mutation(
        TIME,
        "calls start past the deadline",
        "failures.py",
        "            if time.clock() >= deadline:\n",
        "            if attempt < 1:\n",
    ),
    Mutation(OUTAGE, "no second try", "mparticle.py", "Retry(attempts=3", "Retry(attempts=1"),
    Mutation(OUTAGE, "what failed is not reported", "refresh.py", "failed = late + self", "failed = self"),
    Mutation(
        OUTAGE,
        "what failed stays hidden for the queue's own time",
        "refresh.py",
        "        self._postpone(late, waiting, deadline + WRAP_UP)\n",
        "",
    ),
    Mutation(
        OUTAGE,
        "Retry-After is not kept to",
        "refresh.py",
        "max(wanted.get(user_of(message).mpid) or 0, growing",
        "max(0, growing",
    ),
    Mutation(
        KEY,
        "the secret is not read again",
        "mparticle.py",
        "if self._auth is None or self._auth == refused:",
        "if self._auth is None:",
    ),
    Mutation(
        KEY,
        "a refused key is taken for a bad profile",
        "mparticle.py",
        'raise Misconfigured("mParticle refuses the key in the secret")',
        'raise Rejected("mParticle refuses the key in the secret")',
    ),
    Mutation(
        BAD_PROFILE,
        "a refused upload is tried again as it is",
        "mparticle.py",
        'raise Rejected(f"mParticle: {status}")',
        'raise Unavailable(f"mParticle: {status}")',
    ),
    Mutation(
        BAD_PROFILE,
        "a refused profile is dropped",
        "refresh.py",
        'bad[message] = message.row("refused", refused[message.user.mpid])',
        "continue",
    ),
    Mutation(
        KILLED,
        "a redelivery has another id",
        "interactions.py",
        "_digest(seen, 32)",
        "_digest(seen + str(batch.arrived_ms), 32)",
    ),
    Mutation(
        KILLED,
        "ids are remembered before they are accepted",
        "ingest.py",
        "        delivered = deliver(\n            pack(fresh),\n",
        "        for one in fresh:\n            self._accepted.remember(one.event_id, None)\n"
        "        delivered = deliver(\n            pack(fresh),\n",
    ),
    Mutation(
        KILLED,
        "records are settled before their users are asked for",
        "ingest.py",
        "        if self._queue is None:\n            return set()\n        not_there",
        "        if self._queue is None or not delivered.accepted:\n            return set()\n        not_there",
    ),
)
