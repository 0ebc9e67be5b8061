"""The libraries that are compared, at one version each, and how their programs are run."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.libraries.cases import Case

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LOCKED = ROOT / ".venv/libraries"  # tests run what is in it


@dataclass(frozen=True)
class Library:
    """``requirements``: of an environment that is thrown away; empty for one of the locked environment.

    ``switches``: what has to be set or prepared so that it prints the same numbers.
    """

    name: str
    program: str
    switches: str
    requirements: tuple[str, ...] = ()

    def answer(self, cases: Mapping[str, Case]) -> dict[str, Any]:
        """Return what its program prints of cases: see ``programs/exchange.py``. Raises CalledProcessError."""
        program = str(HERE / "programs" / f"{self.program}_program.py")
        done = subprocess.run(  # noqa: S603 - our own program
            [*self._python(), program], input=json.dumps(cases), capture_output=True, text=True, check=True, cwd=HERE
        )
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def _python(self) -> list[str]:
        if not self.requirements:
            return [str(LOCKED / "bin/python")]
        packages = [f"--with={requirement}" for requirement in self.requirements]
        return [str(ROOT / ".venv/bin/uv"), "run", "--quiet", "--no-project", "--isolated", *packages, "python"]


ONCE = "repeats of the truth dropped"
LIBRARIES = (
    Library("ir-measures", "ir_measures", "none"),
    Library("pytrec_eval", "pytrec_eval", "a user without a list counts as 0; lists cut at k for MRR"),
    Library("RecTools", "rectools", f"{ONCE}; `NDCG(k, divide_by_achievable=True)`"),
    Library("ranx", "ranx", "`make_comparable=True`", ("ranx==0.3.21", "pandas==2.3.3", "numpy==2.4.6")),
    Library("RePlay", "replay", ONCE, ("replay-rec==0.22.0", "pandas==2.3.3", "numpy==2.4.6")),
    Library(
        "Microsoft recommenders", "recommenders",
        f"{ONCE}; an unknown item for users without a list; `map`, not `map_at_k`",
        ("recommenders==1.2.1", "pandas==2.3.3", "numpy==2.4.6"),
    ),
    Library(
        "torchmetrics", "torchmetrics", "missed relevant items added below all others",
        ("torchmetrics==1.9.0", "torch==2.14.1"),
    ),
    Library(
        "RecBole", "recbole", "its metric classes, without its models",
        ("recbole==1.2.1", "torch==2.14.1", "numpy==1.26.4", "pandas==2.3.3"),
    ),
    Library("Cornac", "cornac", "none", ("cornac==3.0.1", "numpy==2.4.6")),
)  # fmt: skip
IN_TESTS = tuple(library for library in LIBRARIES if not library.requirements)
