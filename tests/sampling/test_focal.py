"""Which structures differ: against every combination of them, and what fits make of losses that are focal or everywhere."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numba import njit
from scipy.special import betaln, logsumexp
from scipy.stats import beta, halfnorm, qmc

import bayescov as bc
from bayescov.sampling.kernels import evidence, focal
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.start import data_of, prior_of, start_state
from bayescov.simulate import simulate_cohort, truth
from tests.model.designs import random_design

SHARE_A, SHARE_B, SAME_SD, SHIFT_SD, SPREAD = 1.5, 2.5, 0.2, 0.8, 0.5
ROW = 1


@njit
def draw_row(rng, estimate, error, data, prior, state):
    data, prior, state = hold(data), hold(prior), hold(state)
    focal.draw_included(rng, ROW, estimate, error, data, prior, state)
    evidence.draw_spread_and_symmetry(rng, ROW, estimate, error, data, prior, state)


def test_structures_differ_as_often_as_all_combinations_say():
    """Spread and symmetry integrated out by points of their priors; the draws are made by all moves of a row together."""
    design = random_design(regions=5, sizes=(9, 8, 7), seed=4)
    spec = bc.load_model("adaptive").change(
        focal={"share_a": SHARE_A, "share_b": SHARE_B, "same_sd": SAME_SD},
        mean={"shift_sd": SHIFT_SD, "spread_scale": SPREAD, "symmetry_b": 2.0},
    )
    rng, data, prior = np.random.default_rng(1), data_of(spec, design), prior_of(spec, 3)
    state = start_state(spec, data, design, rng)
    p, partner = 5, data.partner
    structures = [j for j in range(p) if partner[j] <= j]
    members = [[j] if partner[j] < 0 else [j, partner[j]] for j in structures]
    assert sorted(len(m) for m in members) == [1, 1, 1, 2]
    root = rng.normal(size=(p, p))
    error, estimate = 0.03 * np.eye(p) + 0.02 * root @ root.T, 0.35 * rng.normal(size=p)

    draws, each = 200_000, {}
    for k in range(draws):
        draw_row(rng, estimate, error, data, prior, state)
        on = state.row_included[ROW]
        assert all(on[m[0]] == on[m[-1]] for m in members)
        each.setdefault(tuple(int(on[j]) for j in structures), []).append((k, state.row_share[ROW]))

    points = 4096
    sobol = qmc.Sobol(2, seed=1).random(points)
    sd, symmetry = SPREAD * halfnorm.ppf(sobol[:, 0]), beta(1.0, 2.0).ppf(sobol[:, 1])
    alike = np.zeros((p, p))
    for j, k in enumerate(partner):
        alike[j, k if k >= 0 else j] = k >= 0
    expected = {}
    for found in product((0, 1), repeat=4):
        on = np.zeros(p)
        for m, differs in zip(members, found, strict=True):
            on[m] = differs
        shape = np.eye(p) + symmetry[:, None, None] * alike
        inside = np.outer(on, on)
        whole = (
            error + inside * (sd[:, None, None] ** 2 * shape + SHIFT_SD**2) + np.diag((1 - on) * SAME_SD**2)
        )
        square = np.einsum("i,mi->m", estimate, np.linalg.solve(whole, estimate[None, :, None])[..., 0])
        density = np.exp(-0.5 * (np.linalg.slogdet(whole)[1] + square)).mean()
        expected[found] = np.log(density) + betaln(SHARE_A + sum(found), SHARE_B + 4 - sum(found))
    total = logsumexp(list(expected.values()))
    assert max(expected.values()) - total < np.log(0.6)
    for found, value in expected.items():
        right = np.exp(value - total)
        times, shares = np.array(each[found]).T
        series = np.zeros(draws)
        series[times.astype(int)] = 1.0
        blocks = series.reshape(200, -1).mean(axis=1)  # a thousand draws each: all but independent
        assert abs(series.mean() - right) < 5 * blocks.std() / np.sqrt(200), found
        middle = (SHARE_A + sum(found)) / (SHARE_A + SHARE_B + 4)
        assert abs(shares.mean() - middle) < 5 * shares.std() / np.sqrt(len(shares)), found


def fitted(loss, seed):
    plain = truth("null", p=14, rng=np.random.default_rng(seed))
    mean = plain.mean.copy()
    mean[1:] = mean[0]
    mean[1] += np.tile(loss, 2) * plain.sd[0]
    people = simulate_cohort(replace(plain, mean=mean), (40, 40, 40), rng=np.random.default_rng(seed + 1))
    spec = bc.load_model("separate").change(focal={})
    return bc.volumes(bc.fit(bc.prepare(people), model=spec, seed=1, progress=False))


def test_where_one_structure_differs_the_others_are_not_drawn_along():
    found = fitted(np.array([-1.2, 0, 0, 0, 0, 0, 0]), 5).sel(population="MS")
    p = found["p_differs"].values
    assert p[[0, 7]].min() > 0.95
    assert np.delete(p, [0, 7]).mean() < 0.25
    np.testing.assert_array_equal(p[:7], p[7:])
    assert set(np.flatnonzero(found["verdict"] == "smaller")) == {0, 7}


def test_where_all_differ_all_are_drawn_together():
    found = fitted(np.linspace(-1.4, -1.0, 7), 7).sel(population="MS")
    assert found["p_differs"].min() > 0.9
    assert (found["verdict"] == "smaller").all()


def test_a_graph_refuses_structures_that_may_hardly_differ():
    design = random_design(seed=2)
    with pytest.raises(bc.BayescovError, match=r"\[focal\]"):
        bc.fit(design, model=bc.load_model("separate").change(focal={}), engine="nuts", progress=False)
