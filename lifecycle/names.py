"""What a broker's resources in Personalize are called: the same here, in the deployed stack and in the local stack."""

import hashlib
from dataclasses import dataclass

from personalize_data.quotas import MAX_NAME_LENGTH

USER_PERSONALIZATION = "aws-user-personalization-v2"
SIMILAR_ITEMS = "aws-similar-items"
RELATED_ITEMS = (SIMILAR_ITEMS, "aws-sims")
_SUFFIXES = {SIMILAR_ITEMS: "similar", "aws-popularity-count": "popular"}


@dataclass(frozen=True)
class Names:
    """The names under one broker's own."""

    broker: str

    @property
    def dataset_group(self) -> str:
        """Return the dataset group's name; the event tracker has the same."""
        return self.broker

    def dataset(self, dataset: str) -> str:
        """Return a dataset's name, which is its schema's, too."""
        return f"{self.broker}-{dataset}"

    def solution(self, recipe: str, *, hpo: bool = False) -> str:
        """Return a solution's name, which is its campaign's, too: the broker's for what recommends to users.

        ``recipe``: name or ARN. ``hpo``: whether its settings are searched for.
        """
        short_name, end = recipe.rpartition("/")[2], "-hpo" if hpo else ""
        name = self.broker
        if not short_name.startswith("aws-user-personalization"):
            name += f"-{_SUFFIXES.get(short_name, short_name.removeprefix('aws-'))}"
        return name[: MAX_NAME_LENGTH - len(end)] + end

    def job(self, purpose: str, identity: str, attempt: int = 1) -> str:
        """Return a job's name, the same for the same work; a further attempt has a number."""
        end = f"-{purpose}-{identity}" + (f"-{attempt}" if attempt > 1 else "")
        return self.broker[: MAX_NAME_LENGTH - len(end)] + end


def recipe_arn(recipe: str) -> str:
    """Return a recipe's ARN; an ARN stays itself."""
    return recipe if recipe.startswith("arn:") else f"arn:aws:personalize:::recipe/{recipe}"


def short(text: str) -> str:
    """Return ten letters for a text, to name what is made of it."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]
