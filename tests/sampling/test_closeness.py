"""The draws of kappa, against quadrature of its density where everything else is held."""

import math
from collections import namedtuple

import numpy as np
import pytest
from numba import njit
from scipy.special import gammaln

from bayescov.model.sections import DensePrior
from bayescov.sampling.kernels.closeness import INFINITE, draw_closeness
from bayescov.sampling.start import _closeness_grid

Grid = namedtuple("Grid", ["log_kappas", "gammas", "sizes"])
Prior = namedtuple("Prior", ["kappa_median", "kappa_width", "kappa_atom"])

STEPS = 400_000


@njit
def drawn(rng, kappa, eigenvalues, grid, prior, out):
    for i in range(len(out)):
        kappa = draw_closeness(rng, kappa, eigenvalues, 0, eigenvalues.shape[0], grid, prior)
        out[i] = kappa


def log_density(log_kappa, eigenvalues, sizes, median, width):
    kappa, p = np.exp(log_kappa), eigenvalues.shape[1]
    value = -0.5 * ((log_kappa - math.log(median)) / width) ** 2
    for own, n in zip(eigenvalues, sizes, strict=True):
        value -= (
            0.5 * (kappa + p + 1 + n) * np.log1p(own[:, None] / kappa).sum(axis=0) + 0.5 * n * p * log_kappa
        )
        for i in range(p):
            value += gammaln(0.5 * (kappa + p + 1 + n - i)) - gammaln(0.5 * (kappa + p + 1 - i))
    return value


# The first is narrow beside a cell of the grid: there, a step that is taken only after a rejection narrows it by a seventh.
@pytest.mark.parametrize(
    ("median", "width", "atom", "sizes", "apart"),
    [
        (40.0, 1.5, 0.0, (102, 120, 105), 40),
        (8000.0, 2.0, 0.0, (34, 40, 35), 30),
        (40.0, 1.5, 0.3, (20, 20), 400),
    ],
)
def test_draws_of_kappa_are_those_of_its_density(median, width, atom, sizes, apart):
    p, rng = 14, np.random.default_rng(1)
    log_kappas, gammas = _closeness_grid(
        DensePrior(median=median, width=width, atom=atom), p, np.array(sizes, float)
    )
    eigenvalues = np.empty((len(sizes), p))
    for g, n in enumerate(sizes):
        wishart = rng.standard_normal((apart + p + 1, p))
        root = np.linalg.cholesky(apart * np.linalg.inv(wishart.T @ wishart))
        people = rng.standard_normal((n, p)) @ root.T
        eigenvalues[g] = np.linalg.eigvalsh(people.T @ people)
    grid, out = Grid(log_kappas, gammas, np.array(sizes, float)), np.empty(STEPS)
    drawn(np.random.default_rng(2), median, eigenvalues, grid, Prior(median, width, atom), out)

    x = np.linspace(log_kappas[0] - 4, log_kappas[-1] + 4, 40_001)
    density = log_density(x, eigenvalues, sizes, median, width)
    at_infinity = log_density(np.array([math.log(INFINITE)]), eigenvalues, sizes, median, 1e9)[0]
    finite = np.exp(density - density.max()) * (x[1] - x[0]) * (1 - atom) / (width * math.sqrt(2 * math.pi))
    whole = finite.sum() + atom * math.exp(at_infinity - density.max())
    mean = (x * finite).sum() / finite.sum()
    variance = ((x - mean) ** 2 * finite).sum() / finite.sum()

    def agrees(values, expected):
        batches = values[: len(values) // 200 * 200].reshape(200, -1).mean(axis=1)
        assert abs(batches.mean() - expected) <= 5 * batches.std() / math.sqrt(200) + 1e-12

    is_finite = out != INFINITE
    agrees(is_finite.astype(float), finite.sum() / whole)
    log_kappa = np.log(out[is_finite])
    agrees(log_kappa, mean)
    agrees((log_kappa - mean) ** 2, variance)
