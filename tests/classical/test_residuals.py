"""Residuals: closed forms, literal weighted regressions, and the price of covariates."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from bayescov.classical.residuals import residuals
from tests.classical.designs import design, draw, factor_correlation


def scaled(part):
    part = part - np.nanmean(part, axis=0)
    return part / np.nanmean(np.abs(part), axis=0)


def test_without_covariates_they_are_deviations_from_the_group_mean():
    groups = draw(np.random.default_rng(0), (10, 12, 9), factor_correlation(3))
    left = residuals(design(groups))
    for position, y in enumerate(groups):
        np.testing.assert_allclose(left.of(position), scaled(y), atol=1e-9)
    np.testing.assert_array_equal(left.inflation, 0)
    assert left.missing == "none"


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_they_equal_statsmodels_weighted_least_squares(missing):
    rng = np.random.default_rng(1)
    groups = draw(rng, (30, 25, 20), factor_correlation(3), scale=[np.ones(3), np.full(3, 3.0), np.ones(3)])
    for y in groups:
        y[rng.random(y.shape) < missing] = np.nan
    prepared = design(groups, covariates={"age": rng.normal(size=75)}, site=rng.choice(["A", "B"], 75))
    left = residuals(prepared)
    x, codes = prepared.regressors(), prepared.population.values
    for j in range(3):
        y = prepared.y.values[:, j]
        seen = np.isfinite(y)
        weights = np.ones(75)
        for _ in range(3):
            raw = np.full(75, np.nan)
            raw[seen] = sm.WLS(y[seen], x[seen], weights=weights[seen]).fit().resid
            for g in range(3):
                weights[codes == g] = 1 / np.nanvar(raw[codes == g], ddof=1)
        for g in range(3):
            np.testing.assert_allclose(left.of(g)[:, j], scaled(raw[codes == g]), atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(
    scale=st.lists(st.floats(0.01, 100), min_size=3, max_size=3),
    shift=st.lists(st.floats(-50, 50), min_size=3, max_size=3),
)
def test_a_change_of_unit_or_of_a_group_mean_changes_nothing(scale, shift):
    groups = draw(np.random.default_rng(2), (9, 11), factor_correlation(3))
    moved = [groups[0] * scale, groups[1] * scale + shift]
    one, two = residuals(design(groups)), residuals(design(moved))
    np.testing.assert_allclose(one.values, two.values, atol=1e-6)


def test_confounded_sites_still_leave_residuals():
    # Every patient at a site of their own group: slopes cannot be told from means, residuals can be computed.
    groups = draw(np.random.default_rng(3), (10, 12), factor_correlation(3))
    left = residuals(design(groups, site=["A"] * 10 + ["B"] * 12))
    np.testing.assert_allclose(left.of(1), scaled(groups[1]), atol=1e-8)


def dense_inflation(x, codes, position):
    """trace((M W)^2) of full matrices, less what the sizes alone give."""
    m = np.eye(len(x)) - x @ np.linalg.pinv(x)
    w = np.zeros(len(x))
    for g, sign in ((position, 1.0), (0, -1.0)):
        rows = codes == g
        w[rows] = sign / np.trace(m[np.ix_(rows, rows)])
    mw = m * w
    n, c = (codes == position).sum(), (codes == 0).sum()
    return np.trace(mw @ mw) - 1 / (n - 1) - 1 / (c - 1)


def test_the_price_of_covariates_equals_the_dense_formula():
    rng = np.random.default_rng(4)
    sizes = (20, 14, 17)
    codes = np.repeat([0, 1, 2], sizes)
    age = rng.normal(size=51) * np.array([0.2, 2.0, 1.0])[codes]
    groups = draw(rng, sizes, factor_correlation(3))
    left = residuals(prepared := design(groups, covariates={"age": age, "icv": rng.normal(size=51)}))
    raw = (
        prepared.y.values
        - prepared.regressors() @ np.linalg.lstsq(prepared.regressors(), prepared.y.values)[0]
    )
    for _ in range(2):  # the weights that statsmodels was found to agree with above
        spread = np.array([raw[codes == g].std(axis=0, ddof=1) for g in range(3)])
        raw = np.column_stack(
            [
                sm.WLS(prepared.y.values[:, j], prepared.regressors(), weights=1 / spread[codes, j] ** 2)
                .fit()
                .resid
                for j in range(3)
            ]
        )
    spread = np.array([raw[codes == g].std(axis=0, ddof=1) for g in range(3)])
    typical = np.exp(np.log(spread).mean(axis=1))
    for position in (1, 2):
        dense = dense_inflation(prepared.regressors() / typical[codes, None], codes, position)
        assert left.inflation[position] == pytest.approx(max(dense, 0), abs=1e-9)


def test_a_covariate_of_one_group_costs_that_group_a_person():
    # All of age's variation is in MS: as if MS alone were regressed on it, at 1/(n-2) - 1/(n-1) more variance.
    rng = np.random.default_rng(5)
    groups = draw(rng, (20, 15), factor_correlation(3))
    left = residuals(design(groups, covariates={"age": np.r_[np.zeros(20), rng.normal(size=15)]}))
    assert left.inflation[1] == pytest.approx(1 / 13 - 1 / 14, rel=1e-6)


@pytest.mark.parametrize("group", [0, 1])
def test_where_regions_are_held_constant_the_same_people_cost_more(group):
    # Two covariates that vary in one group: it is worth two people fewer, whatever is held constant beside them.
    rng = np.random.default_rng(5)
    sizes, p = (40, 18), 6
    groups = draw(rng, sizes, factor_correlation(p))
    here = np.repeat([0, 1], sizes) == group
    prepared = design(
        groups, covariates={f"c{k}": np.where(here, rng.normal(size=58), 0.0) for k in range(2)}
    )
    spare = sizes[group] - 3 - (p - 2)
    assert residuals(prepared, kind="partial").inflation[1] == pytest.approx(
        1 / (spare - 2) - 1 / spare, rel=1e-6
    )


@pytest.mark.parametrize("pairs", [12, 20, 30])
def test_sites_of_a_pair_each_cost_nothing_and_are_not_refused(pairs):
    # One patient and one control a site: what the regression takes is a mean of both, and cancels in the difference.
    rng = np.random.default_rng(8)
    groups = draw(rng, (pairs, pairs), factor_correlation(4))
    prepared = design(groups, site=[f"site{k}" for k in range(pairs)] * 2)
    for kind in ("correlation", "partial"):
        assert residuals(prepared, kind=kind).inflation[1] == pytest.approx(0, abs=1e-9)


def test_equal_variation_of_a_covariate_costs_nothing():
    rng = np.random.default_rng(6)
    y, age = rng.normal(size=(25, 3)), rng.normal(size=25)
    prepared = design([y, y + 1], covariates={"age": np.r_[age, age]})
    assert residuals(prepared).inflation[1] == pytest.approx(0, abs=1e-10)
    # of partial correlations the two groups' own, half a person's each, are not known to cancel
    assert residuals(prepared, kind="partial").inflation[1] < 1 / 21 / 21


def test_complete_cases_are_kept_together_with_their_group():
    groups = draw(np.random.default_rng(7), (12, 13), factor_correlation(3))
    groups[0][4, 1] = groups[1][0, 0] = np.nan
    left = residuals(design(groups), kind="spearman")
    assert left.sizes.tolist() == [11, 12]
    whole = residuals(design(groups))
    expected = scaled(np.delete(whole.of(0), 4, axis=0))
    np.testing.assert_allclose(left.of(0), np.round(expected, 9), atol=1e-8)


def test_equal_volumes_stay_tied():
    rng = np.random.default_rng(8)
    groups = [np.round(y, 1) * 0.1 for y in draw(rng, (30, 25), factor_correlation(3))]
    left = residuals(design(groups), kind="spearman")
    for position, y in enumerate(groups):
        for j in range(3):
            assert pd.Series(left.of(position)[:, j]).nunique() == pd.Series(y[:, j].round(6)).nunique()
