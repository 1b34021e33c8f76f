"""Correlations of one group: equal to scipy's and pandas', and to regression for the partial ones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bayescov.classical.correlation import (
    correlation_matrix,
    p_of_correlation,
    partial,
    pearson,
    variance_of_z,
    z_difference,
)
from tests.classical import literal


def volumes(n=12, p=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) @ rng.normal(size=(p, p))


@pytest.mark.parametrize("kind", ["correlation", "partial", "spearman"])
def test_equal_to_scipy_and_to_regression(kind):
    x = volumes()
    matrix = correlation_matrix(x, kind)
    for a, b in literal.edges(4):
        expected = {
            "correlation": stats.pearsonr(x[:, a], x[:, b]).statistic,
            "spearman": stats.spearmanr(x[:, a], x[:, b]).statistic,
            "partial": literal.correlation(x, a, b, "partial")[0],
        }[kind]
        assert matrix[a, b] == pytest.approx(expected, abs=1e-12)
        assert matrix[b, a] == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(np.diag(matrix), 1)


def test_missing_volumes_are_left_out_pair_by_pair():
    x = volumes(30)
    x[np.random.default_rng(1).random(x.shape) < 0.2] = np.nan
    matrix, together = pearson(x)
    np.testing.assert_allclose(matrix, pd.DataFrame(x).corr(), atol=1e-12)
    seen = np.isfinite(x)
    np.testing.assert_array_equal(together, seen.T.astype(int) @ seen.astype(int))


def test_a_stack_is_a_matrix_at_a_time():
    x = np.stack([volumes(seed=s) for s in range(3)])
    np.testing.assert_allclose(pearson(x)[0], np.stack([pearson(part)[0] for part in x]))
    x[0, 0, 0] = np.nan
    np.testing.assert_allclose(pearson(x)[0][1:], np.stack([pearson(part)[0] for part in x[1:]]))


def test_a_region_without_variance_correlates_with_nothing():
    x = volumes()
    x[:, 2] = 1.0
    matrix, _ = pearson(x)
    np.testing.assert_array_equal(matrix[2], [0, 0, 1, 0])
    assert matrix[0, 1] == pytest.approx(np.corrcoef(x[:, 0], x[:, 1])[0, 1])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(0.01, 100), min_size=4, max_size=4))
def test_units_do_not_matter(seed, scale):
    x = volumes(seed=seed)
    for kind in ("correlation", "partial", "spearman"):
        np.testing.assert_allclose(
            correlation_matrix(x * scale, kind), correlation_matrix(x, kind), atol=1e-6
        )


def test_partial_of_two_regions_is_the_correlation():
    matrix = np.array([[1, 0.4], [0.4, 1]])
    np.testing.assert_allclose(partial(matrix), matrix)


def test_fishers_z_has_the_stated_variance():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20_000, 15, 2)) @ np.linalg.cholesky([[1, 0.6], [0.6, 1]]).T
    z = np.arctanh(pearson(x)[0][:, 0, 1])
    # the relative error of a variance of 20,000 values is sqrt(2 / 20000) = 1 %; 1/(n - 3) itself is 1 % off
    assert z.var() == pytest.approx(variance_of_z(15, "correlation"), rel=0.05)
    assert z.var() != pytest.approx(1 / 15, rel=0.05)


def test_spearmans_z_has_about_the_stated_variance():
    rng = np.random.default_rng(3)
    z = [np.arctanh(correlation_matrix(rng.normal(size=(15, 2)), "spearman")[0, 1]) for _ in range(4000)]
    assert np.var(z) == pytest.approx(variance_of_z(15, "spearman"), rel=0.1)


def test_p_of_a_correlation_equals_scipys():
    x = volumes()
    expected = stats.pearsonr(x[:, 0], x[:, 1]).pvalue
    assert p_of_correlation(pearson(x)[0][0, 1], 12) == pytest.approx(expected, rel=1e-9)


def test_a_correlation_of_one_has_a_finite_z():
    assert 10 < z_difference(np.array(1.0), np.array(0.0)) < 20
    assert p_of_correlation(np.array(1.0), 10) < 1e-20
