r"""How probable departures and shifts are beforehand, once every R*_g has to be positive definite.

The prior of R_0, couplings, attenuations and departures is cut to where all centres are positive definite, with one constant
for everything. Departures seldom leave a matrix of many regions positive definite, so that an edge departs far less often
than its share pi_g ~ Beta(a, b) says by itself: in `adaptive`, of 14 regions, with .02 instead of .36 in a patient group or the
controls. A Bayes factor needs the former.

Given R_0, a group's departing edges are the first k of all in random order, and k is beta-binomial beforehand: one random
order tells of every k whether the centre is still positive definite, and no draw is thrown away.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import betabinom

from bayescov.design import from_edges, to_edges
from bayescov.model.forward import draw_shared
from bayescov.model.sections import SparsePrior
from bayescov.model.spec import ModelSpec

__all__ = ["PriorChances", "prior_chances"]

Floats = npt.NDArray[np.float64]

ENTRIES = 80_000  # rows of shared matrices that are averaged over: each probability is then known to a tenth of itself or better
LEAST = 400
PATIENCE = 8
LEAST_STEP = 1e-12  # what a step is divided by
SEED = 1


class PriorChances(NamedTuple):
    """That a patient group or the controls depart at an edge; that a patient group shifts. NaN where the model has no such thing."""

    included: float
    shifted: float


class _Mass(NamedTuple):
    """What of a group's prior is allowed with each shared matrix: (matrix,) all; where it shifts; (matrix, edge) where an edge stays."""

    all: Floats
    shifted: Floats
    stays: Floats


@lru_cache(maxsize=64)
def prior_chances(spec: ModelSpec, p: int, n_groups: int) -> PriorChances:
    """Prior probabilities under a model, given that every R*_g is positive definite.

    Parameters
    ----------
    spec : ModelSpec
    p : int
        Regions.
    n_groups : int
        Populations, the controls among them.

    Returns
    -------
    PriorChances
        Known to a tenth of themselves or better; the same in every call.

    References
    ----------
    Haynsworth, E. V. (1968). Determination of the inertia of a partitioned Hermitian matrix. Linear Algebra and its
    Applications 1.
    """
    if spec.shared is None or (spec.sparse is None and spec.coupling is None):
        return PriorChances(np.nan, np.nan)
    rng = np.random.default_rng(SEED)
    count = max(LEAST, ENTRIES // p)
    shared = np.array([draw_shared(spec.shared, p, rng)["shared_correlation"] for _ in range(count)])
    first = spec.first_departing(n_groups)
    masses = [_mass(spec, shared, p, rng, patient=g > 0, departs=g >= first) for g in range(n_groups)]
    every = np.prod([mass.all for mass in masses], axis=0)
    included, shifted = [], []
    for g, mass in enumerate(masses[1:], 1):
        others = np.prod([m.all for h, m in enumerate(masses) if h not in (0, g)], axis=0)
        shifted.append(np.mean(mass.shifted * masses[0].all * others) / every.mean())
        neither = np.mean(mass.stays * masses[0].stays, axis=1)
        included.append(1.0 - np.mean(neither * others) / every.mean())
    return PriorChances(
        np.nan if spec.sparse is None else float(np.mean(included)),
        np.nan if spec.coupling is None else float(np.mean(shifted)),
    )


def _mass(
    spec: ModelSpec, shared: Floats, p: int, rng: np.random.Generator, *, patient: bool, departs: bool
) -> _Mass:
    start = shared
    if patient and spec.attenuation is not None:
        lost = rng.random((len(shared), p)) < spec.attenuation.share
        kept = np.where(lost, rng.beta(1.0, spec.attenuation.shape, lost.shape), 1.0)
    else:
        kept = np.ones((len(shared), p))
    of_edges = to_edges(kept[:, :, None] * kept[:, None, :])
    sparse = spec.sparse if departs else None
    mass, stays = _allowed(of_edges * start, sparse, rng)
    if not patient or spec.coupling is None:
        return _Mass(mass, np.zeros_like(mass), stays)
    c = spec.coupling.scale * rng.standard_normal(len(shared))[:, None]
    share = spec.coupling.share
    shifted, shifted_stays = _allowed(of_edges * (1.0 - np.exp(-c) * (1.0 - start)), sparse, rng)
    return _Mass(
        (1.0 - share) * mass + share * shifted, share * shifted, (1.0 - share) * stays + share * shifted_stays
    )


def _allowed(start: Floats, sparse: SparsePrior | None, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(matrix,): with which probability departures from `start` leave it positive definite; (matrix, edge): and the edge stays.

    `start` is (matrix, edge). What has left may come back, by the edge that mends it; that is followed for `PATIENCE` edges.
    """
    n, m = start.shape
    positive = np.linalg.eigvalsh(from_edges(start))[:, 0] > 0
    share = (
        np.ones(1) if sparse is None else betabinom(m, sparse.share_a, sparse.share_b).pmf(np.arange(m + 1))
    )
    mass = share[0] * positive
    stays = np.repeat(mass[:, None], m, axis=1)
    if sparse is None:
        return mass, stays
    rows, columns = np.triu_indices(from_edges(start[:1]).shape[1], 1)
    order = np.argsort(rng.random((n, m)), axis=1)
    size = np.exp(np.log(sparse.size_median) + sparse.size_width * rng.standard_normal(n))
    left, watched = np.ones((n, m), dtype=bool), np.flatnonzero(positive)
    inverse, negative = np.linalg.inv(from_edges(start[watched])), np.zeros(len(watched), dtype=int)
    outside = np.zeros(len(watched), dtype=int)
    for k in range(1, m + 1):
        edge = order[watched, k - 1]
        before = start[watched, edge]
        step = np.tanh(np.arctanh(before) + size[watched] * rng.standard_normal(len(watched))) - before
        inverse, more = _stepped(inverse, rows[edge], columns[edge], step)
        negative += more
        left[watched, edge] = False
        inside = watched[negative == 0]
        mass[inside] += share[k]
        stays[inside] += share[k] * left[inside]
        outside = np.where(negative == 0, 0, outside + 1)
        keep = outside < PATIENCE
        watched, inverse, negative, outside = watched[keep], inverse[keep], negative[keep], outside[keep]
        if not len(watched):
            break
    return mass, stays


def _stepped(
    inverse: Floats, i: npt.NDArray[np.int_], j: npt.NDArray[np.int_], step: Floats
) -> tuple[Floats, npt.NDArray[np.int_]]:
    """Inverses where the element (i, j) of each matrix moved by `step`, and how many more of its eigenvalues are negative now.

    With U the columns i and j of the identity and B = [[0, 1], [1, 0]] / step + U' K U, the new inverse is
    K - K U B^-1 U' K, and the matrix has one negative eigenvalue more where B is positive definite, one fewer where it is
    negative definite (Haynsworth 1968).
    """
    at = np.arange(len(inverse))
    ii, jj = inverse[at, i, i], inverse[at, j, j]
    off = inverse[at, i, j] + 1.0 / np.where(np.abs(step) < LEAST_STEP, LEAST_STEP, step)
    pair = np.stack([inverse[at, i], inverse[at, j]], axis=1)
    small = np.array([[ii, off], [off, jj]]).transpose(2, 0, 1)
    more = np.where(ii * jj > off**2, np.sign(ii), 0.0).astype(int)
    return inverse - pair.transpose(0, 2, 1) @ np.linalg.solve(small, pair), more
