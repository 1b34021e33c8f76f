"""What is said of a row of W by its estimate, against whole normal distributions; and what fits make of losses that are alike."""

from dataclasses import replace

import numpy as np
import pytest
from numba import njit
from scipy import stats

import bayescov as bc
from bayescov.sampling.kernels import evidence, means
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.start import data_of, prior_of, start_state
from bayescov.simulate import simulate_cohort, truth
from tests.model.designs import random_design
from tests.sampling.callable import from_python

ROW = 1


@njit
def fill_precision(free, data, prior, state, precision, right):
    means.fill_precision(free, hold(data), hold(prior), hold(state), precision, right)


@njit
def log_evidence(estimate, error, data, prior, state):
    work = np.empty((2, *error.shape))
    return evidence.log_evidence(ROW, estimate, error, hold(data), hold(prior), hold(state), work)


find_estimate = from_python(means.find_estimate)


@pytest.fixture
def case():
    """A cohort with homologues, a covariate and something in every row that does not differ."""
    design = random_design(regions=5, sizes=(9, 8, 7), seed=4)
    spec, rng = bc.load_model("adaptive"), np.random.default_rng(1)
    data = data_of(spec, design)
    assert data.paired
    state, prior = start_state(spec, data, design, rng), prior_of(spec, 3)
    state.omega[:] = np.linalg.inv(0.1 * np.eye(5) + 0.9) * rng.uniform(0.8, 1.2, (3, 1, 1))
    state.row_sd[1:] = rng.uniform(0.2, 0.8, len(state.w) - 1)
    state.row_symmetry[1:] = rng.uniform(0.2, 0.8, len(state.w) - 1)
    state.row_included[1:3] = data.partner % 2  # homologues of odd regions are odd
    state.row_included[1:3][:, data.partner < 0] = 1
    for j, k in enumerate(data.partner):
        state.row_included[1:3, j] = state.row_included[1:3, min(j, k) if k >= 0 else j]
    return data, prior, state


def prior_covariance(r, data, prior, state):
    on = state.row_included[r] == 1
    alike = np.eye(len(on))
    for j, k in enumerate(data.partner):
        if k >= 0:
            alike[j, k] = state.row_symmetry[r]
    shift = prior.shift_sd**2 if data.row_kind[r] == means.LEARNED else 0.0
    return np.where(
        np.outer(on, on), state.row_sd[r] ** 2 * alike + shift, prior.same_sd**2 * np.eye(len(on))
    )


def test_the_estimate_is_what_everybody_says_of_the_row_without_its_prior(case):
    data, prior, state = case
    q, p = state.w.shape
    precision, right = np.empty((q * p, q * p)), np.empty(q * p)
    fill_precision(ROW, data, prior, state, precision, right)
    order = np.array([r for r in range(q) if r != ROW] + [ROW])
    whole = sum(np.kron(state.xx[g][np.ix_(order, order)], state.omega[g]) for g in range(3))
    for place, r in enumerate(order[:-1]):
        here = slice(place * p, (place + 1) * p)
        whole[here, here] += np.linalg.inv(prior_covariance(r, data, prior, state))
    np.testing.assert_allclose(np.tril(precision), np.tril(whole), rtol=1e-9, atol=1e-9)
    pull = sum((state.xy[g] @ state.omega[g])[order].ravel() for g in range(3))
    np.testing.assert_allclose(right, pull, rtol=1e-9)
    estimate, error = np.empty(p), np.empty((p, p))
    find_estimate(np.linalg.cholesky(precision), right, estimate, error)
    np.testing.assert_allclose(estimate, np.linalg.solve(whole, pull)[-p:], rtol=1e-8)
    np.testing.assert_allclose(error, np.linalg.inv(whole)[-p:, -p:], rtol=1e-8, atol=1e-12)


def test_evidence_is_the_normal_density_of_the_estimate(case):
    data, prior, state = case
    rng, found, right = np.random.default_rng(2), [], []
    root = rng.normal(size=(5, 5))
    error, estimate = 0.02 * root @ root.T, rng.normal(size=5)
    for sd, symmetry in ((0.3, 0.2), (0.9, 0.999), (1e-9, 0.5)):  # the last in no precision matrix any more
        state.row_sd[ROW], state.row_symmetry[ROW] = sd, symmetry
        for on in (0, 1):
            state.row_included[ROW, data.partner < 0] = on
            found.append(log_evidence(estimate, error, data, prior, state))
            whole = error + prior_covariance(ROW, data, prior, state)
            right.append(stats.multivariate_normal(cov=whole).logpdf(estimate))
    np.testing.assert_allclose(np.diff(found), np.diff(right), rtol=1e-8)


def test_losses_that_are_alike_left_and_right_are_told_from_those_that_are_not():
    rng = np.random.default_rng(4)
    loss = rng.normal(-1.0, 0.8, 14)
    found = {}
    for name, losses in (("alike", np.tile(loss[:7], 2)), ("not", loss)):
        plain = truth("null", p=14, rng=np.random.default_rng(5))
        mean = plain.mean.copy()
        mean[1] = mean[0] + losses * plain.sd[0]
        people = simulate_cohort(replace(plain, mean=mean), (60, 60, 60), rng=np.random.default_rng(6))
        fit = bc.fit(bc.prepare(people), model="pooled", seed=1, structures=False, progress=False)
        found[name] = fit["posterior"]["mean_symmetry"].sel(patient="MS").values
    assert found["alike"].mean() > 0.8
    assert found["not"].mean() < 0.5


def test_without_homologues_there_is_no_symmetry():
    cohort = bc.simulate_study("ms-nmosd", seed=1)
    left = [r for r in cohort.regions if r.startswith("Left")]
    people = bc.Cohort.from_frames(cohort.volumes[left], cohort.group, control=cohort.control)
    fit = bc.fit(bc.prepare(people), model="separate", seed=1, progress=False)
    assert not [name for name in fit["posterior"].data_vars if "symmetry" in str(name)]
