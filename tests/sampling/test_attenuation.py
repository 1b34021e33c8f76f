"""What a region keeps: the density along the whole range, and the move, against whole matrices."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from bayescov.sampling.kernels.attenuation import move_rows, row_density, slab_of_held
from bayescov.sampling.kernels.forms import empty_forms, look_up_rows
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.kernels.shared import COMMON, LKJ, MARGINAL
from bayescov.sampling.kernels.state import Data, Prior, State
from bayescov.sampling.kernels.yielding import LEFT, PART, SAY, invert_say
from tests.sampling.test_updates import P, correlation, invert_all, log_det, shared_prior


@njit
def looked_up(g, i, giving, without, between, inverse, data, prior, state):
    """What is known of a row. What another row has left in the same room does no harm."""
    forms = empty_forms(state.center.shape[0], P)
    look_up_rows(2, 0, True, without, between, inverse, forms, data, prior, state)
    return look_up_rows(g, i, giving, without, between, inverse, forms, data, prior, state), forms


@njit
def density_of_row(a, g, i, giving, holding, without, between, inverse, data, prior, state):
    held = hold(data), hold(prior), hold(state)
    left, forms = looked_up(g, i, giving, without, between, inverse, held[0], held[1], held[2])
    value = row_density(a, g, i, giving, holding, left, inverse, forms, held[0], held[1], held[2])
    return value + slab_of_held(a, g, i, forms.in_shared, forms, held[2]) if holding else value


@njit
def row_moved(a, g, i, giving, holding, without, between, inverse, data, prior, state):
    held = hold(data), hold(prior), hold(state)
    left, forms = looked_up(g, i, giving, without, between, inverse, held[0], held[1], held[2])
    move_rows(a, g, i, giving, holding, left, inverse, forms, held[1], held[2])


@njit
def say_inverted(g, data, prior, state, without, between):
    return invert_say(g, hold(data), hold(prior), hold(state), without, between)


def say(a, s):
    sigma = PART * a * s / (1 - a**2 * (1 - s))
    return sigma, a * sigma


@pytest.mark.parametrize("holding", [False, True])
@pytest.mark.parametrize(("giving", "family"), [(False, LKJ), (True, LKJ), (True, MARGINAL), (True, COMMON)])
def test_density_of_an_attenuation_is_that_of_whole_matrices(giving, family, holding):
    """Everything that moves with what a region keeps: its row in its group, and in R_0 and so in every group."""
    rng = np.random.default_rng(12)
    (g, i), sizes, kappa = (1, 3), np.array([20.0, 18.0, 25.0]), np.array([60.0, 900.0, 60.0])
    coupling, share, shape, eta, slab = np.array([0.0, 0.1, -0.05]), 0.2, 2.5, 1.3, 0.3
    attenuation = np.ones((3, P))
    attenuation[1, [3, 5]], attenuation[2, 3] = (0.7, 0.4), 0.8
    delta = np.zeros((3, P, P))
    delta[1, 3, 0] = delta[1, 0, 3] = 0.2
    delta[0, 3, 6] = delta[0, 6, 3] = -0.1
    before, scaled = correlation(rng, 90), np.array([n * correlation(rng) for n in sizes])
    pull = 0.6 * np.eye(P) + 0.4

    def shared_row(a):
        """The row that solves the equations of `yielding` with M for all that a group may keep, and R_0's noise around it."""
        if not giving:
            return before[i]
        rest = np.arange(P) != i
        at = np.ix_(rest, rest)
        says = scaled * (kappa / (kappa + sizes))[:, None, None]
        others = says[np.arange(3) != g].sum(0) + LEFT * (P - 1 + 2 * eta) * (0.6 * np.eye(P) + 0.4)
        start = np.linalg.solve(others[at], others[i, rest])
        left = np.clip(1 - start @ before[at] @ start, 0.05, 1)
        (sigma, rho), (sigma_before, rho_before) = say(a, left), say(0.7, left)
        more = (sigma - sigma_before) * says[g, i, rest] - (rho - rho_before) * says[g][at] @ start
        row = before[i].copy()
        row[rest] += before[at] @ np.linalg.solve(others[at] + SAY * says[g][at], more)
        return row

    def starts(a):
        """R_0, and Fisher's z of what it leads the groups to."""
        kept = attenuation.copy()
        kept[g, i] = a
        shared = before.copy()
        shared[i], shared[:, i] = shared_row(a), shared_row(a)
        start = kept[:, :, None] * kept[:, None, :] * (1 - (1 - shared) * np.exp(-coupling)[:, None, None])
        return shared, np.arctanh(np.where(np.eye(P), 0.0, start))

    def departures(a):
        """Those of the region make up for what it loses, where their correlations are held."""
        moved = delta.copy()
        if holding:
            makes_up = np.where(delta[g, i] != 0, starts(0.7)[1][g, i] - starts(a)[1][g, i], 0.0)
            moved[g, i] += makes_up
            moved[g, :, i] += makes_up
        return moved

    def matrices(a):
        """R_0 and the centres."""
        shared, start = starts(a)
        return shared, np.where(np.eye(P), 1.0, np.tanh(start + departures(a)))

    def scale_moved(a):
        """By what t_i is multiplied: t_i^2 (R_0^-1)_ii stays."""
        shared = matrices(a)[0] if giving and family == COMMON else before
        return np.sqrt(np.linalg.inv(before)[i, i] / np.linalg.inv(shared)[i, i])

    def pull_moved(a):
        scale = np.where(np.arange(P) == i, scale_moved(a), 1.0)
        return pull * np.outer(scale, scale)

    def whole(a):
        shared, center = matrices(a)
        nu, both = kappa + P + 1, center + scaled / kappa[:, None, None]
        value = 0.5 * np.sum(nu * log_det(center) - (nu + sizes) * log_det(both))
        inverse, out = np.linalg.inv(shared), np.empty((P, P))
        value += shared_prior(inverse, log_det(shared), eta, family, pull_moved(a), out)
        value += (P - 1 + 2 * eta) * np.log(scale_moved(a))  # density t^nu of log t_i
        value += stats.norm(0, slab).logpdf(departures(a)[g, i, 0])
        return value + (np.log1p(-share) if a == 1 else np.log(share) + stats.beta(1, shape).logpdf(a))

    _, center = matrices(0.7)
    held = {
        "shared": before.copy(), "center": center, "coupling": coupling, "attenuation": attenuation.copy(),
        "delta": delta.copy(), "size": np.full(3, slab), "scaled": scaled, "kappa": kappa,
        "pull": pull.copy(), "scale": np.ones(P), "level": np.array([0.4]),
    }  # fmt: skip
    state = State(**dict.fromkeys(State._fields, 0.0) | held)
    data = Data(**dict.fromkeys(Data._fields, 0.0) | {"sizes": sizes})
    names = {"attenuation_share": share, "attenuation_shape": shape, "eta": eta, "family": family}
    prior = Prior(**dict.fromkeys(Prior._fields, 0.0) | names)
    inverse = np.empty((7, P, P))
    invert_all(before, center, scaled, kappa, inverse)
    scratch = np.empty((P, P)), np.empty((P, P)), inverse
    assert say_inverted(g, data, prior, state, *scratch[:2])
    values = (0.7, 0.2, 0.4, 1.0)
    at = {a: density_of_row(a, g, i, giving, holding, *scratch, data, prior, state) for a in values}
    for a, found in at.items():
        assert found - at[0.7] == pytest.approx(whole(a) - whole(0.7), abs=1e-8)
    assert density_of_row(1e-7, g, i, giving, holding, *scratch, data, prior, state) == -np.inf
    shared, center = matrices(0.2)
    row_moved(0.2, g, i, giving, holding, *scratch, data, prior, state)
    assert state.attenuation[g, i] == 0.2
    assert state.scale[i] == pytest.approx(scale_moved(0.2), rel=1e-12)
    np.testing.assert_allclose(state.pull, pull_moved(0.2), rtol=1e-12)
    np.testing.assert_allclose(state.shared, shared, atol=1e-14)
    np.testing.assert_allclose(state.center, center, atol=1e-14)
    np.testing.assert_allclose(state.delta, departures(0.2), atol=1e-12)
    assert np.allclose(state.delta, delta) != holding
    expected = np.empty((7, P, P))
    invert_all(shared, center, scaled, kappa, expected)
    np.testing.assert_allclose(inverse, expected, atol=1e-9)
    # And back: what the directions are found from has not moved.
    assert say_inverted(g, data, prior, state, *scratch[:2])
    row_moved(0.7, g, i, giving, holding, *scratch, data, prior, state)
    np.testing.assert_allclose(state.shared, before, atol=1e-12)
    np.testing.assert_allclose(state.center, matrices(0.7)[1], atol=1e-12)
    np.testing.assert_allclose(state.delta, delta, atol=1e-12)
    np.testing.assert_allclose(state.pull, pull, rtol=1e-12)
