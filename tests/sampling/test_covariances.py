"""Draws of Sigma_g: the moments and distributions of the inverse-Wishart."""

import numpy as np
import pytest
from scipy.stats import beta, invgamma, invwishart, kstest

from bayescov.design import from_edges, to_edges
from bayescov.sampling.covariances import draw_correlation_and_sd, inverse_wishart_factors

PSI = np.array([[2.0, 0.9, 0.2], [0.9, 1.5, -0.3], [0.2, -0.3, 0.8]])
DOF = 9.5
COUNT = 20_000


def moments(dof):
    """Mean and variance of every element of InverseWishart(dof, PSI)."""
    p = len(PSI)
    mean = PSI / (dof - p - 1)
    diagonal = np.outer(np.diag(PSI), np.diag(PSI))
    variance = ((dof - p + 1) * PSI**2 + (dof - p - 1) * diagonal) / (
        (dof - p) * (dof - p - 1) ** 2 * (dof - p - 3)
    )
    return mean, variance


def drawn_matrices(seed, dof=DOF, count=COUNT):
    rng = np.random.default_rng(seed)
    return draw_correlation_and_sd(np.broadcast_to(PSI, (count, 3, 3)), np.full(count, dof), rng)


def far_from(sample, mean):
    error = sample.std(axis=0) / np.sqrt(len(sample))
    return (np.abs(sample.mean(axis=0) - mean) / error).max()


def test_mean_and_variance_are_exact():
    correlation, sd = drawn_matrices(1)
    matrices = sd[:, :, None] * from_edges(correlation) * sd[:, None, :]
    mean, variance = moments(DOF)
    assert far_from(matrices, mean) < 4.5
    assert far_from((matrices - mean) ** 2, variance) < 4.5
    assert far_from(matrices, moments(DOF / 2 + 2)[0]) > 4.5, "negative control: other degrees of freedom"


def test_variances_are_inverse_gamma():
    _, sd = drawn_matrices(2)
    for j in range(3):
        shape = (DOF - 3 + 1) / 2
        assert kstest(sd[:, j] ** 2, invgamma(shape, scale=PSI[j, j] / 2).cdf).pvalue > 1e-3
        assert kstest(sd[:, j] ** 2, invgamma(DOF / 2, scale=PSI[j, j] / 2).cdf).pvalue < 1e-6, (
            "negative control"
        )


def test_every_correlation_is_beta_where_psi_is_diagonal():
    rng, p, dof = np.random.default_rng(3), 4, 7.0
    correlation, _ = draw_correlation_and_sd(
        np.broadcast_to(np.eye(p), (COUNT, p, p)), np.full(COUNT, dof), rng
    )
    half = (dof - p + 1) / 2
    for e in range(p * (p - 1) // 2):
        assert kstest((1 + correlation[:, e]) / 2, beta(half, half).cdf).pvalue > 1e-3


def test_against_scipys_draws():
    correlation, _ = drawn_matrices(4)
    theirs = invwishart(DOF, PSI).rvs(COUNT, random_state=5)
    scale = np.sqrt(np.diagonal(theirs, axis1=1, axis2=2))
    others = to_edges(theirs / (scale[:, :, None] * scale[:, None, :]))
    for e in range(3):
        assert kstest(correlation[:, e], others[:, e]).pvalue > 1e-3


def test_factors_are_lower_triangular_and_one_for_each_matrix():
    rng = np.random.default_rng(6)
    psi = np.stack([PSI * 1e-6, PSI, PSI * 1e6])
    factors = inverse_wishart_factors(psi, np.array([1e6, 1e6, 1e6]), rng)
    assert (np.triu(factors, 1) == 0).all()
    found = factors @ np.swapaxes(factors, 1, 2) * 1e6 / psi
    np.testing.assert_allclose(found, 1.0, atol=0.05)


@pytest.mark.parametrize("p", [2, 12])
def test_correlations_stay_inside(p):
    psi = np.full((50, p, p), 1 - 1e-12) + 1e-12 * np.eye(p)
    correlation, sd = draw_correlation_and_sd(psi, np.full(50, p + 1.0), np.random.default_rng(7))
    assert np.abs(correlation).max() <= 1
    assert np.isfinite(sd).all()
