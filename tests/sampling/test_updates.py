"""Moves of a few elements of a matrix, against numpy's determinants and inverses and the density written out whole."""

import numpy as np
import pytest

from bayescov.sampling.kernels import blocks, edges, inverses, updates
from bayescov.sampling.kernels import shared as shared_kernels
from bayescov.sampling.kernels.shared import COMMON, LKJ, MARGINAL
from bayescov.sampling.kernels.state import Data, State
from tests.sampling.callable import from_python

density_of_move = from_python(blocks.density_of_move)
ends_of_line = from_python(edges.ends_of_line)
line_density = from_python(edges.line_density)
look_up = from_python(edges.look_up)
shared_prior_change = from_python(edges.shared_prior_change)
invert_all = from_python(inverses.invert_all)
pull_through = from_python(inverses.pull_through)
shared_prior = from_python(shared_kernels.shared_prior)
log_det_of_move = from_python(updates.log_det_of_move)
update_inverse = from_python(updates.update_inverse)
weights_of_move = from_python(updates.weights_of_move)

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
    factors, work = np.empty((2, 2, count, count))
    found = log_det_of_move(inverse, touched, move, factors, work)
    weights_of_move(factors, weight, work)
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
    assert np.isnan(log_det_of_move(np.eye(P), touched, move, *np.empty((2, 2, 4, 4))))


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
    invert_all(shared, center, scaled, kappa, inverse)
    pull_through(inverse[0], family, pull, pulled)
    factors, work = np.empty((7, 2, t, t)), np.empty((3, t, t))
    found = density_of_move(touched, move, inverse, pulled, kappa, sizes, eta, family, factors, work)

    def whole(shared, center):
        prior = shared_prior(np.linalg.inv(shared), log_det(shared), eta, family, pull, np.empty((P, P)))
        nu, both = kappa + P + 1, center + scaled / kappa[:, None, None]
        return prior + 0.5 * np.sum(nu * log_det(center) - (nu + sizes) * log_det(both))

    new_shared = moved_by(shared, touched, move[0])
    new_center = np.array([moved_by(c, touched, m) for c, m in zip(center, move[1:], strict=True)])
    assert found == pytest.approx(whole(new_shared, new_center) - whole(shared, center), abs=1e-8)
    for k in range(7):
        weights_of_move(factors[k], work[2], work)
        update_inverse(inverse[k], touched, work[2])
    expected = np.empty_like(inverse)
    invert_all(new_shared, new_center, scaled, kappa, expected)
    np.testing.assert_allclose(inverse, expected, atol=1e-8)


