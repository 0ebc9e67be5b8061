"""What the variants of an experiment have in Personalize: filters, and campaigns, on solutions of their own or not.

Create-only as all of it (``infra.personalize``): no tag reaches it, and what can't be changed is part of its name.
"""

import aws_cdk as cdk
from aws_cdk import aws_personalize as personalize
from constructs import Construct

from blueprint.experiment import EXPLORATION, FILTER, ExperimentPlan, Need
from infra.personalize import Datasets, make_campaign, make_filter, make_solution, with_columns
from infra.variant_names import variant_name

MIN_TPS = 1


class Variants(Construct):
    """``arns``: of each variant, as the functions' variable has them; ``names`` of what was made for them.

    ``serve``: without it there are solutions only, which train themselves before the experiment begins. ``campaigns``
    are those that were made; none where ``paused``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        plan: ExperimentPlan,
        datasets: Datasets,
        solution_arn: str,
        gives_columns: bool,
        serve: bool,
        paused: bool,
    ) -> None:
        super().__init__(scope, id)
        self._name = name
        self._plan = plan
        self._datasets = datasets
        self._solution_arn = solution_arn
        self._config = with_columns(gives_columns)
        self._serve = serve
        self._paused = paused
        self.campaigns: list[personalize.CfnCampaign] = []
        self.names: list[str] = []
        self.arns: dict[str, dict[str, str]] = {}
        for variant, need in plan.needs.items():
            self.arns[variant] = self._made(variant, need)

    def _made(self, variant: str, need: Need) -> dict[str, str]:
        name, logical = self._named(variant, need), variant.replace("_", "-")
        if need.kind == FILTER:
            if not self._serve:
                return {}
            return {"filter_arn": make_filter(self, f"Filter-{logical}", name, self._datasets, need.value)}
        solution_arn, config = self._solution_arn, dict(self._config)
        if need.kind == EXPLORATION:
            config |= {"item_exploration_config": {"explorationWeight": str(need.value)}}
        else:
            solution_arn = make_solution(self, f"Solution-{logical}", name, self._datasets, need.value)
        if not self._serve:
            return {}
        campaign = make_campaign(
            self,
            f"Campaign-{logical}",
            name,
            self._datasets,
            solution_arn,
            min_tps=MIN_TPS,
            config=config,
            paused=self._paused,
        )
        self.campaigns += [campaign.resource] if campaign.resource else []
        return {"campaign_arn": campaign.arn}

    def _named(self, variant: str, need: Need) -> str:
        name = variant_name(self._name, self._plan, variant, need)
        self.names.append(name)
        return name


def tell_floors(stack: cdk.Stack, floors: dict[str, str]) -> None:
    """Say at every synthesis what each variant costs at least."""
    for variant, text in floors.items():
        cdk.Annotations.of(stack).add_info(f"broker:experiment, {variant}: {text}")
