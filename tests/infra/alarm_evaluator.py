"""What CloudWatch makes of an alarm as it stands in a template: from points of metrics to when the alarm is on.

Sources are CloudWatch's user guide (alarm evaluation, missing data, metric math) and PutMetricAlarm. An alarm looks
once a minute at the periods before it (``SlidingWindow``, the default). Only what the templates use is known here;
everything else is refused.
"""

import ast
import functools
import math
import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MINUTE = 60
# "CloudWatch attempts to retrieve a higher number of data points than specified as Evaluation Periods": in the guide's
# examples five for three.
MORE_PERIODS = 2
ON, OK, NO_DATA = "ALARM", "OK", "INSUFFICIENT_DATA"
States = dict[float, str]  # by the minute
Points = Sequence[tuple[float, float]]  # (seconds, value), in the order of time
PointsOf = Callable[[Mapping[str, Any]], Points]  # of a metric: {"Namespace", "MetricName", "Dimensions"}
Series = list[float | None]  # a value for each period, the oldest first; None: missing
Operand = Series | float

KNOWN = {
    *("AlarmName", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions"),
    *("ComparisonOperator", "Threshold", "EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData"),
    *("Namespace", "MetricName", "Dimensions", "Period", "Statistic", "ExtendedStatistic", "Metrics"),
}
COMPARISONS = {"GreaterThanThreshold": operator.gt, "LessThanThreshold": operator.lt}
OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.Eq: operator.eq,
}


@dataclass(frozen=True)
class Alarm:
    """An alarm's properties, as they stand in the template."""

    properties: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Raise ValueError where a property is not known here."""
        unknown = self.properties.keys() - KNOWN
        if unknown:
            raise ValueError(f"not known: {', '.join(sorted(unknown))}")

    def on(self, points_of: PointsOf, start: float, end: float) -> list[float]:
        """Return the minutes after ``start``, up to ``end``, at which the alarm is on."""
        return [at for at, state in self.states(points_of, start, end).items() if state == ON]

    def states(self, points_of: PointsOf, start: float, end: float) -> States:
        """Return the alarm's state at each minute after ``start``, up to ``end``; it is made at ``start``."""
        states, state, metrics = States(), NO_DATA, self._metrics(points_of)
        for n in range(1, math.floor((end - start) / MINUTE) + 1):
            states[start + MINUTE * n] = state = self._state(metrics, start + MINUTE * n, state)
        return states

    def _metrics(self, points_of: PointsOf) -> "dict[str, _Statistic]":
        """Return the statistic that is asked of each metric, by the id in expressions."""
        its = self.properties
        if "Metrics" not in its:
            statistic = its.get("Statistic") or its["ExtendedStatistic"]
            return {"": _Statistic(points_of(its), statistic, its["Period"])}
        stats = {query["Id"]: query["MetricStat"] for query in its["Metrics"] if "MetricStat" in query}
        return {id: _Statistic(points_of(stat["Metric"]), stat["Stat"], stat["Period"]) for id, stat in stats.items()}

    def _state(self, metrics: "Mapping[str, _Statistic]", now: float, before: str) -> str:
        periods = int(self.properties["EvaluationPeriods"])
        needed = int(self.properties.get("DatapointsToAlarm", periods))
        compare = COMPARISONS[self.properties["ComparisonOperator"]]
        seen = [value for value in self._series(metrics, now, periods + MORE_PERIODS) if value is not None]
        breaching = sum(compare(value, self.properties["Threshold"]) for value in seen[-periods:])
        missing = max(0, periods - len(seen))
        treated = self.properties["TreatMissingData"]
        if breaching + (missing if treated == "breaching" else 0) >= needed:
            return ON
        return before if treated == "ignore" and breaching + missing >= needed else OK

    def _series(self, metrics: "Mapping[str, _Statistic]", now: float, periods: int) -> Series:
        known: dict[str, Operand] = {id: metric.of_periods(now, periods) for id, metric in metrics.items()}
        if "Metrics" not in self.properties:
            return list(known[""])  # type: ignore[arg-type]
        (expression,) = (query for query in self.properties["Metrics"] if query.get("ReturnData", True))
        result = metric_math(expression["Expression"], known, periods)
        if isinstance(result, float):
            raise ValueError(f"{expression['Expression']!r} is no time series")  # noqa: TRY004 - one error for all
        return result


class _Statistic:
    """A statistic of a metric by periods. Each is calculated once: neighbouring minutes look at the same ones."""

    def __init__(self, points: Points, statistic: str, period: float) -> None:
        self._times, self._values = [at for at, _ in points], [value for _, value in points]
        self._statistic, self._period = statistic, period
        self._known: dict[float, float | None] = {}

    def of_periods(self, now: float, periods: int) -> Series:
        """Return the statistic of each of the periods that end at ``now``."""
        return [self._of(now - age * self._period) for age in range(periods, 0, -1)]

    def _of(self, first: float) -> float | None:
        if first not in self._known:
            begin, end = (bisect_left(self._times, at) for at in (first, first + self._period))
            values = sorted(self._values[begin:end])
            self._known[first] = _statistic(values, self._statistic) if values else None
        return self._known[first]


