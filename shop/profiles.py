"""A customer's list, read as docs/use.md says: by the shop's own server, from mParticle's Profile API.

What the page cannot learn there, when the list was written and why an item is on it, comes from the local services'
pages under ``/_local``, which AWS and mParticle do not have.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import requests

from local_stack.mparticle.profile_api import AUDIENCE, CLIENT_ID, CLIENT_SECRET
from shop.places import Places, name_of

WORKSPACE = "org/account/workspace"
SECONDS = 3.0  # a page does not wait longer for its list
KEPT = 10_000  # lists that are remembered for the time in which mParticle does not answer


@dataclass(frozen=True)
class RecommendationList:
    """The item ids on a profile, best first; ``variant`` of an experiment; ``written_ms`` in epoch milliseconds."""

    id: str
    item_ids: tuple[str, ...]
    variant: str | None = None
    written_ms: int | None = None
    is_remembered: bool = False

    @property
    def shown_as(self) -> str:
        """Return what tells it from others on a page."""
        return f"{self.id} remembered" if self.is_remembered else self.id


class Profiles:
    """Reads lists. Thread-safe. If mParticle does not answer, the newest list that was read before is the answer."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._http = requests.Session()
        self._http.trust_env = False
        self._lock = threading.Lock()
        self._token = ""
        self._known: OrderedDict[str, RecommendationList] = OrderedDict()

    def list_of(self, mpid: str) -> RecommendationList | None:
        """Return the list on a customer's profile, None if there is none."""
        try:
            answer = self._profile(mpid)
        except requests.RequestException:
            return self._remembered(mpid)
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            return self._remembered(mpid)
        return self._read(mpid, answer.json()["user_attributes"])

    def campaign(self, newest: RecommendationList | None) -> str:
        """Return the name of the campaign that a list is from."""
        return name_of(self._places.campaign_of(newest.variant if newest else None))

    def terms(self, mpid: str, newest: RecommendationList) -> dict[str, Any]:
        """Return why items have their scores, by item, in the terms of the local model; empty if it can't be said."""
        arn = self._places.campaign_of(newest.variant)
        query = [("campaignArn", arn), ("userId", mpid), *(("itemId", one) for one in newest.item_ids)]
        try:
            answer = self._http.get(f"{self._places.personalize}/_local/terms", params=query, timeout=SECONDS)
        except requests.RequestException:
            return {}
        return dict(answer.json()["terms"]) if answer.status_code == 200 else {}

    def _profile(self, mpid: str) -> requests.Response:
        """Return the answer of the Profile API, with a new token if the last one has expired."""
        url = f"{self._places.mparticle}/userprofile/v1/{WORKSPACE}/{mpid}"
        for _ in range(2):
            self._token = self._token or self._new_token()
            headers = {"Authorization": f"Bearer {self._token}"}
            answer = self._http.get(url, params={"fields": "user_attributes"}, headers=headers, timeout=SECONDS)
            if answer.status_code != 401:
                break
            self._token = ""
        return answer

    def _new_token(self) -> str:
        credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "audience": AUDIENCE}
        request = credentials | {"grant_type": "client_credentials"}
        answer = self._http.post(f"{self._places.mparticle}/oauth/token", json=request, timeout=SECONDS)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def _read(self, mpid: str, attributes: dict[str, Any]) -> RecommendationList | None:
        ids, list_id = attributes.get("product_recs"), attributes.get("product_recs_id")
        if not ids:
            return None
        with self._lock:
            known = self._known.get(mpid)
        if known and known.id == list_id:
            return known
        variant = attributes.get("ml_variant")
        new = RecommendationList(str(list_id), tuple(map(str, ids)), variant, self._written_ms(mpid))
        with self._lock:
            self._known[mpid] = new
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return new

    def _written_ms(self, mpid: str) -> int | None:
        query = {"after": int(mpid) - 1, "limit": 1}
        try:
            page = self._http.get(f"{self._places.mparticle}/_local/profiles", params=query, timeout=SECONDS).json()
            return next((one["product_recs_written_ms"] for one in page["profiles"] if one["mpid"] == mpid), None)
        except (requests.RequestException, ValueError, KeyError):
            return None

    def _remembered(self, mpid: str) -> RecommendationList | None:
        with self._lock:
            known = self._known.get(mpid)
        return known and RecommendationList(known.id, known.item_ids, known.variant, known.written_ms, True)