@pytest.mark.parametrize("share", [0.0, 0.35])
def test_density_along_a_line_is_that_of_whole_matrices(share):
    """Everything that moves with an edge: R_0, the group's own element, and that of a group that departs already."""
    rng = np.random.default_rng(11)
    sizes, kappa, slab = (
        np.array([20.0, 18.0, 25.0]),
        np.array([60.0, 60.0, 900.0]),
        np.array([0.0, 0.3, 0.4]),
    )
    coupling, (i, j), log_on = np.array([0.0, 0.1, -0.05]), (2, 5), -1.7
    attenuation = np.ones((3, P))
    attenuation[1, 2], attenuation[2, 5] = 0.8, 0.5
    delta = np.zeros((3, P, P))
    delta[2, i, j] = delta[2, j, i] = 0.2
    middle = correlation(rng, 90)
    scaled = np.array([n * correlation(rng) for n in sizes])

    def matrices(x):
        """R_0 and the centres where group 1 departs by x."""
        shared = moved_by(middle, np.array([i, j]), np.array([[0.0, -share * x], [-share * x, 0.0]]))
        center = 1 - (1 - shared) * np.exp(-coupling)[:, None, None]
        kept = attenuation[:, :, None] * attenuation[:, None, :]
        center = np.where(np.eye(P), 1.0, kept * center)
        center[2, i, j] = center[2, j, i] = np.tanh(np.arctanh(center[2, i, j]) + 0.2)
        center[1, i, j] = center[1, j, i] = center[1, i, j] + x
        return shared, center

    def whole(x):
        _, center = matrices(x)
        nu, both = kappa + P + 1, center + scaled / kappa[:, None, None]
        value = 0.5 * np.sum(nu * log_det(center) - (nu + sizes) * log_det(both))
        if x != 0:
            r = center[1, i, j]
            z = (np.arctanh(r) - np.arctanh(r - x)) / slab[1]
            value += log_on - 0.5 * z**2 - np.log(slab[1] * np.sqrt(2 * np.pi)) - np.log1p(-(r**2))
        return value

    shared, center = matrices(0.1)
    inverse, pulled, pull = np.empty((7, P, P)), np.empty((P, P)), 0.6 * np.eye(P) + 0.4
    invert_all(shared, center, scaled, kappa, inverse)
    pull_through(inverse[0], COMMON, pull, pulled)
    nothing = dict.fromkeys(State._fields, 0.0)
    state = State(
        **nothing
        | {
            "center": center,
            "coupling": coupling,
            "attenuation": attenuation,
            "delta": delta,
            "size": slab,
            "kappa": kappa,
        }
    )
    data = Data(**dict.fromkeys(Data._fields, 0.0) | {"sizes": sizes})
    known = np.empty((3, edges.FOUND))
    look_up(i, j, inverse, data, state, known)
    settled = 1, middle[i, j], share, sizes, slab[1], log_on, np.arctanh(center[1, i, j] - 0.1), known
    at = {x: line_density(x, *settled) for x in (0.0, 0.1, -0.2)}
    for x, found in at.items():
        assert found - at[0.0] == pytest.approx(whole(x) - whole(0.0), abs=1e-8)
    for x in np.linspace(-1.0, 1.0, 21):
        lowest = min(np.linalg.eigvalsh(matrices(x)[1])[:, 0])
        assert np.isneginf(line_density(x, *settled)) == (lowest <= 0)

    for family in (LKJ, MARGINAL, COMMON):
        found = shared_prior_change(0.06, i, j, inverse[0], pulled, 1.3, family)
        moved = moved_by(shared, np.array([i, j]), np.array([[0.0, 0.06], [0.06, 0.0]]))
        value = [
            shared_prior(np.linalg.inv(m), log_det(m), 1.3, family, pull, np.empty((P, P)))
            for m in (moved, shared)
        ]
        assert found == pytest.approx(value[0] - value[1], abs=1e-9)


@pytest.mark.parametrize("slope", [0.6, 1.0, 0.02, -0.3])
def test_a_line_ends_where_the_centre_is_no_longer_positive_definite(slope):
    """Seen from two of its points; a slope is negative where most of the people are the group's own."""
    matrix, (i, j) = correlation(np.random.default_rng(12)), (1, 4)
    touched = np.array([i, j])

    def at(x):
        d = slope * (x - 0.1)
        return moved_by(matrix, touched, np.array([[0.0, d], [d, 0.0]]))

    def ends(x):
        k = np.linalg.inv(at(x))
        return ends_of_line(x, at(x)[i, j], slope, k[i, i], k[i, j], k[j, j])

    low, high = ends(0.1)
    np.testing.assert_allclose(ends(0.3), (low, high), atol=1e-6)
    for end, inwards in ((low, 1e-4), (high, -1e-4)):
        assert np.linalg.eigvalsh(at(end + inwards))[0] > 0
        assert np.linalg.eigvalsh(at(end - inwards))[0] < 0 or abs(end) == pytest.approx(2, abs=1e-5)


def test_a_line_on_which_the_centre_stands_still_has_ends():
    assert ends_of_line(0.1, 0.4, 0.0, 1.2, -0.3, 1.3) == pytest.approx((-2, 2), abs=1e-5)
