"""Who gets a list: active users with consent, by a table of users or interactions, or by mParticle's batch exports.

Consent fails closed: where a purpose is named, only a yes is a yes, and of a user's answers the newest counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from broker.batch import BadBatch, Batch, decode, usable_time
from broker.consent import REASONS, Answer, for_purpose, opts_out_of_sale
from broker.interactions import Rules, extract
from broker.json_values import int64

from personalize_data import csv_reader, file_kinds, files, json_table
from personalize_data.consent import Consent
from personalize_data.errors import BadFile
from personalize_data.file_kinds import JSON, FileKind
from personalize_data.files import Moved
from personalize_data.ids import DamagedId, IdColumn, NoId
from personalize_data.json_table import JsonTable
from personalize_data.plan import Source
from personalize_data.schema import BadValue
from personalize_data.table import MappingError, Table, consent_check
from personalize_data.times import OtherUnit, Times, unread

USER, TIME = "USER_ID", "TIMESTAMP"
NO_MPID, INACTIVE = "no_mparticle_id", "inactive"
NEVER = float("-inf")
Leaves = Callable[[int], str | None]  # from an mpid to the reason code of whoever is left out, else None


@dataclass(frozen=True)
class Columns:
    """Which columns of a table have the user, the time of an activity, and, perhaps, the answer to the consent."""

    user: str = USER
    time: str = TIME
    time_unit: str | None = None
    consent: Consent = field(default_factory=Consent)


@dataclass
class Activity:
    """What the files say; times are epoch seconds. ``left_out``: rows and batches that say nothing, by reason.

    ``seen``: a user's newest activity. ``agreed``: their newest yes, None where nobody's is asked for. ``refused``:
    their newest answer that is no yes, and its reason code.
    """

    seen: dict[int, float] = field(default_factory=dict)
    agreed: dict[int, float] | None = None
    refused: dict[int, tuple[float, str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def act(self, mpid: int, at: float) -> None:
        """Note an activity."""
        if at > self.seen.get(mpid, NEVER):
            self.seen[mpid] = at

    def answer(self, mpid: int, at: float, reason: str | None) -> None:
        """Note an answer; ``reason``: why it is no yes."""
        if reason is None:
            if self.agreed is not None and at > self.agreed.get(mpid, NEVER):
                self.agreed[mpid] = at
        elif at >= self.refused.get(mpid, (NEVER, ""))[0]:
            self.refused[mpid] = at, reason

    def why_not(self, mpid: int, since: float) -> str | None:
        """Return the reason code why a user gets no list; None for those who are active and have consented."""
        refused_at, reason = self.refused.get(mpid, (NEVER, REASONS[Answer.UNKNOWN]))
        if self.agreed is not None and self.agreed.get(mpid, NEVER) <= refused_at:
            return reason
        return INACTIVE if self.seen.get(mpid, NEVER) < since else None


def read(
    sources: Sequence[Source], columns: Columns, rules: Rules, now: float, moved: Moved = lambda _: None
) -> Activity:
    """Read the files; ``rules``: of the deployment, and ``now`` in epoch seconds.

    Raises MappingError, also where consent is needed and nothing says who has given it; and BadFile.
    """
    found, before = Activity(), 0
    for source in sources:
        progress = _after(before, moved)
        if _holds_batches(source):
            _read_batches(source, rules, now, found, progress)
        else:
            _read_table(source, columns, rules, now, found, progress)
        before += source.path.stat().st_size
    return found


def _after(before: int, moved: Moved) -> Moved:
    return lambda read_: moved(before + read_)


def _holds_batches(source: Source) -> bool:
    kind = file_kinds.kind(source.path, source.name)
    if kind in JSON:
        return "events" in json_table.first_names(source.path, source.name)
    if kind in (FileKind.TABLE, FileKind.EMPTY):
        return False
    raise BadFile(source.name, kind.refusal)


def _read_table(source: Source, columns: Columns, rules: Rules, now: float, found: Activity, moved: Moved) -> None:
    problem = columns.consent.problem(rules.consent_purpose)
    if problem:
        raise MappingError(problem)
    with _opened(source, columns, moved) as table:
        user, time = (_place(table, name, column) for name, column in ((columns.user, USER), (columns.time, TIME)))
        refuses = _consent_check(table, columns.consent.column)
        if refuses and found.agreed is None:
            found.agreed = dict(found.seen)
        user_of, time_of = _user_reader(source), _time_reader(source, columns, now)
        for line, fields, broken in table.rows():
            if broken or not fields:
                found.left_out["broken_row"] += bool(broken)
                continue
            mpid, reason = user_of(line, fields[user].strip())
            at, unusable = time_of(line, fields[time].strip()) if mpid else (None, None)
            if not mpid or at is None:
                found.left_out[str(unusable or reason)] += 1
            else:
                found.act(mpid, at)
            if mpid and found.agreed is not None:  # without a column: of another file, whose rows have all consented
                _answer(found, mpid, at, refuses(fields) if refuses else None)


def _answer(found: Activity, mpid: int, at: float | None, reason: str | None) -> None:
    """Note an answer. One without a time counts as the newest if it is no yes, and else for nothing."""
    if at is not None or reason is not None:
        found.answer(mpid, float("inf") if at is None else at, reason)


def _user_reader(source: Source) -> Callable[[int, str], tuple[int | None, str | None]]:
    """Return a function from a line and a text to the mpid, or None and why there is none. It raises BadFile."""
    read_id = IdColumn(USER, as_whole=False).reader()

    def read_user(line: int, text: str) -> tuple[int | None, str | None]:
        try:
            return int64(read_id(text)) or None, NO_MPID
        except DamagedId as error:
            raise BadFile(source.name, str(error), line) from None
        except (NoId, BadValue) as error:
            return None, str(error)

    return read_user


def _time_reader(source: Source, columns: Columns, now: float) -> Callable[[int, str], tuple[int | None, str | None]]:
    """Return a function from a line and a text to epoch seconds, or None and the reason. It raises BadFile."""
    times = Times(columns.time_unit, now)

    def read_time(line: int, text: str) -> tuple[int | None, str | None]:
        try:
            return times.read(text), None
        except OtherUnit as error:
            raise BadFile(source.name, unread(TIME, text, error.unit), line) from None
        except BadValue as error:
            return None, str(error)

    return read_time


def _opened(source: Source, columns: Columns, moved: Moved) -> AbstractContextManager[Table]:
    if file_kinds.kind(source.path, source.name) in JSON:
        used = [name for name in (columns.user, columns.time, columns.consent.column) if name]
        return json_table.opened(source.path, source.name, moved, used)
    return csv_reader.opened(source.path, source.name, moved)


def _place(table: Table, name: str, column: str) -> int:
    names = table.names if isinstance(table, JsonTable) else table.header
    if name not in names:
        raise MappingError(
            f"{table.name} has no column {name}; it has {', '.join(names)}. Say which one is {column} by "
            f"--column {column}=…"
        )
    return table.header.index(name)


def _consent_check(table: Table, column: str | None) -> Callable[[Sequence[str]], str | None] | None:
    if column and isinstance(table, JsonTable) and column not in table.names:
        raise MappingError(f"--consent {column}: {table.name} has no such column; it has {', '.join(table.names)}")
    return consent_check(table, column)


def _read_batches(source: Source, rules: Rules, now: float, found: Activity, moved: Moved) -> None:
    """Read batches as the stream is read, but for an unknown answer: it is never a yes here, whatever the rules say."""
    if found.agreed is None:
        found.agreed = dict(found.seen)
    with files.opened(source.path, source.name, moved) as file:
        for _, line in files.json_lines(file, source.name):
            for batch in decode(line, int(now * 1000)) if line.strip() else ():
                if isinstance(batch, BadBatch):
                    found.left_out[batch.reason] += 1
                else:
                    _read_batch(batch, rules, found)


def _read_batch(batch: Batch, rules: Rules, found: Activity) -> None:
    if not batch.mpid or (batch.environment or rules.environment) != rules.environment:
        return
    interactions, _ = extract(batch, rules)
    times = [interaction.sent_at for interaction in interactions if interaction.time_ms != batch.arrived_ms]
    reason = _no_consent(batch, rules)
    _answer(found, batch.mpid, _told_at(batch), reason)
    if times:
        found.act(batch.mpid, max(times))


def _told_at(batch: Batch) -> float | None:
    """Return when a batch says what it says: its own time, or that of its newest event."""
    events = (usable_time(event.data.get("timestamp_unixtime_ms"), batch.arrived_ms) for event in batch.events)
    newest = batch.time_ms or max((time for time in events if time is not None), default=None)
    return None if newest is None else newest / 1000


def _no_consent(batch: Batch, rules: Rules) -> str | None:
    if batch.opted_out or (rules.honour_ccpa and opts_out_of_sale(batch.consent)):
        return REASONS[Answer.NO]
    return REASONS.get(for_purpose(batch.consent, rules.consent_purpose)) if rules.consent_purpose else None


def choose(activity: Activity, since: float, why_not: Leaves) -> tuple[list[int], Counter[str]]:
    """Return who gets a list, in the order of their ids, and how many users do not, by reason.

    ``since``: epoch seconds. ``why_not(mpid)``: the reason code of whoever is left out for another cause.
    """
    chosen: list[int] = []
    left_out: Counter[str] = Counter()
    for mpid in sorted(activity.seen.keys() | activity.refused.keys()):
        reason = activity.why_not(mpid, since) or why_not(mpid)
        if reason is None:
            chosen.append(mpid)
        else:
            left_out[reason] += 1
    return chosen, left_out


def job_input(mpids: Sequence[int]) -> Iterator[str]:
    """Yield the lines of a batch inference job for users, whose ids Personalize knows as text."""
    return (f'{{"userId": "{mpid}"}}\n' for mpid in mpids)
