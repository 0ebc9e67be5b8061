"""The answers of a batch inference job, as lists for profiles.

https://docs.aws.amazon.com/personalize/latest/dg/recommendations-batch.html
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from broker.json_values import int64, mapping, texts
from broker.recommendations import Recommendations, recommendations


@dataclass(frozen=True)
class SeedList:
    """One line: the user, None where none can be read, and the list, None where the job has no answer."""

    mpid: int | None
    new: Recommendations | None


def read(lines: Iterable[str], known_until: float) -> Iterator[SeedList]:
    """Yield a list for each line, in order; ``known_until`` (epoch seconds): what happened later, it does not know.

    A list has no recommendation id: a batch inference job gives none.
    """
    for line in lines:
        document = mapping(json.loads(line))
        mpid = int64(mapping(document.get("input")).get("userId"))
        items = texts(mapping(document.get("output")).get("recommendedItems"))
        if document.get("error") or items is None:
            yield SeedList(mpid, None)
        else:
            listed = {"itemList": [{"itemId": item} for item in items]}
            yield SeedList(mpid, recommendations(listed, known_until))
