"""What the rows of all sites share: densities against whole matrices, and draws against a grid."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

import bayescov as bc
from bayescov.sampling.kernels import scalars, sites
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.start import data_of, prior_of, start_state
from tests.model.designs import random_design
from tests.sampling.callable import from_python

log_symmetry_density = from_python(scalars.log_symmetry_density)
sums_of_squares = from_python(sites.sums_of_squares)

PARTNER = np.array([3, -1, 4, 0, 2])


def correlation(c):
    matrix = np.eye(len(PARTNER))
    for j, k in enumerate(PARTNER):
        if k >= 0:
            matrix[j, k] = c
    return matrix


def test_sums_of_squares_make_the_distance():
    departures = np.random.default_rng(1).normal(size=5)
    alone, together, apart = sums_of_squares(departures, PARTNER)
    for c in (0.0, 0.4, 0.95):
        whole = departures @ np.linalg.solve(correlation(c), departures)
        assert alone + together / (1 + c) + apart / (1 - c) == pytest.approx(whole, rel=1e-12)


def test_density_given_the_rows_is_that_of_whole_matrices():
    rng, a, b, sd = np.random.default_rng(2), 1.5, 2.5, 0.7
    rows = sd * rng.normal(size=(3, 5))
    sums = np.sum([sums_of_squares(row / sd, PARTNER) for row in rows], axis=0)
    weights = np.array([2.0 * len(rows), sums[1], sums[2]])

    def whole(c):
        each = stats.multivariate_normal(cov=sd**2 * correlation(c)).logpdf(rows)
        return each.sum() + stats.beta(a, b).logpdf(c) + np.log(c * (1 - c))  # the logit's Jacobian

    found = [log_symmetry_density(np.log(c / (1 - c)), a, b, weights) for c in (0.2, 0.7, 0.98)]
    right = [whole(c) for c in (0.2, 0.7, 0.98)]
    np.testing.assert_allclose(np.diff(found), np.diff(right), rtol=1e-10)


@njit
def draw_sites(rng, first, data, prior, state):
    sites.draw_sites(rng, first, hold(data), hold(prior), hold(state))


def test_spread_and_symmetry_of_sites_are_drawn_from_their_density():
    spec = bc.load_model("pooled").change(mean={"site_scale": 0.6, "symmetry_a": 1.5, "symmetry_b": 2.5})
    design, rng = random_design(regions=5, sizes=(9, 8, 7), seed=4), np.random.default_rng(7)
    data, prior = data_of(spec, design), prior_of(spec, 3)
    state = start_state(spec, data, design, rng)
    first, scale = len(state.w) - 2, 0.6
    state.w[first:] = 0.3 * rng.normal(size=(2, 5))
    data = data._replace(partner=PARTNER, paired=True)
    draws = np.empty((20_000, 2))
    for draw in draws:
        draw_sites(rng, first, data, prior, state)
        assert state.row_sd[first] == state.row_sd[-1]
        draw[:] = np.log(state.row_sd[first]), state.row_symmetry[first]

    log_sd, c = np.linspace(-4, 1, 400)[:, None], np.linspace(0.0025, 0.9975, 200)
    alone, together, apart = np.sum([sums_of_squares(row, PARTNER) for row in state.w[first:]], axis=0)
    squares = alone + together / (1 + c) + apart / (1 - c)
    log_density = (
        -10 * log_sd - squares * np.exp(-2 * log_sd) / 2 - 2 * np.log((1 + c) * (1 - c))
    )  # two rows of two pairs
    log_density += log_sd - np.exp(2 * log_sd) / (2 * scale**2) + stats.beta(1.5, 2.5).logpdf(c)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    batches = draws.reshape(100, 200, 2).mean(axis=1)
    error = batches.std(axis=0) / np.sqrt(len(batches))
    right = (weight * log_sd).sum(), (weight * c).sum()
    assert (abs(draws.mean(axis=0) - right) < 4.5 * error + 5e-4).all()
    spread = (weight * log_sd**2).sum() - right[0] ** 2, (weight * c**2).sum() - right[1] ** 2
    np.testing.assert_allclose(draws.var(axis=0), spread, rtol=0.08)
