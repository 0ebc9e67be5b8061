"""The ways to write the loop: what each runs as a function, and with which source."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
UNPACED = "1000000"  # per second: the rivals pace nothing, so the broker's quotas are set out of reach


@dataclass(frozen=True)
class Rival:
    """``module`` has the first function; ``second_module`` the one behind the queue, if there is one.

    ``source`` is the folder from which ``broker`` is imported. ``extra``: environment variables of its own.
    """

    name: str
    title: str
    module: str
    second_module: str = ""
    source: Path = ROOT / "lambda_src"
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def modules(self) -> list[str]:
        """The modules of its functions, in order."""
        return [module for module in (self.module, self.second_module) if module]

    @property
    def variables(self) -> dict[str, str]:
        """What Python needs to find the modules, and the rival's own."""
        return {"PYTHONPATH": f"{self.source}{os.pathsep}{ROOT}", **dict(self.extra)}

    @property
    def has_state(self) -> bool:
        """Whether the rival keeps users' states in DynamoDB."""
        return bool(self.second_module) and (self.source / "broker/profile_state.py").exists()

    @property
    def has_purchase_queue(self) -> bool:
        """Whether the users who bought something have a queue of their own."""
        return bool(self.second_module) and "PURCHASE_QUEUE_URL" in (self.source / "broker/settings.py").read_text()


ARTICLE = Rival("article", "the article's function", "bench.loop.rivals.article")
POWERTOOLS = Rival("powertools", "Powertools BatchProcessor", "bench.loop.rivals.powertools_batch")
BROKER = Rival("broker", "the broker", "broker.ingest", "broker.refresh")


def earlier(checkout: Path) -> Rival:
    """Return the broker of another checkout. Raises ValueError where there is none."""
    source = checkout / "lambda_src"
    if not (source / "broker/ingest.py").exists():
        raise ValueError(f"{checkout} is no checkout of the broker")
    return Rival(
        "earlier", f"the broker at {checkout.name.rpartition('-')[2]}", "broker.ingest", "broker.refresh", source
    )


def environment(url: str, concurrency: int) -> Mapping[str, str]:
    """Return the environment variables of all functions; ``url`` is the stub's."""
    account = "us-east-1:123456789012"
    return {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_SESSION_TOKEN": "token" * 80,  # a role's is long, and signed with every call
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "TRACKING_ID": "a1b2c3d4-0000-1111-2222-333344445555",
        "CAMPAIGN_ARN": f"arn:aws:personalize:{account}:campaign/shop",
        "MPARTICLE_SECRET_ARN": f"arn:aws:secretsmanager:{account}:secret:mparticle",
        "MPARTICLE_URL": url,
        "QUARANTINE_BUCKET": "quarantine",
        "REFRESH_QUEUE_URL": f"{url}/123456789012/refresh",
        "PURCHASE_QUEUE_URL": f"{url}/123456789012/purchases",
        "STATE_TABLE": "profiles",
        "CONCURRENCY": str(concurrency),
        "PUT_EVENTS_PER_SECOND": UNPACED,
        "GET_RECOMMENDATIONS_PER_SECOND": UNPACED,
        "MPARTICLE_BATCHES_PER_SECOND": UNPACED,
        "MAXIMUM_CONCURRENCY": "1",
        "PARALLELIZATION_FACTOR": "1",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
