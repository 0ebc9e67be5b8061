"""Where things are in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAMBDA_SRC = ROOT / "lambda_src"
LOCKED_REQUIREMENTS = ROOT / "infra" / "lambda_requirements.txt"
