"""Which structures differ: against every combination of them, and what fits make of losses that are focal or everywhere."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import betaln, logsumexp

import bayescov as bc
from bayescov.sampling.kernels import focal, means
from bayescov.sampling.start import data_of, start_state
from bayescov.simulate import simulate_cohort, truth
from tests.model.designs import random_design
from tests.sampling.callable import from_python

draw_included, cross_products = from_python(focal.draw_included), from_python(means.cross_products)

SHARE_A, SHARE_B, SAME_SD, SHIFT_SD = 1.5, 2.5, 0.2, 0.8


def test_structures_differ_as_often_as_all_combinations_say():
    design = random_design(regions=3, sizes=(9, 8, 7), seed=4)
    spec, rng = bc.load_model("sparse"), np.random.default_rng(1)
    data = data_of(spec, design)
    state = start_state(spec, data, design, rng)
    q, p = state.w.shape
    state.omega[:] = np.linalg.inv(0.1 * np.eye(p) + 0.9) * rng.uniform(0.8, 1.2, (3, 1, 1))
    state.row_sd[1:], state.row_symmetry[1:] = 0.5, 0.6
    cross_products(data.regressors, state.y, state.weight, data.codes, state.xx, state.xy, state.yy)
    counts, sweeps, shares = {}, 20_000, []
    for _ in range(sweeps):
        draw_included(
            rng, state.xx, state.xy, state.omega, data.row_kind, state.row_sd, state.row_symmetry,
            state.row_included, state.row_share, SAME_SD, data.partner, SHIFT_SD, SHARE_A, SHARE_B,
        )  # fmt: skip
        assert (state.row_included[:, 0] == state.row_included[:, 1]).all()
        found = tuple(int(k) for k in state.row_included[1:3, 1:].ravel())
        counts[found] = counts.get(found, 0) + 1
        shares.append(
            state.row_share[1:3]
            - (SHARE_A + state.row_included[1:3, 1:].sum(axis=1)) / (SHARE_A + SHARE_B + 2)
        )
    information = sum(np.kron(state.xx[g], state.omega[g]) for g in range(3))
    pull = sum((state.xy[g] @ state.omega[g]).ravel() for g in range(3))
    evidence = {}
    for found in product((0, 1), repeat=4):
        covariance = np.zeros((q, p, q, p))
        for r in range(q):
            differs = np.array([not 1 <= r <= 2 or found[2 * (r - 1) + (j == 2)] for j in range(p)])
            alike = np.eye(p)
            alike[[0, 1], [1, 0]] = state.row_symmetry[r]
            whole = state.row_sd[r] ** 2 * alike + (SHIFT_SD**2 if data.row_kind[r] == means.LEARNED else 0.0)
            covariance[r, :, r] = np.where(np.outer(differs, differs), whole, SAME_SD**2 * np.eye(p))
        prior = np.linalg.inv(covariance.reshape(q * p, q * p))
        both = information + prior
        value = np.linalg.slogdet(prior)[1] - np.linalg.slogdet(both)[1] + pull @ np.linalg.solve(both, pull)
        log_beta = sum(betaln(SHARE_A + sum(k), SHARE_B + 2 - sum(k)) for k in (found[:2], found[2:]))
        evidence[found] = value / 2 + log_beta
    total = logsumexp(list(evidence.values()))
    assert np.exp(max(evidence.values()) - total) < 0.8
    for found, value in evidence.items():
        right = np.exp(value - total)
        # sweeps are all but independent: every structure is drawn from its own conditional in each
        assert counts.get(found, 0) / sweeps == pytest.approx(right, abs=6 * np.sqrt(right / sweeps)), found
    scores = np.mean(shares, axis=0) / (np.std(shares, axis=0) / np.sqrt(sweeps))
    assert abs(scores).max() < 4.5


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
