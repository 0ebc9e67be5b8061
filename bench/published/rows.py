"""The published rows, with their sources, and the questions on which ours stand beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.published import data
from evaluation.task import Task


@dataclass(frozen=True)
class Published:
    """A row of somebody else's. ``same``: on the very same split; ``hit_rate``: None where it was not published."""

    name: str
    hit_rate: float | None
    ndcg: float
    source: str
    same: bool = True


@dataclass(frozen=True)
class Benchmark:
    """``key``: names the page's part and the folder of lists; ``unless``: left out where this one's data is there."""

    key: str
    title: str
    read: Callable[[Path], Task]
    published: tuple[Published, ...]
    get: str
    unless: str = ""


_GSASREC = "[gSASRec-pytorch](https://github.com/asash/gSASRec-pytorch)"
_ANTKLEN = "[Klenitskiy and Vasilev, 2023](https://arxiv.org/abs/2309.07602)"
_HSTU = "[generative-recommenders](https://github.com/facebookresearch/generative-recommenders)"
_RECBOLE = "[RecBole's quick start](https://recbole.io/docs/get_started/started/sequential.html)"
_CLONE = "git clone https://github.com/asash/gSASRec-pytorch"
_TEST = (
    Published("SASRec", 0.2392, 0.1259, f"{_GSASREC}, README"),
    Published("gSASRec", 0.3003, 0.1726, f"{_GSASREC}, README"),
    Published("BERT4Rec", 0.2843, 0.1537, f"{_ANTKLEN}", same=False),
    Published("SASRec+", 0.3152, 0.1821, f"{_ANTKLEN}", same=False),
    Published("HSTU-large", 0.3294, 0.1893, f"{_HSTU}, README", same=False),
)
BENCHMARKS = (
    Benchmark("ml-1m-test", "MovieLens 1M, the last item of 6,040 users", data.ml_1m_test, _TEST, _CLONE),
    Benchmark(
        "ml-1m-validation",
        "MovieLens 1M, the last but one item of gSASRec's 512 validation users",
        data.ml_1m_validation,
        (
            Published("SASRec", None, 0.1428, f"{_GSASREC}, in the checkpoint's name"),
            Published("gSASRec", None, 0.1974, f"{_GSASREC}, in the checkpoint's name"),
        ),
        _CLONE,
    ),
    Benchmark(
        "ml-1m-gap",
        "MovieLens 1M, the last item of 6,040 users, without the item before it",
        data.ml_1m_gap,
        _TEST,
        _CLONE,
        unless="ml-1m-test",
    ),
    Benchmark(
        "ml-100k",
        "MovieLens 100k, the last item of 943 users",
        data.ml_100k,
        (Published("GRU4Rec", 0.1103, 0.0513, f"{_RECBOLE} (seen items are not left out)"),),
        "pip download --no-deps recbole==1.2.1",
    ),
)