def composite_states(rule: Mapping[str, Any], states_of: Mapping[str, States]) -> States:
    """Return the states of a composite alarm by those of the alarms in its rule, which are known by logical ids.

    CDK writes parentheses around each AND and OR. Raises ValueError where the rule uses what is not known here.
    """
    parts = (part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in rule["Fn::Join"][1])
    text = re.sub(r"\b(AND|OR|NOT)\b", lambda word: word[0].lower(), "".join(parts))
    tree = ast.parse(text, mode="eval").body
    return {at: ON if _holds(tree, states_of, at) else OK for at in next(iter(states_of.values()))}


def _holds(node: ast.expr, states_of: Mapping[str, States], at: float) -> bool:
    match node:
        case ast.Call(ast.Name("ALARM" | "OK" | "INSUFFICIENT_DATA" as state), [ast.Constant(value=str(id))], []):
            return states_of[id][at] == state
        case ast.BoolOp(ast.And(), parts):
            return all(_holds(part, states_of, at) for part in parts)
        case ast.BoolOp(ast.Or(), parts):
            return any(_holds(part, states_of, at) for part in parts)
        case ast.UnaryOp(ast.Not(), operand):
            return not _holds(operand, states_of, at)
    raise ValueError(f"no alarm rule that is known: {ast.unparse(node)}")


def _statistic(ordered: Sequence[float], statistic: str) -> float:
    if statistic == "Sum":
        return sum(ordered)
    if statistic == "Maximum":
        return ordered[-1]
    if re.fullmatch(r"p\d{1,2}", statistic):
        return ordered[math.ceil(int(statistic[1:]) / 100 * len(ordered)) - 1]
    raise ValueError(f"no statistic that is known: {statistic}")


def metric_math(expression: str, known: Mapping[str, Operand], periods: int) -> Operand:
    """Return what an expression is. Raises ValueError where it uses what is not known here.

    Comparisons and AND give 1 or 0. Where an operand is missing, or a divisor is zero, the result is missing.
    """
    return _value(_parsed(expression), known, periods)


@functools.cache
def _parsed(expression: str) -> ast.expr:
    # Which of AND and > binds first is not documented, so the parts of an AND must be in parentheses.
    for part in re.split(r"\bAND\b", expression)[:-1]:
        if not part.rstrip().endswith(")"):
            raise ValueError(f"parentheses are missing: {expression}")
    try:
        return ast.parse(re.sub(r"\bAND\b", "and", expression), mode="eval").body
    except SyntaxError:
        raise ValueError(f"no metric math that is known: {expression}") from None


def _value(node: ast.expr, known: Mapping[str, Operand], periods: int) -> Operand:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            return _each(OPERATORS[type(op)], _value(left, known, periods), _value(right, known, periods))
        case ast.Compare(left, [op], [right]) if type(op) in OPERATORS:
            return _each(OPERATORS[type(op)], _value(left, known, periods), _value(right, known, periods))
        case ast.BoolOp(ast.And(), parts):
            first, *others = (_value(part, known, periods) for part in parts)
            for other in others:
                first = _each(lambda a, b: bool(a) and bool(b), first, other)
            return first
        case ast.Call(ast.Name("FILL"), [filled, by], []):
            series, instead = _value(filled, known, periods), _value(by, known, periods)
            if isinstance(series, float) or not isinstance(instead, float):
                raise ValueError("FILL takes a time series and a number")  # noqa: TRY004 - one error for all
            return [instead if value is None else value for value in series]
        case ast.Call(ast.Name("IF"), [condition, then, otherwise], []):
            return _if(*(_as_series(_value(part, known, periods), periods) for part in (condition, then, otherwise)))
    raise ValueError(f"no metric math that is known: {ast.unparse(node)}")


def _as_series(operand: Operand, periods: int) -> Series:
    return [operand] * periods if isinstance(operand, float) else operand


def _if(condition: Series, then: Series, otherwise: Series) -> Series:
    chosen = zip(condition, then, otherwise, strict=True)
    return [None if is_so is None else yes if is_so else no for is_so, yes, no in chosen]


def _each(calculate: Callable[[float, float], float], left: Operand, right: Operand) -> Operand:
    if isinstance(left, float) and isinstance(right, float):
        return float(calculate(left, right))
    length = len(left) if not isinstance(left, float) else len(right)  # type: ignore[arg-type]
    pairs = zip(_as_series(left, length), _as_series(right, length), strict=True)
    return [_calculated(calculate, a, b) for a, b in pairs]


def _calculated(calculate: Callable[[float, float], float], a: float | None, b: float | None) -> float | None:
    if a is None or b is None or (calculate is operator.truediv and b == 0):
        return None
    return float(calculate(a, b))
