"""The local Personalize as the histories use it: one trained shop a process, told apart by customer ids.

Training for every history would cost more than the history, so many share a service; no two share a customer.
"""

import functools
from dataclasses import dataclass
from typing import Any

from broker.experiment import Variant
from broker.interactions import put_events_request
from broker.probe import PROBE, Kind, probe
from broker.recommendations import get_recommendations_request

from tests.broker.stubs import client_error
from tests.personalize_local.world import Refused, World
from tests.real_data import ROOT

SCHEMA = (ROOT / "lambda_src" / "broker" / "interactions.avsc").read_text("utf-8")
POPULARITY = "arn:aws:personalize:::recipe/aws-popularity-count"
UNBOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
LAG = 1.5
LONGEST = 30 * 86_400.0  # seconds that no history takes
RESULTS = 5
ALL = Variant(1)
SHARED_BY = 200  # histories, so that the service's ledger stays small


@dataclass(frozen=True)
class Shop:
    """A service with a tracker and a campaign, and the time at which it is ready (epoch seconds).

    Another campaign gives what is popular, and a filter leaves out what was bought.
    """

    service: World
    tracking_id: str
    campaign_arn: str
    popular_arn: str
    filter_arn: str
    ready_at: float


@functools.lru_cache(maxsize=1)
def _shop(_number: int) -> Shop:
    service = World(lag=LAG)
    tracking_id = service.ready_to_collect(SCHEMA)
    service.fill(tracking_id)
    service.wait(60)
    campaign = service.campaign(service.trained(service.solution()))
    group = service.counts()["datasetGroupArn"]
    made = service.call("CreateSolution", name="popular", datasetGroupArn=group, recipeArn=POPULARITY)
    service.wait(3)
    popular = service.campaign(service.trained(made["solutionArn"]), "popular")
    unbought = service.call("CreateFilter", name="unbought", datasetGroupArn=group, filterExpression=UNBOUGHT)
    service.wait(6)
    # A probe trains once at most, so all that come later train nothing.
    service.call("PutEvents", **put_events_request([probe(Kind("view_detail"), PROBE, service.now)], tracking_id))
    return Shop(service, tracking_id, campaign, popular, unbought["filterArn"], service.now + 60)


class Recommender:
    """What one history sees of the service. ``first_mpid`` and those after it are this history's customers."""

    def __init__(self, history: int) -> None:
        self.shop = _shop(history // SHARED_BY)
        self._accepted = self._status()["accepted"]
        self._counted = 0
        self._counted = self.counted(self.shop.ready_at + LONGEST)  # all that earlier histories have left
        self.shop.service.now = self.shop.ready_at

    @property
    def ready_at(self) -> float:
        """When a history begins, in epoch seconds: the same for all of them."""
        return self.shop.ready_at

    def call(self, operation: str, now: float, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request of boto3's. Raises ClientError."""
        self.shop.service.now = now
        try:
            return self.shop.service.call(operation, **request)
        except Refused as refused:
            raise client_error(refused.code, refused.status, "", operation) from None

    def deliveries(self) -> list[dict[str, Any]]:
        """Return what was accepted in this history, in order, repeats included."""
        return self.shop.service.service.deliveries(self._accepted, 1_000_000)

    def counted(self, now: float) -> int:
        """Return how many of this history's interactions a training at ``now`` would use."""
        self.shop.service.now = now
        return self._counted_now() - self._counted

    def items(self, mpid: int, now: float, variant: Variant = ALL) -> list[str]:
        """Return what the campaign says for a customer of a variant."""
        self.shop.service.now = now
        request = get_recommendations_request(
            mpid, variant.campaign_arn or self.shop.campaign_arn, variant.filter_arn, RESULTS
        )
        return [item["itemId"] for item in self.shop.service.call("GetRecommendations", **request)["itemList"]]

    def _status(self) -> dict[str, Any]:
        return self.shop.service.service.status()

    def _counted_now(self) -> int:
        return int(self.shop.service.counts()["interactions"])
