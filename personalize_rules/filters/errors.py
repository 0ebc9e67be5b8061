"""The refusal of a filter expression."""


class InvalidFilter(ValueError):
    """An expression that is not valid; ``problem`` is the reason in one line."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Input is not a valid filter expression: {problem}")
        self.problem = problem
