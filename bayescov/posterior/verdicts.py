"""From probabilities to verdicts, holding the Bayesian false discovery rate. Plain arrays.

References
----------
Newton, M. A. et al. (2004). Detecting differential gene expression with a semiparametric hierarchical mixture
method. Biostatistics 5.
Müller, P., Parmigiani, G. and Rice, K. (2006). FDR and Bayesian multiple comparisons rules. Bayesian Statistics 8.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["DOUBT", "UNCHANGED", "UNDECIDED", "expected_fdr_list", "verdicts"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

UNCHANGED = "unchanged"
UNDECIDED = "undecided"

# No change is called that is more doubtful than so many times the expected share of wrong ones. A list on which several structures
# agree may hold as many wrong ones in all: a share of one or two changes is less than any can be known by, and the false discovery
# rate, a mean over lists, stays what was asked for (models/adaptive.md). What one structure believes by itself, and may well believe
# too much (`pooled` where few connections differ), has to keep to the share.
DOUBT = 3.0
# Sums of a few thousand probabilities that were counted from draws are exact to about this.
ROUNDING = 1e-12


def expected_fdr_list(probability: npt.ArrayLike, fdr: float, *, wrong: float = 0.0) -> Mask:
    """The largest set of the most probable statements of which at most a share `fdr`, or `wrong` in all, is expected to be wrong.

    Statements of equal probability are taken together or not at all, so the order in which they come does not
    matter. NaN is never taken.

    Parameters
    ----------
    probability : array_like
        (statement,)
    fdr : float
        The expected share of wrong ones, the mean of ``1 - probability`` over the set, is at most this;
    wrong : float
        or their expected number, the sum of ``1 - probability``, at most this. Then no more than this is also the probability that
        any is wrong.

    Returns
    -------
    ndarray of bool
        (statement,)
    """
    stated = np.asarray(probability, dtype=float)
    p = np.nan_to_num(stated, nan=0.0)
    ordered = np.sort(p)[::-1]
    allowed_wrong = np.maximum(fdr * np.arange(1, p.size + 1), wrong)
    last_of_its_value = np.append(ordered[1:] < ordered[:-1], True)[: p.size]
    allowed = np.flatnonzero((np.cumsum(1.0 - ordered) <= allowed_wrong + ROUNDING) & last_of_its_value)
    if allowed.size == 0:
        return np.zeros(p.shape, dtype=bool)
    return np.asarray((p >= ordered[allowed[-1]]) & ~np.isnan(stated))


def verdicts(
    changes: Sequence[str],
    probability: Floats,
    unchanged: Floats,
    fdr: float,
    *,
    agreed: Floats | None = None,
    several: bool = False,
    unchanged_low: Floats | None = None,
) -> npt.NDArray[np.object_]:
    """One verdict an item: its most probable change if that may be called, else unchanged, else undecided.

    Parameters
    ----------
    changes : sequence of str
        Names of the kinds of change.
    probability : ndarray
        (change, item): the probability of each kind.
    unchanged : ndarray
        (item,)
    fdr : float
        Held once over all changes of all items, and once over all items called unchanged.
    agreed : ndarray, optional
        (change, item): the probability that all structures agree on which foretell the people well. No change is called
        where it is below ``1 - 3 * fdr``: more certain changes carry only so much.
    several : bool
        Whether several structures agree on `agreed`. Then one or two changes may be called for which `fdr` would be too little,
        if at most ``3 * fdr`` of them in all is expected to be wrong.
    unchanged_low : ndarray, optional
        (item,): the lowest probability that any structure gives to no change.

    Returns
    -------
    ndarray of str
        (item,)
    """
    kind = probability.argmax(axis=0)
    item = np.arange(probability.shape[1])
    stated = probability[kind, item]
    if agreed is not None:
        stated = np.where(agreed[kind, item] >= 1.0 - DOUBT * fdr - ROUNDING, stated, np.nan)
    changed = expected_fdr_list(stated, fdr, wrong=DOUBT * fdr if several else 0.0)
    # "Unchanged" is a claim too, and a prior that leans to no change must not make it: the structure that expects the
    # most change has to agree.
    lowest = unchanged if unchanged_low is None else np.minimum(unchanged, unchanged_low)
    same = expected_fdr_list(lowest, fdr)
    names = np.array(list(changes), dtype=object)
    return np.where(changed, names[kind], np.where(same, UNCHANGED, UNDECIDED)).astype(object)
