"""What a recipe makes of settings that are right for each: said when the template is made, since nobody sees it later.

Impressions: https://docs.aws.amazon.com/personalize/latest/dg/interactions-datasets.html.
"""

from typing import TYPE_CHECKING

from infra.settings import Settings

if TYPE_CHECKING:
    from constructs import Construct

TRAINS_ON_IMPRESSIONS = ("aws-user-personalization",)


def effects(settings: Settings) -> list[str]:
    """Return what does not take effect in training."""
    recipe = settings.personalize.recipe
    if not settings.options.impression_list or settings.personalize.tracking_id or recipe in TRAINS_ON_IMPRESSIONS:
        return []
    return [f"broker:impression_list: {recipe} does not train on impressions; they serve attribution and analysis only"]


def say_effects(scope: "Construct", settings: Settings) -> None:
    """Add them to what the command prints."""
    import aws_cdk as cdk  # loads for seconds

    for number, text in enumerate(effects(settings)):
        cdk.Annotations.of(scope).add_info_v2(f"broker:effect{number}", text)
