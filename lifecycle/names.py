"""The names of a broker's resources in Personalize: the same here, in the deployed stack and in the local stack."""

import hashlib
from dataclasses import dataclass

from personalize_data.quotas import MAX_NAME_LENGTH

USER_PERSONALIZATION = "aws-user-personalization-v2"
SIMILAR_ITEMS = "aws-similar-items"
RELATED_ITEMS = (SIMILAR_ITEMS, "aws-sims")
_SUFFIXES = {SIMILAR_ITEMS: "similar", "aws-popularity-count": "popular"}


@dataclass(frozen=True)
class Names:
    """The names of one broker's resources, which begin with the broker's name."""

    broker: str

    @property
    def dataset_group(self) -> str:
        """Return the dataset group's name, which is also the event tracker's."""
        return self.broker

    def dataset(self, dataset: str) -> str:
        """Return a dataset's name, which is also its schema's."""
        return f"{self.broker}-{dataset}"

    def solution(self, recipe: str, *, hpo: bool = False) -> str:
        """Return a solution's name, which is also its campaign's; for User-Personalization it is the broker's name.

        ``recipe``: name or ARN. ``hpo``: whether its hyperparameters are tuned.
        """
        short_name, end = recipe.rpartition("/")[2], "-hpo" if hpo else ""
        name = self.broker
        if not short_name.startswith("aws-user-personalization"):
            name += f"-{_SUFFIXES.get(short_name, short_name.removeprefix('aws-'))}"
        return name[: MAX_NAME_LENGTH - len(end)] + end

    def job(self, purpose: str, identity: str, attempt: int = 1) -> str:
        """Return a job's name: the same for the same data; a further attempt has a number."""
        end = f"-{purpose}-{identity}" + (f"-{attempt}" if attempt > 1 else "")
        return self.broker[: MAX_NAME_LENGTH - len(end)] + end


def recipe_arn(recipe: str) -> str:
    """Return a recipe's ARN; an ARN is returned unchanged."""
    return recipe if recipe.startswith("arn:") else f"arn:aws:personalize:::recipe/{recipe}"


def short(text: str) -> str:
    """Return a ten-character digest of a text, for names."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]
