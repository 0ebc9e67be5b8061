"""Metrics of ir-measures, which are trec_eval's."""

import ir_measures
from exchange import Case, answer
from ir_measures import AP, RR, P, R, Success, nDCG

MEASURES = {"hit_rate": Success, "precision": P, "recall": R, "mrr": RR, "map": AP, "ndcg": nDCG}


def measure(case: Case, checked: bool) -> dict[str, float]:
    """``checked``: nothing is different: ir-measures counts a user without a list as 0, and repeats once."""
    qrels = [ir_measures.Qrel(user, item, 1) for user, item in case.truth]
    run = [ir_measures.ScoredDoc(user, item, score) for user, item, _, score in case.rows()]
    measures = {name: measure @ case.k for name, measure in MEASURES.items()}
    means = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
    return {name: means[measure] for name, measure in measures.items()}


if __name__ == "__main__":
    answer(measure, "ir-measures", "pytrec-eval-terrier")
