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
REFUSED = "400 InvalidInput: bisect, quarantine the bad event, deliver the rest"
BREAKER = "… and no probe is accepted: the configuration is wrong"
KINDS = "… and only a probe of another kind is accepted: neither"
PROBES = "proofs without customers"
THROTTLED = "throttled, 5xx, timeout"
MISCONFIGURED = "tracker or permission wrong"
NO_QUARANTINE = "quarantine not writable"
NO_QUEUE = "refresh queue not writable"
TIME = "time nearly up"
OUTAGE = "mParticle 429, 5xx, network"
KEY = "mParticle 401, 403"
BAD_PROFILE = "mParticle 400 and other 4xx"
KILLED = "function killed anywhere"
TWO = "two processes hold one user"
HUNG = "a call hangs"
OVERLOAD = "more refreshes than the quotas allow"
IMPRESSIONS = "table of impressions not readable or writable"

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
        "intake.refuse(record, QuarantineReason.EXCEPTION, described(error))",
        "counts.add(Metric.QUARANTINE_FAILED)",
    ),
    Mutation(
        UNREADABLE,
        "an exception over one record fails the invocation",
        "intake.py",
        "        except Exception as error:\n",
        "        except NotImplementedError as error:\n",
    ),
    Mutation(
        UNREADABLE,
        "a record that is not in Lambda's form is dropped",
        "intake.py",
        "intake.refuse(malformed_record(passed, int(now * 1000)), QuarantineReason.MALFORMED_RECORD, str(error))",
        "counts.add(Metric.QUARANTINE_FAILED)",
    ),
    Mutation(
        UNREADABLE,
        "a batch of an unreadable customer is dropped",
        "intake.py",
        'bad.setdefault(reason, record.row(str(index), reason, ""))',
        "counts.add(Metric.QUARANTINE_FAILED)",
    ),
    Mutation(
        REFUSED,
        "a rejected request is not bisected",
        "delivery.py",
        "        elif len(request) == 1:\n",
        "        elif request:\n",
    ),
    Mutation(
        REFUSED,
        "a rejected event is dropped",
        "ingest.py",
        "            if line.interaction.event_id in rejected\n",
        "            if line.interaction.event_id in ()\n",
    ),
    Mutation(BREAKER, "no breaker", "tracker_probe.py", "            return None\n", "            return set()\n"),
    Mutation(
        BREAKER,
        "the configuration is not verified where anything was accepted",
        "delivery.py",
        "        if not rejected:\n            return\n",
        "        if not rejected or self._only(Accepted):\n            return\n",
    ),
    Mutation(
        BREAKER,
        "rejected once is rejected for good",
        "delivery.py",
        "        self._each(self._send_alone, self._pop_rejected_parts())\n",
        "",
    ),
    Mutation(
        BREAKER,
        "every request is taken apart",
        "delivery.py",
        "        if self._too_many_rejections():\n",
        "        if not self:\n",
    ),
    Mutation(
        BREAKER,
        "in a new process only the rejected event's own item is tried",
        "tracker_probe.py",
        "dict.fromkeys([item, PROBE])",
        "[item]",
    ),
    Mutation(
        KINDS,
        "one proof is enough, after the second refusal",
        "delivery.py",
        "        self._outcome_of |= {part: unproven[part] for part in self._only(Rejected) if part in unproven}\n",
        "",
    ),
    Mutation(
        KINDS,
        "any kind proves every kind",
        "tracker_probe.py",
        "for interaction in rejected if kind_of(interaction) not in proven}",
        "for interaction in rejected if kind_of(interaction) in ()}",
    ),
    Mutation(
        KINDS,
        "what is unproven goes to quarantine at once",
        "unproven_events.py",
        "now - (self._since.get(event_id) or now) >= PATIENCE][:MOST]",
        "event_id in self._since][:MOST]",
    ),
    Mutation(
        KINDS,
        "what is unproven waits for ever",
        "unproven_events.py",
        "            if event_id not in self._since:\n                self._since.remember(event_id, now)\n",
        "            self._since.remember(event_id, now)\n",
    ),
    Mutation(KINDS, "any number goes to quarantine", "unproven_events.py", ">= PATIENCE][:MOST]", ">= PATIENCE]"),
    Mutation(
        KINDS,
        "what is in quarantine is sent again with the rest of its record",
        "unproven_events.py",
        "            self._given_up.remember(event_id, None)\n",
        "            self._since.remember(event_id, 0.0)\n",
    ),
    Mutation(
        KINDS,
        "no alarm",
        "ingest.py",
        "        counts.add(Metric.CONFIGURATION_ERRORS)  # its alarm must ring",
        "        # its alarm must ring",
    ),
    Mutation(
        PROBES,
        "a probe is in the name of another user each time",
        "probe.py",
        "        user_id=PROBE,\n",
        "        user_id=item,\n",
    ),
    Mutation(
        PROBES,
        "every probe trains",
        "probe.py",
        "        event_id=PROBE,\n",
        '        event_id=f"{PROBE}-0-{now}",\n',
    ),
    Mutation(
        PROBES,
        "an upload to a customer is the proof",
        "profile_refresher.py",
        "            return () if only(so_far, Accepted) else None\n",
        "            return ()\n",
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
        "for line in intake.lines if line.interaction.event_id in open_ids}",
        "for line in intake.lines if not line}",
    ),
    Mutation(
        THROTTLED,
        "accepted ids are not remembered",
        "ingest.py",
        "for interaction in current if interaction.event_id not in self._accepted]",
        "for interaction in current]",
    ),
    Mutation(THROTTLED, "no jitter", "retry.py", "clock.jitter() * min(", "1.0 * min("),
    Mutation(
        THROTTLED,
        "a full request of a small share refuses all others for minutes",
        "rate_limit.py",
        "min(calls / self.rate, LONGEST)",
        "calls / self.rate",
    ),
    Mutation(
        THROTTLED,
        "a clock that is set back refuses all calls",
        "rate_limit.py",
        "        if now < self._seen:\n",
        "        if False:\n",
    ),
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
        "invocation.py",
        "        operators.misconfigured(error, context)\n",
        "",
    ),
    Mutation(
        NO_QUARANTINE,
        "what the quarantine does not take is dropped",
        "ingest.py",
        "return {record.sequence_number if record.is_numbered else WHOLE_BATCH for record, _ in bad}",
        "return set()",
    ),
    Mutation(
        NO_QUEUE,
        "customers whom the queue does not take are not counted",
        "ingest.py",
        "        counts.add(Metric.REFRESHES_NOT_QUEUED, len(not_sent))\n",
        "",
    ),
    Mutation(
        NO_QUEUE,
        "a wrong queue is not told as a wrong configuration",
        "ingest.py",
        "        if any(isinstance(failure, Misconfigured) for failure in not_sent.values()):\n",
        "        if not not_sent and users is None:\n",
    ),
    Mutation(
        NO_QUEUE,
        "the queue is tried once",
        "queue_calls.py",
        "Retry(attempts=3",
        "Retry(attempts=1",
    ),
    Mutation(
        NO_QUEUE,
        "entries that the queue refuses alone are dropped",
        "queue_calls.py",
        'return {int(entry["Id"]): None for entry in entries if entry["Id"] not in taken}',
        "return {}",
    ),
    Mutation(
        NO_QUEUE,
        "an answer that broke off is taken for a yes",
        "queue_calls.py",
        'taken = {entry["Id"] for entry in answer.get("Successful", [])}',
        'taken = {entry["Id"] for entry in answer.get("Successful", entries)}',
    ),
    Mutation(
        TIME,
        "calls start past the deadline",
        "retry.py",
        "    if clock.now() >= deadline:\n",
        "    if calls < 1:\n",
    ),
    Mutation(OUTAGE, "no second try", "mparticle.py", "Retry(attempts=3", "Retry(attempts=1"),
    Mutation(OUTAGE, "what failed is not reported", "refresh.py", "failed = late + self", "failed = self"),
    Mutation(
        OUTAGE,
        "what failed stays hidden for the queue's own time",
        "refresh.py",
        "        self._hide(late, retryable, queue, deadline + SHUTDOWN_RESERVE_S)\n",
        "",
    ),
    Mutation(
        OUTAGE,
        "Retry-After is not kept to",
        "refresh.py",
        "max(retry_after, growing",
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
        "class _KeyRefused(Misconfigured):",
        "class _KeyRefused(Rejected):",
    ),
    Mutation(
        BAD_PROFILE,
        "a rejected upload is tried again as it is",
        "mparticle.py",
        'raise Rejected(f"mParticle: {status}")',
        'raise Unavailable(f"mParticle: {status}")',
    ),
    Mutation(
        BAD_PROFILE,
        "a rejected profile is dropped",
        "refresh.py",
        "bad[message] = message.row(outcome.reason, outcome.detail)",
        "continue",
    ),
    Mutation(
        KILLED,
        "a redelivery has another id",
        "interactions.py",
        "_digest((identity + item_id).encode())",
        "_digest(f'{identity}{item_id}{batch.arrived_ms}'.encode())",
    ),
    Mutation(
        KILLED,
        "ids are remembered before they are accepted",
        "ingest.py",
        "        outcomes = deliver(\n            pack(fresh),\n",
        "        self._remember(fresh)\n        outcomes = deliver(\n            pack(fresh),\n",
    ),
    Mutation(
        KILLED,
        "records are settled before their users are asked for",
        "ingest.py",
        "            if line.interaction.action in self._refresh_actions and line.interaction.event_id in accepted\n",
        "            if line.interaction.action in self._refresh_actions and line.interaction.event_id in accepted\n"
        "            and counts.outcomes[Metric.ACCEPTED]\n",
    ),
    Mutation(
        TWO,
        "a claim is made whatever was read",
        "profile_state.py",
        '"attribute_not_exists(mpid)" if is_first else "generation = :read"',
        '"attribute_not_exists(mpid)" if is_first else "generation = generation"',
    ),
    Mutation(
        TWO,
        "a settlement is made whatever was claimed since",
        "profile_state.py",
        '"generation = :claimed"',
        '"generation = generation"',
    ),
    Mutation(
        TWO,
        "a claim ends with its invocation",
        "refresh.py",
        "self._states.claim(due, deadline + LANDING, deadline)",
        "self._states.claim(due, deadline, deadline)",
    ),
    Mutation(
        TWO,
        "where a part of the claims fails, the others are not used",
        "transactions.py",
        "            except Unavailable as failure:\n                return failure\n",
        "            except Unavailable:\n                raise\n",
    ),
    Mutation(
        TWO,
        "a user whom another process claims is refreshed",
        "refresh.py",
        "            elif state.claimed_until > now:\n",
        "            elif state.claimed_until > now + 1e9:\n",
    ),
    Mutation(
        TWO,
        "a user whom another process claims is forgotten",
        "refresh.py",
        "        later |= dict.fromkeys(contested, self._clock.now() + CONTESTED_PAUSE)\n",
        "",
    ),
    Mutation(
        TWO,
        "an upload without an answer holds nobody",
        "refresh.py",
        "self._clock.now() + LANDING if mpid in results.may_land else 0.0",
        "0.0",
    ),
    Mutation(
        TWO,
        "after an upload without an answer the list counts as known",
        "refresh.py",
        'digest="" if mpid in results.sent else state.digest)',
        "digest=state.digest)",
    ),
    Mutation(
        TWO,
        "a correction has the id of the upload before",
        "profile.py",
        "json.dumps([mpid, generation, new.requested_at, items, *of_experiment.values()])",
        "json.dumps([mpid, items])",
    ),
    Mutation(
        HUNG,
        "every late call is cut short",
        "speculative_retry.py",
        "            return self._credit >= 1\n",
        "            return True\n",
    ),
    Mutation(
        HUNG,
        "lists wait for the slowest one",
        "upload_stream.py",
        "        for request in full:\n            self._start(request)\n        self.flush_due()\n",
        "",
    ),
    Mutation(
        OVERLOAD,
        "purchases wait in line with views",
        "ingest.py",
        "        bought = {line.interaction.user_id for line in recent if line.interaction.action == PURCHASE}\n",
        "        bought = set[str]()\n",
    ),
    Mutation(
        OVERLOAD,
        "old purchases wait in line with new ones",
        "ingest.py",
        "for line in recent if line.interaction.action == PURCHASE}",
        "for line in lines if line.interaction.action == PURCHASE}",
    ),
    Mutation(
        OVERLOAD,
        "a purchase that is postponed waits in line with views",
        "refresh.py",
        'self._queue_of(records[0]["eventSourceARN"])',
        'self._queue_of("arn:aws:sqs:us-east-1:123456789012:refresh")',
    ),
    Mutation(
        IMPRESSIONS,
        "the invocation fails",
        "impression_matching.py",
        "            self._failed(len(users), counts)\n            return None\n",
        "            raise\n",
    ),
    Mutation(
        IMPRESSIONS,
        "what is not known of a user is written over",
        "impression_matching.py",
        "{} if known is None else {user: lists_of[user] for user in new}",
        "{user: lists_of[user] for user in new}",
    ),
)
