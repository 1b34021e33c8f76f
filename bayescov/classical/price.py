"""What removing covariates and sites costs the correlations of each group: variance that permuted groups do not have."""

import numpy as np
import numpy.typing as npt

from bayescov.design import Design
from bayescov.errors import AnswerError

__all__ = ["SMALLEST", "held_constant", "price_of"]

Floats = npt.NDArray[np.float64]
EXACT = 1e-9  # of a variance: less is rounding
SMALLEST = 5  # people a group: with fewer, Fisher's z has no useful standard error


def held_constant(design: Design, kind: str) -> int:
    """How many other regions a correlation of this kind holds constant."""
    return max(len(design.regions) - 2, 0) if kind == "partial" else 0


def price_of(
    design: Design, regressors: Floats, codes: npt.NDArray[np.intp], keep: npt.NDArray[np.bool_], *, held: int
) -> Floats:
    """What the regression adds to the variance of Fisher's z of each group minus that of the controls.

    With M the residual projection, a group's z has the variance trace(M_gg^2) / trace(M_gg)^2 to first order, and its covariance with
    that of the controls is trace(M_gc M_cg) / (trace(M_gg) trace(M_cc)). Where regions are held constant as well, the same
    people are taken from fewer.

    Parameters
    ----------
    design : Design
    regressors : ndarray
        (subject, column), weighted as in the regression.
    codes : ndarray
        (subject,): position of the group.
    keep : ndarray of bool
        (subject,): whose correlations are computed.
    held : int
        How many regions are held constant (`held_constant`).

    Returns
    -------
    ndarray
        (population,), zero for the controls.

    Raises
    ------
    AnswerError
        If too little is left of a group.
    """
    sizes, kept = np.asarray(design.sizes, dtype=float), np.bincount(codes[keep], minlength=len(design.sizes))
    grams = _grams(regressors, codes, len(sizes))
    # people minus what the regression takes from them
    trace = sizes - np.array([np.trace(gram) for gram in grams])
    _require_left(design, sizes, trace)
    own = np.array([n - 2 * np.trace(g) + (g**2).sum() for n, g in zip(sizes, grams, strict=True)]) / trace**2
    shared = np.array([(g * grams[0]).sum() for g in grams]) / (trace * trace[0])
    added = own - shared - 1 / (sizes - 1)
    added_to_controls = own[0] - shared - 1 / (sizes[0] - 1)
    if held:
        added = _where_held(design, added, np.arange(len(sizes)), kept, held)
        added_to_controls = _where_held(
            design, added_to_controls, np.zeros(len(sizes), dtype=int), kept, held
        )
    total = added + added_to_controls
    total[0] = 0.0
    return np.maximum(total, 0.0)


def _where_held(
    design: Design, added: Floats, group: npt.NDArray[np.intp], kept: npt.NDArray[np.intp], held: int
) -> Floats:
    """The variance that as many people cost where `held` regions are held constant; (population,): of each pair's `group`."""
    n = np.asarray(design.sizes, dtype=float)[group] - 1
    variance = 1 / n + added
    # Errors that a group shares with the controls cancel, up to all of its own (pairs at a site each): then they use up nobody.
    people = n - 1 / np.where(variance > EXACT, variance, EXACT)
    before = kept[group] - 3.0 - held
    for k in np.flatnonzero(before - people < 1.0):
        raise AnswerError(
            f"covariates and sites use up {people[k]:.1f} of the {n[k] + 1:.0f} people of {design.populations[group[k]]!r}, and partial "
            f"correlations hold {held} other regions constant as well, so that too little is left to correlate; use fewer "
            "covariates, fewer regions or kind='correlation'"
        )
    return np.asarray(1 / (before - people) - 1 / before)


def _require_left(design: Design, sizes: Floats, left: Floats) -> None:
    for name, n, spare in zip(design.populations, sizes, left, strict=True):
        if spare < SMALLEST - 2:
            raise AnswerError(
                f"covariates and sites use up {n - spare:.1f} of the {n:.0f} people of {name!r}, and too little is left "
                "to correlate; use fewer covariates, or leave the group out"
            )


def _grams(regressors: Floats, codes: npt.NDArray[np.intp], n_populations: int) -> list[Floats]:
    """Q_g' Q_g for every group, with Q an orthonormal basis of the regressors: all that M's blocks need."""
    left, singular, _ = np.linalg.svd(regressors, full_matrices=False)
    basis = left[:, singular > 1e-10 * singular[0]]
    return [basis[codes == g].T @ basis[codes == g] for g in range(n_populations)]
