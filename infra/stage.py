"""The three stages of a deployment, and the example organisation that is never deployed."""

from enum import StrEnum

# mParticle numbers its organisations; none has this one. It lets a template be made and read before one is at hand.
EXAMPLE_ORGANISATION = "0000000"
EXAMPLE_RULE = "RealOrganisation"
EXAMPLE_REFUSED = (
    f"broker:mparticle_organisation is still the example, {EXAMPLE_ORGANISATION}: put the number of your mParticle "
    "organisation into cdk.json"
)


class Stage(StrEnum):
    """How far a deployment is: a campaign can't exist before there is data to train on."""

    COLLECT = "collect"
    TRAIN = "train"
    RECOMMEND = "recommend"

    @property
    def step(self) -> int:
        """Return the stage's place, from 0."""
        return list(Stage).index(self)
