"""Consent to train on the rows of a table: a column with each row's answer, or a statement for all rows."""

from dataclasses import dataclass
from typing import Any

from broker.consent import REASONS, answer


def refusal(text: str) -> str | None:
    """Return the reason code why a row with this answer may not train; None where the answer is a yes."""
    return REASONS.get(answer(text))


@dataclass(frozen=True)
class Consent:
    """The consent of a table. ``column``: holds each row's answer; ``given``: the owner states it for every row."""

    column: str | None = None
    given: bool = False

    def problem(self, purpose: str | None) -> str | None:
        """Return why this does not do for a ``purpose`` that needs consent, in one line; None where it does."""
        if self.column and self.given:
            return "--consent says which rows may train, --consent-given that all may: give one of them"
        if purpose is None or self.column or self.given:
            return None
        return (
            f"broker:consent_purpose is {purpose!r}, so only rows with that consent may train: --consent COLUMN names "
            "the column with the answers (true or false, 1 or 0), --consent-given states that every row has it"
        )

    def as_json(self, purpose: str | None) -> dict[str, Any]:
        """Return it and the purpose as a JSON object."""
        return {"purpose": purpose, "column": self.column, "given": self.given}

    def notes(self, purpose: str | None) -> list[str]:
        """Return the notes on it for a summary."""
        if self.given:
            subject = "consent" if purpose is None else f"consent to {purpose!r}"
            return [f"--consent-given: {subject} was taken as given for every row, none was checked"]
        return [f"only rows with a yes in {self.column} were taken"] if self.column else []
