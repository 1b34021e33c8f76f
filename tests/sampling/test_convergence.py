"""R-hat and effective sample sizes equal ArviZ's, and are what theory says they are."""

import warnings

import arviz as az
import numpy as np
import pytest
import xarray as xr

from bayescov.sampling import convergence
from bayescov.sampling.convergence import ess_bulk, ess_mean, ess_tail, rhat, rhat_and_ess_bulk


def autoregressive(rng, coefficient, chains, length, count):
    noise = rng.standard_normal((chains, length, count))
    x = noise.copy()
    x[:, 0] /= np.sqrt(1 - coefficient**2)
    for t in range(1, length):
        x[:, t] = coefficient * x[:, t - 1] + noise[:, t]
    return x


def by_arviz(x):
    tree = xr.DataTree.from_dict(
        {"posterior": xr.Dataset({"x": (("chain", "draw", "what"), x)}, {"what": np.arange(x.shape[2])})}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = (
            az.rhat(tree), az.ess(tree, method="bulk"), az.ess(tree, method="tail", prob=(0.05, 0.95)),
            az.ess(tree, method="mean"),
        )  # fmt: skip
    return [f["x"].values for f in found]


@pytest.mark.parametrize(("chains", "length"), [(4, 500), (2, 101), (3, 57), (4, 8), (2, 5), (4, 4)])
@pytest.mark.parametrize("coefficient", [0.0, 0.9, -0.9])
def test_equal_to_arviz(chains, length, coefficient):
    rng = np.random.default_rng(length)
    x = autoregressive(rng, coefficient, chains, length, 8)
    x[:, :, :2] = np.round(x[:, :, :2])  # ties
    x[0, :, 2] += 1.0  # a chain apart
    x[:, :, 3] = np.exp(5 * x[:, :, 3])  # heavy tail
    x[-1, :, 4] *= 3.0  # a chain wider
    expected = by_arviz(x)
    for ours, theirs in zip((rhat(x), ess_bulk(x), ess_tail(x), ess_mean(x)), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_a_real_fit_of_correlated_draws_has_the_ess_that_theory_gives():
    coefficient, chains, length = 0.8, 4, 4000
    x = autoregressive(np.random.default_rng(3), coefficient, chains, length, 60)
    expected = chains * length * (1 - coefficient) / (1 + coefficient)
    r, ess = rhat_and_ess_bulk(x)
    # the mean over 60 series; one ESS estimate scatters by about 8 %
    assert abs(ess.mean() / expected - 1) < 0.05
    assert r.max() < 1.01


def test_chains_apart_or_of_other_width_are_found():
    x = np.random.default_rng(4).standard_normal((4, 500, 3))
    x[0, :, 1] += 0.5
    x[0, :, 2] *= 2.0
    r = rhat(x)
    assert r[0] < 1.01
    assert r[1] > 1.01
    assert r[2] > 1.01


def test_chains_that_never_move_have_an_immense_rhat():
    x = np.repeat(np.arange(4.0)[:, None], 100, axis=1)
    assert rhat(x) > 1e6


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_never_judged(bad):
    x = np.random.default_rng(5).standard_normal((4, 100, 2))
    x[2, 50, 1] = bad
    for measure in (rhat, ess_bulk, ess_tail, ess_mean):
        found = measure(x)
        assert np.isfinite(found[0])
        assert np.isnan(found[1])


def test_too_few_draws_are_never_judged():
    assert np.isnan(rhat(np.random.default_rng(6).standard_normal((4, 3)))).all()


def test_the_size_of_the_blocks_does_not_matter(monkeypatch):
    x = np.random.default_rng(7).standard_normal((2, 50, 30))
    whole = rhat_and_ess_bulk(x), ess_tail(x)
    monkeypatch.setattr(convergence, "BLOCK", 250)
    parts = rhat_and_ess_bulk(x), ess_tail(x)
    np.testing.assert_array_equal(whole[0], parts[0])
    np.testing.assert_array_equal(whole[1], parts[1])
