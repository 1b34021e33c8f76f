"""What a region keeps, R_0 held: the density along the whole range, and the move, against whole matrices."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from bayescov.sampling.kernels.attenuation import (
    empty_forms,
    look_up_row,
    move_region,
    row_density,
    slab_of_held,
)
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.kernels.state import Data, Prior, State
from tests.sampling.test_updates import P, correlation, log_det


@njit
def looked_up(g, i, inverse, state):
    """What is known of a row. What another row has left in the same room does no harm."""
    forms = empty_forms(P)
    look_up_row(2, 0, inverse, forms, state)
    return look_up_row(g, i, inverse, forms, state), forms


@njit
def density_of_row(a, g, i, holding, inverse, data, prior, state):
    held = hold(data), hold(prior), hold(state)
    n_own, forms = looked_up(g, i, inverse, held[2])
    value = row_density(a, g, i, n_own, holding, inverse, forms, held[0], held[1], held[2])
    return value + slab_of_held(a, g, i, n_own, forms, held[2]) if holding else value


@njit
def row_moved(a, g, i, holding, inverse, state):
    held = hold(state)
    n_own, forms = looked_up(g, i, inverse, held)
    move_region(a, g, i, n_own, holding, inverse, forms, held)


@pytest.mark.parametrize("holding", [False, True])
def test_density_of_an_attenuation_is_that_of_whole_matrices(holding):
    """Everything that moves with what a region keeps: its row in its group, and its departures there."""
    rng = np.random.default_rng(12)
    (g, i), sizes, kappa = (1, 3), np.array([20.0, 18.0, 25.0]), np.array([60.0, 900.0, 60.0])
    coupling, share, shape, slab = np.array([0.0, 0.1, -0.05]), 0.2, 2.5, 0.3
    attenuation = np.ones((3, P))
    attenuation[1, [3, 5]], attenuation[2, 3] = (0.7, 0.4), 0.8
    delta = np.zeros((3, P, P))
    delta[1, 3, 0] = delta[1, 0, 3] = 0.2
    delta[0, 3, 6] = delta[0, 6, 3] = -0.1
    shared, scaled = correlation(rng, 90), np.array([n * correlation(rng) for n in sizes])

    def starts(a):
        """Fisher's z of what R_0 leads the groups to."""
        kept = attenuation.copy()
        kept[g, i] = a
        start = kept[:, :, None] * kept[:, None, :] * (1 - (1 - shared) * np.exp(-coupling)[:, None, None])
        return np.arctanh(np.where(np.eye(P), 0.0, start))

    def departures(a):
        """Those of the region make up for what it loses, where their correlations are held."""
        moved = delta.copy()
        if holding:
            makes_up = np.where(delta[g, i] != 0, starts(0.7)[g, i] - starts(a)[g, i], 0.0)
            moved[g, i] += makes_up
            moved[g, :, i] += makes_up
        return moved

    def centers(a):
        return np.where(np.eye(P), 1.0, np.tanh(starts(a) + departures(a)))

    def inverses(a):
        """Of the group's centre, and of it with the data."""
        return np.linalg.inv(np.array([centers(a)[g], centers(a)[g] + scaled[g] / kappa[g]]))

    def whole(a):
        center = centers(a)
        nu, both = kappa + P + 1, center + scaled / kappa[:, None, None]
        value = 0.5 * np.sum(nu * log_det(center) - (nu + sizes) * log_det(both))
        value += stats.norm(0, slab).logpdf(departures(a)[g, i, 0])
        return value + (np.log1p(-share) if a == 1 else np.log(share) + stats.beta(1, shape).logpdf(a))

    held = {
        "shared": shared, "center": centers(0.7), "coupling": coupling, "attenuation": attenuation.copy(),
        "delta": delta.copy(), "size": np.full(3, slab), "scaled": scaled, "kappa": kappa,
    }  # fmt: skip
    state = State(**dict.fromkeys(State._fields, 0.0) | held)
    data = Data(**dict.fromkeys(Data._fields, 0.0) | {"sizes": sizes})
    names = {"attenuation_share": share, "attenuation_shape": shape}
    prior = Prior(**dict.fromkeys(Prior._fields, 0.0) | names)
    inverse = inverses(0.7)
    at = {a: density_of_row(a, g, i, holding, inverse, data, prior, state) for a in (0.7, 0.2, 0.4, 1.0)}
    for a, found in at.items():
        assert found - at[0.7] == pytest.approx(whole(a) - whole(0.7), abs=1e-8)
    assert density_of_row(1e-7, g, i, holding, inverse, data, prior, state) == -np.inf
    row_moved(0.2, g, i, holding, inverse, state)
    assert state.attenuation[g, i] == 0.2
    np.testing.assert_allclose(state.center, centers(0.2), atol=1e-14)
    np.testing.assert_allclose(state.delta, departures(0.2), atol=1e-12)
    assert np.allclose(state.delta, delta) != holding
    np.testing.assert_allclose(inverse, inverses(0.2), atol=1e-9)
    row_moved(0.7, g, i, holding, inverse, state)
    np.testing.assert_allclose(state.center, centers(0.7), atol=1e-12)
    np.testing.assert_allclose(state.delta, delta, atol=1e-12)
