"""Moves of a few elements of a matrix, against numpy's determinants and inverses and the density written out whole."""

import numpy as np
import pytest

from bayescov.sampling.kernels import blocks, updates
from bayescov.sampling.kernels import shared as shared_kernels
from bayescov.sampling.kernels.shared import COMMON, LKJ, MARGINAL
from tests.sampling.callable import from_python

density_of_move = from_python(blocks.density_of_move)
invert_all = from_python(blocks.invert_all)
shared_prior = from_python(shared_kernels.shared_prior)
log_det_of_move = from_python(updates.log_det_of_move)
update_inverse = from_python(updates.update_inverse)

P = 7


def correlation(rng, people=40):
    return np.corrcoef(rng.standard_normal((people, P)).T)


def random_move(rng, touched, size, between=None):
    """A symmetric move of elements off the diagonal; `between`: only from the first rows to the others."""
    move = np.triu(size * rng.standard_normal((len(touched), len(touched))), 1)
    if between is not None:
        move[:between, :between] = move[between:, between:] = 0.0
    return move + move.T


def log_det(matrices):
    return np.linalg.slogdet(matrices)[1]


def moved_by(matrix, touched, move):
    result = matrix.copy()
    result[np.ix_(touched, touched)] += move
    return result


@pytest.mark.parametrize("count", [2, 3, 4])
def test_determinant_and_inverse_after_a_move(count):
    rng = np.random.default_rng(count)
    matrix = correlation(rng)
    touched = rng.choice(P, count, replace=False)
    move = random_move(rng, touched, 0.05)
    inverse, weight = np.linalg.inv(matrix), np.empty((count, count))
    found = log_det_of_move(inverse, touched, move, weight, np.empty((4, count, count)))
    moved = moved_by(matrix, touched, move)
    assert found == pytest.approx(log_det(moved) - log_det(matrix), abs=1e-11)
    update_inverse(inverse, touched, weight)
    np.testing.assert_allclose(inverse, np.linalg.inv(moved), atol=1e-10)


def test_two_eigenvalues_below_zero_do_not_pass_for_a_positive_determinant():
    touched = np.arange(4)
    move = np.zeros((4, 4))
    move[0, 1] = move[1, 0] = move[2, 3] = move[3, 2] = 1.5
    moved = moved_by(np.eye(P), touched, move)
    assert np.linalg.det(moved) > 0
    assert np.linalg.eigvalsh(moved)[0] < 0
    assert np.isnan(log_det_of_move(np.eye(P), touched, move, np.empty((4, 4)), np.empty((4, 4, 4))))


@pytest.mark.parametrize("block", [(2, 5), (0, 3, 6), (1, 4, 0, 5)])
@pytest.mark.parametrize("family", [LKJ, MARGINAL, COMMON])
def test_density_of_a_block_is_that_of_whole_matrices(family, block):
    rng = np.random.default_rng(9)
    touched, sizes, kappa, eta = np.array(block), np.array([20, 18, 25]), np.array([60.0, 60.0, 900.0]), 1.3
    shared = correlation(rng)
    center = np.array([shared, correlation(rng), correlation(rng)])
    scaled = np.array([n * correlation(rng) for n in sizes])
    pull = 0.6 * np.eye(P) + 0.4
    t, between = len(touched), max(1, len(touched) // 2)
    move = np.array([random_move(rng, touched, 0.04, between) for _ in range(4)])
    inverse, pulled = np.empty((7, P, P)), np.empty((P, P))
    invert_all(shared, center, scaled, kappa, family, pull, inverse, pulled)
    weight = np.empty((7, t, t))
    found = density_of_move(
        touched, move, inverse, pulled, kappa, sizes, eta, family, weight, np.empty((4, t, t))
    )

    def whole(shared, center):
        prior = shared_prior(np.linalg.inv(shared), log_det(shared), eta, family, pull, np.empty((P, P)))
        nu, both = kappa + P + 1, center + scaled / kappa[:, None, None]
        return prior + 0.5 * np.sum(nu * log_det(center) - (nu + sizes) * log_det(both))

    new_shared = moved_by(shared, touched, move[0])
    new_center = np.array([moved_by(c, touched, m) for c, m in zip(center, move[1:], strict=True)])
    assert found == pytest.approx(whole(new_shared, new_center) - whole(shared, center), abs=1e-8)
    for k in range(7):
        update_inverse(inverse[k], touched, weight[k])
    expected = np.empty_like(inverse)
    invert_all(new_shared, new_center, scaled, kappa, family, pull, expected, pulled)
    np.testing.assert_allclose(inverse, expected, atol=1e-8)
