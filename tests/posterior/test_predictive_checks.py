"""Posterior predictive checks: they pass for data of the model's own kind, and fail for the kinds of misfit they name."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayescov as bc
from bayescov.errors import AnswerError
from bayescov.posterior import discrepancies
from bayescov.posterior.parameters import parameters_of
from bayescov.posterior.predictive_checks import replicate
from tests.posterior.fakes import conjugate_fit, design_from, fake_fit

SIZES = {"HC": 40, "MS": 45, "NMOSD": 50}
N = sum(SIZES.values())


def factor_data(rng, n=N, p=6):
    return rng.normal(size=(n, p)) + rng.normal(size=(n, 1))


@pytest.fixture(scope="module")
def good():
    rng = np.random.default_rng(5)
    return bc.posterior_predictive_checks(conjugate_fit(design_from(factor_data(rng), SIZES), rng), draws=150)


def test_a_true_model_passes_every_check(good):
    for check in bc.judge_predictions(good):
        assert check.passed is True, check.text
    for name in ("sd", "correlation", "eigenvalue", "tail"):
        assert (good[f"{name}_replicated_low"] <= good[f"{name}_replicated_high"]).all()
        assert good[f"{name}_p"].min() > 0.001


def test_heavy_tails_are_found_and_named():
    rng = np.random.default_rng(6)
    y = factor_data(rng)
    y[40:85] *= np.sqrt(3 / rng.chisquare(3, size=(45, 1)))
    checks = bc.posterior_predictive_checks(conjugate_fit(design_from(y, SIZES), rng), draws=300)
    tails = bc.judge_predictions(checks)[-1]
    assert tails.passed is False
    assert "in MS (heavy tails" in tails.text
    assert "likelihood.family = 'student'" in tails.text


def test_wrong_spreads_and_correlations_are_found_and_named():
    rng = np.random.default_rng(7)
    y = factor_data(rng)
    fit = conjugate_fit(design_from(y, SIZES), rng)
    fit["posterior"]["sd"].loc[{"population": "MS", "region": "R2"}] *= 2.0
    checks = {c.name: c for c in bc.judge_predictions(bc.posterior_predictive_checks(fit, draws=300))}
    assert checks["standard deviations"].passed is False
    assert "region R2 in MS" in checks["standard deviations"].text
    assert checks["correlations"].passed is True
    fit = conjugate_fit(design_from(y, SIZES), rng)
    fit["posterior"]["correlation"].loc[{"population": "NMOSD"}] *= 0.0
    checks = {c.name: c for c in bc.judge_predictions(bc.posterior_predictive_checks(fit, draws=300))}
    assert checks["correlations"].passed is False
    assert "of NMOSD:" in checks["correlations"].text
    assert checks["largest eigenvalues"].passed is False


def test_nan_never_passes(good):
    broken = good.copy(deep=True)
    broken["sd_worst_p"][1] = np.nan
    broken["tail_p"][2] = np.nan
    checks = bc.judge_predictions(broken)
    assert checks[0].passed is None
    assert checks[0].text.endswith("of the residuals in HC, NMOSD.")
    assert checks[-1].passed is None
    assert checks[-1].text.endswith("as the model expects in HC, MS.")


def test_a_region_that_a_whole_group_lacks_is_left_out_and_nothing_else():
    rng = np.random.default_rng(12)
    y = factor_data(rng)
    fit = conjugate_fit(design_from(y, SIZES), rng)
    fit["posterior"]["sd"].loc[{"population": "MS", "region": "R2"}] *= 2.0
    fit["observed_data"]["y"].values[40:85, 4] = np.nan
    checks = bc.posterior_predictive_checks(fit, draws=300)
    assert np.argwhere(checks["sd_p"].isnull().values).tolist() == [[1, 4]]
    lost = checks["correlation_p"].isnull()
    with_it = (checks["region_a"] == "R4") | (checks["region_b"] == "R4")
    np.testing.assert_array_equal(lost, [np.zeros(15), with_it, np.zeros(15)])
    assert checks["tail_p"].notnull().all()
    found = {c.name: c for c in bc.judge_predictions(checks)}
    assert found["standard deviations"].passed is False  # what is defined is judged
    assert "region R2 in MS" in found["standard deviations"].text
    for name, count in (("standard deviations", "1 of 18"), ("correlations", "5 of 45")):
        assert f"too few people of MS have the volumes: {count} {name}." in found[name].text
    assert [found[name].passed for name in ("correlations", "largest eigenvalues", "tails")] == [True] * 3


@pytest.mark.parametrize("people", [1, 2, 3])
def test_a_group_of_hardly_anybody_fails_nothing(people):
    rng = np.random.default_rng(13)
    fit = conjugate_fit(design_from(factor_data(rng), SIZES), rng)
    few = fit.isel(subject=slice(85 + people))
    checks = bc.posterior_predictive_checks(few, draws=60)
    for check in bc.judge_predictions(checks):
        assert check.passed is not False, check.text
    # Two residuals that sum to nothing always correlate perfectly; that says nothing of the people.
    undefined = checks["correlation_worst_p"].isnull().values
    np.testing.assert_array_equal(undefined, [False, False, people < 3])
    assert "of the residuals in HC, MS. Left out" in bc.judge_predictions(checks)[1].text or people == 3


def test_a_region_without_variation_is_a_spread_that_the_model_does_not_reproduce():
    rng = np.random.default_rng(14)
    fit = conjugate_fit(design_from(factor_data(rng), SIZES), rng)
    fit["observed_data"]["y"].values[40:85, 3] = 0.5
    spread = bc.judge_predictions(bc.posterior_predictive_checks(fit, draws=60))[0]
    assert spread.passed is False
    assert "region R3 in MS, is 0.00" in spread.text


def test_replicates_have_the_moments_of_the_model():
    rng = np.random.default_rng(8)
    covariates = pd.DataFrame({"age": rng.normal(50, 10, N), "centre": np.tile(["a", "b", "c"], 45)})
    design = design_from(factor_data(rng, p=2), SIZES, covariates=covariates, formula="age", site="centre")
    correlation = np.full((1, 1, 3, 1), 0.6)
    fit = fake_fit(
        correlation,
        design=design,
        mean=rng.normal(size=(1, 1, 3, 2)),
        sd=np.full((1, 1, 3, 2), 2.0),
        slope=np.array([[[[1.0, -1.0]]]]),
        site_effect=np.array([[[[3.0, 0.0], [0.0, 3.0]]]]),
        dof=np.array([[8.0]]),
    )
    params = parameters_of(fit)
    y = np.stack([replicate(params, 0, design, rng) for _ in range(4000)])
    mean = fit["posterior"]["mean"].values[0, 0]
    effects = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    expected = (
        mean[design.population.values] + design.x.values * [1.0, -1.0] + (effects - 1.0)[design.site.values]
    )
    np.testing.assert_allclose(y.mean(axis=0), expected, atol=5 * 2.0 * np.sqrt(8 / 6 / 4000))
    e = (y - expected).reshape(-1, 2)
    np.testing.assert_allclose(np.cov(e.T), 4.0 * 8 / 6 * np.array([[1, 0.6], [0.6, 1]]), rtol=0.02)
    # Each coordinate is a t with 8 degrees of freedom: the share beyond its 99 % quantile is 1 %.
    assert np.mean(e / 2.0 > stats.t(8).ppf(0.99)) == pytest.approx(0.01, abs=0.001)


def test_missing_volumes_stay_missing_and_nothing_is_nan():
    rng = np.random.default_rng(9)
    y = factor_data(rng)
    fit = conjugate_fit(design_from(y, SIZES), rng)
    holes = rng.random(y.shape) < 0.08
    fit["observed_data"]["y"].values[holes] = np.nan
    checks = bc.posterior_predictive_checks(fit, draws=60)
    for name, values in checks.data_vars.items():
        assert np.isfinite(values.values).all(), name
    assert all(c.passed for c in bc.judge_predictions(checks))


def test_mahalanobis_of_incomplete_people():
    rng = np.random.default_rng(10)
    covariance = np.cov(rng.normal(size=(9, 3)).T)
    deviations = rng.normal(size=(4, 3))
    full = discrepancies.mahalanobis(deviations, covariance)
    np.testing.assert_allclose(full, [d @ np.linalg.inv(covariance) @ d for d in deviations])
    deviations[1, 2] = np.nan
    some = discrepancies.mahalanobis(deviations, covariance)
    d = deviations[1, :2]
    assert some[1] == pytest.approx(1.5 * d @ np.linalg.inv(covariance[:2, :2]) @ d)
    np.testing.assert_allclose(some[[0, 2, 3]], full[[0, 2, 3]])


def test_pairwise_correlations_equal_pandas():
    rng = np.random.default_rng(11)
    e = rng.normal(size=(30, 4))
    e[rng.random(e.shape) < 0.2] = np.nan
    got = discrepancies.correlations(e)
    both = np.isfinite(e[:, 0]) & np.isfinite(e[:, 1])
    a, b = e[both, 0], e[both, 1]
    assert got[0, 1] == pytest.approx((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
    e = rng.normal(size=(30, 4))
    e -= e.mean(axis=0)
    np.testing.assert_allclose(discrepancies.correlations(e), pd.DataFrame(e).corr())


def test_same_seed_same_answers(good):
    rng = np.random.default_rng(5)
    again = bc.posterior_predictive_checks(
        conjugate_fit(design_from(factor_data(rng), SIZES), rng), draws=150
    )
    assert again.identical(good)


def test_bad_questions_get_a_sentence(small):
    with pytest.raises(AnswerError, match="draws=1 must be a whole number of at least 2"):
        bc.posterior_predictive_checks(small, draws=1)
    for ask in (bc.posterior_predictive_checks, bc.posterior_predictive):
        with pytest.raises(AnswerError, match="seed=-1 must be a whole number of at least 0"):
            ask(small, seed=-1)
    with pytest.raises(AnswerError, match="needs what posterior_predictive_checks"):
        bc.judge_predictions(bc.volumes(small))
