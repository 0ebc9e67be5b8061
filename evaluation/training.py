"""What may be trained on, as the comparison sees it: counts of interactions that are in memory, or in parts on disk."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Training(Protocol):
    """A ``TrainingSet``, or ``parts.training.PartedTraining``. What they say means the same."""

    @property
    def item_ids(self) -> Sequence[str]: ...

    @property
    def first(self) -> int | float: ...

    @property
    def last(self) -> int | float: ...

    def __len__(self) -> int: ...

    def item_counts(self, size: int) -> npt.NDArray[np.int64]: ...

    def user_counts(self) -> npt.NDArray[np.integer]: ...

    def first_times(self, size: int) -> npt.NDArray[np.int64]: ...

    def late(self, moment: int) -> int: ...
