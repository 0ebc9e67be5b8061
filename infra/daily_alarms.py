"""The alarms on what ``daily_check`` writes. None of it is urgent: all goes on with the model that there is."""

from broker.metric_names import Metric

from infra.alarm_maker import AlarmMaker
from infra.metrics import Metrics
from infra.notifications import Urgency

LATE_DAYS = 3  # after the day on which a training is due
MAX_DROP = 50  # percent of the accepted share of the week before
# A value is written once a day; between two of them, an alarm must not end for some minutes.
HOURS = 26


def add_daily_alarms(maker: AlarmMaker, metrics: Metrics, trains_every: int) -> None:
    """Add one alarm per finding, and one on the check itself.

    ``trains_every``: days between two automatic trainings. Without them, 0, nobody says how old a model may be.
    """
    oldest = trains_every + LATE_DAYS
    for id, metric, threshold, description in (
        ("training-failed", Metric.TRAINING_FAILED, 0, "The newest training failed: the model before it serves."),
        (
            "model-old",
            Metric.MODEL_AGE_DAYS,
            oldest,
            f"The model is over {oldest} days old: the automatic training does not run.",
        ),
        ("old-model-served", Metric.OLD_MODEL_SERVED, 0, "The campaign has not taken up the newest model for a day."),
        ("personalize-not-active", Metric.NOT_ACTIVE, 0, "The campaign or the event tracker is not active."),
        (
            "accepted-share-fell",
            Metric.ACCEPTED_SHARE_DROP,
            MAX_DROP,
            f"The share of interactions that are accepted fell by over {MAX_DROP} % against the week before.",
        ),
    ):
        if id == "model-old" and not trains_every:
            continue
        daily = metrics.daily(metric)
        maker.add(id, Urgency.TICKET, description, daily, threshold=threshold, evaluations=HOURS, datapoints=1)
    maker.add(
        "daily-check-errors",
        Urgency.TICKET,
        "The daily check fails.",
        metrics.daily_errors(),
        evaluations=HOURS,
        datapoints=1,
    )
