"""The option for an experiment: a file with the value of ``broker:experiment``, or the value itself, as JSON."""

from pathlib import Path
from typing import Any

import click

from blueprint.experiment import ExperimentPlan
from infra.experiment import parse_experiment


class ExperimentType(click.ParamType):
    """Reads an experiment by the rules of the setting."""

    name = "experiment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ExperimentPlan:
        """Return the experiment."""
        if isinstance(value, ExperimentPlan):
            return value
        try:
            is_json = str(value).lstrip().startswith("{")
            return parse_experiment(value if is_json else Path(value).read_text("utf-8"))
        except OSError as error:
            self.fail(f"{value}: {error.strerror}: name a file, or write the JSON object itself", param, ctx)
        except ValueError as error:
            self.fail(f"an experiment {error}; see docs/experiment.md", param, ctx)
