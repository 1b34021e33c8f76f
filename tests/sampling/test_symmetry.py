"""The correlation between left and right: its density against whole matrices, and what a fit makes of losses that are alike."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import bayescov as bc
from bayescov.sampling.kernels import scalars, symmetry
from bayescov.simulate import simulate_cohort, truth
from tests.sampling.callable import from_python

log_symmetry_density = from_python(scalars.log_symmetry_density)
sums_of_squares = from_python(symmetry.sums_of_squares)

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
    weights = np.array([2.0 * len(rows), sums[1], sums[2], 0, 0, 0, 0, 0])

    def whole(c):
        each = stats.multivariate_normal(cov=sd**2 * correlation(c)).logpdf(rows)
        return each.sum() + stats.beta(a, b).logpdf(c) + np.log(c * (1 - c))  # the logit's Jacobian

    found = [log_symmetry_density(np.log(c / (1 - c)), a, b, weights) for c in (0.2, 0.7, 0.98)]
    right = [whole(c) for c in (0.2, 0.7, 0.98)]
    np.testing.assert_allclose(np.diff(found), np.diff(right), rtol=1e-10)


def test_density_given_the_standardised_rows_is_the_likelihood_of_the_rows_they_make():
    rng = np.random.default_rng(3)
    together, apart, linear = rng.normal(size=(3, 5))
    root = rng.normal(size=(5, 5))
    information = root @ root.T
    weights = np.array(
        [
            0.0, 0.0, 0.0, linear @ together, linear @ apart,
            together @ information @ together, together @ information @ apart, apart @ information @ apart,
        ]
    )  # fmt: skip

    def whole(c):
        moved = np.sqrt(1 + c) * together + np.sqrt(1 - c) * apart
        return linear @ moved - moved @ information @ moved / 2 + np.log(c * (1 - c))

    found = [log_symmetry_density(np.log(c / (1 - c)), 1.0, 1.0, weights) for c in (0.2, 0.7, 0.98)]
    np.testing.assert_allclose(np.diff(found), np.diff([whole(c) for c in (0.2, 0.7, 0.98)]), rtol=1e-10)


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
