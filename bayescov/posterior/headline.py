"""The study's sentence, 'this group gained more connections than it lost', and its posterior under any weights of the draws."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bayescov.posterior.comparison import compare_each

__all__ = ["CERTAINTY", "SENTENCES", "Headline", "counts", "headline"]

Floats = npt.NDArray[np.float64]

CERTAINTY = 0.9  # the probability from which a direction is said, where no other is asked for
SENTENCES = ("more added", "more missing", "not decided")


class Headline(NamedTuple):
    """Over (population,), the patient groups."""

    n_added: Floats
    n_missing: Floats
    p_more_added: Floats
    p_more_missing: Floats
    sentence: npt.NDArray[np.object_]


def counts(draws: npt.NDArray, *, threshold: float, margin: float) -> Floats:
    """(2, population, draw): numbers of added and of missing connections, from correlations (draw, population, edge)."""
    tables = compare_each(draws, threshold=threshold, margin=margin)
    return np.stack([[t.n_added for t in tables], [t.n_missing for t in tables]])


def headline(numbers: Floats, weights: Floats, certainty: float) -> Headline:
    """Posterior means and probabilities of `counts`, the draws weighted by `weights` (which sum to one)."""
    added, missing = numbers
    p_added = (added > missing) @ weights
    p_missing = (missing > added) @ weights
    sentence = np.select([p_added >= certainty, p_missing >= certainty], SENTENCES[:2], SENTENCES[2])
    return Headline(added @ weights, missing @ weights, p_added, p_missing, sentence.astype(object))
