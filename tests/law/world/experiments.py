"""The experiments of the histories, and what each variant's campaign and filter of the local Personalize give."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from broker.experiment import HOLDOUT, Experiment, Variant

CONTROL, UNBOUGHT, POPULAR = "control", "unbought", "popular"
NO_EXPERIMENT, AUTUMN, RAISED, SPRING = "no experiment", "autumn", "autumn with another weight", "spring"


@dataclass(frozen=True)
class ByNumber(Experiment):
    """An experiment that assigns customers by their number, so that a history is the same whatever ids it has."""

    first_mpid: int = 0

    def variant_of(self, mpid: int) -> str:
        """Return the name of a customer's variant."""
        return super().variant_of(abs(mpid) - self.first_mpid)


def experiments(filter_arn: str, campaign_arn: str, first_mpid: int, seed: int) -> Mapping[str, Experiment | None]:
    """Return the experiments by name: a variant with a filter, one with a campaign of its own, and a large holdout.

    Of each ``seed`` other customers are in it.
    """
    variants = {
        CONTROL: Variant(1),
        UNBOUGHT: Variant(1, filter_arn=filter_arn),
        POPULAR: Variant(1, campaign_arn=campaign_arn),
    }
    autumn = ByNumber(f"{AUTUMN}-{seed}", variants, holdout=30, first_mpid=first_mpid)
    raised = replace(autumn, variants=variants | {UNBOUGHT: Variant(5, filter_arn=filter_arn)}, epoch=2)
    return {NO_EXPERIMENT: None, AUTUMN: autumn, RAISED: raised, SPRING: replace(autumn, name=f"{SPRING}-{seed}")}


def place_of(experiment: Experiment | None, mpid: int) -> Variant | None:
    """Return whose list a customer's is, None for the holdout, which has none."""
    if experiment is None:
        return Variant(1)
    name = experiment.variant_of(mpid)
    return None if name == HOLDOUT else experiment.variants[name]
