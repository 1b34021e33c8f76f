"""A region's point, its density and its approximation, and the move that standardises it, against whole matrices."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from bayescov.sampling.kernels.approximation import slope_and_curvature
from bayescov.sampling.kernels.attenuation import log_prior
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.kernels.loosening import KNOTS, approximate_all, draw_loosening
from bayescov.sampling.kernels.region import density_at, empty_place, go_to, look_up_region, move_to, point_of
from bayescov.sampling.kernels.shared import COMMON, LKJ, MARGINAL, size_of
from bayescov.sampling.kernels.state import Data, Prior, State
from bayescov.sampling.learning import learn_regions
from tests.sampling.test_updates import P, correlation, invert_all, log_det, shared_prior

GROUP, REGION, SIZES, KAPPA = 1, 3, np.array([20.0, 18.0, 25.0]), np.array([60.0, 900.0, 60.0])
COUPLING, SHARE, SHAPE, ETA, SLAB, CONTROL_SD = np.array([0.0, 0.1, -0.05]), 0.2, 2.5, 1.3, 0.3, 0.5
HEAD = P * (P + 1) // 2


@njit
def at(a, move, moving, inverse, data, prior, state):
    """Log density and its gradient where the region keeps `a`, its point having moved so far; `moving`: the state goes there."""
    data, prior, state = hold(data), hold(prior), hold(state)
    region = look_up_region(GROUP, REGION, inverse, prior, state)
    place, point = empty_place(3, P), point_of(GROUP, REGION, region, inverse, state)
    for k in range(point.shape[0]):
        point[k] += move[k]
    s = go_to(point, a, GROUP, REGION, 0.0, region, state, place)
    value = density_at(s, point, GROUP, region, data, prior, state, place) + log_prior(a, prior)
    gradient, curvature = np.empty(point.shape[0]), np.empty((point.shape[0], point.shape[0]))
    slope_and_curvature(s, point, GROUP, REGION, region, data, prior, state, place, gradient, curvature)
    if moving:
        move_to(s, point, a, GROUP, REGION, region, place, inverse, prior, state)
    return value, gradient


@njit
def approximated(inverse, data, prior, state):
    """Whether all went well; means and factors at all knots."""
    data, prior, state = hold(data), hold(prior), hold(state)
    region = look_up_region(GROUP, REGION, inverse, prior, state)
    d = P + 3 + region.own.shape[0]
    mean, factor = np.empty((len(KNOTS), d)), np.zeros((len(KNOTS), d, d))
    well = approximate_all(GROUP, REGION, region, data, prior, state, empty_place(3, P), mean, factor)
    return well, mean, factor


@njit
def drawn(rng, inverse, data, prior, state):
    return draw_loosening(rng, GROUP, REGION, inverse, hold(data), hold(prior), hold(state))


def example(family, seed=12):
    """Data, prior and a state in which much is going on around one region of one group, and the people's scatter in its own units."""
    rng = np.random.default_rng(seed)
    attenuation, delta = np.ones((3, P)), np.zeros((3, P, P))
    attenuation[1, [3, 5]], attenuation[2, 3] = (0.7, 0.4), 0.8
    delta[1, 3, 0] = delta[1, 0, 3] = 0.2
    delta[0, 3, 6] = delta[0, 6, 3] = -0.1
    shared, log_d, t = correlation(rng, 90), 0.2 * rng.standard_normal((3, P)), 0.5 + rng.random(P)
    scatter = np.array([n * correlation(rng) for n in SIZES])
    unit = np.exp(log_d[:, :, None] + log_d[:, None, :])
    u = np.zeros(size_of(P, 3))
    shift, size = np.array([0.1, -0.2]), np.array([0.3, -0.25])
    u[HEAD:] = [*((log_d[1:] - log_d[0] - shift[:, None]) / size[:, None]).ravel(), *shift, *size]
    values = {
        "shared": shared, "center": centers(shared, attenuation, delta), "coupling": COUPLING, "attenuation": attenuation,
        "delta": delta, "included": (delta != 0).astype(np.int8), "n_active": (delta != 0).sum(axis=(1, 2)) // 2,
        "size": np.full(3, SLAB), "scaled": scatter / unit, "kappa": KAPPA, "log_d": log_d, "u": u,
        "pull": (0.6 * np.eye(P) + 0.4) * np.outer(t, t), "scale": t, "region_seen": np.zeros((3, 2, P)),
    }  # fmt: skip
    names = {"attenuation_share": SHARE, "attenuation_shape": SHAPE, "eta": ETA, "family": family}
    names |= {"control_sd": CONTROL_SD}
    return (
        Data(**dict.fromkeys(Data._fields, 0.0) | {"sizes": SIZES}),
        Prior(**dict.fromkeys(Prior._fields, 0.0) | names),
        State(**dict.fromkeys(State._fields, 0.0) | values),
        scatter,
    )


def centers(shared, attenuation, delta):
    """The groups' centres, from R_0 and what each group has made of it."""
    start = attenuation[:, :, None] * attenuation[:, None, :]
    start = start * (1 - (1 - shared) * np.exp(-COUPLING)[:, None, None])
    return np.where(np.eye(P), 1.0, np.tanh(np.arctanh(np.where(np.eye(P), 0.0, start)) + delta))


def inverses_of(state):
    inverse = np.empty((7, P, P))
    invert_all(state.shared, state.center, state.scaled, KAPPA, inverse)
    return inverse


def whole_density(state, family):
    """Log density of the state in the coordinates of a point: of all matrices, SDs, departures and of what the region keeps."""
    inverse, nu = np.linalg.inv(state.shared), KAPPA + P + 1
    value = 0.5 * (P + 1) * -np.log(inverse[REGION, REGION])  # of R_0's row by eta
    value += shared_prior(inverse, log_det(state.shared), ETA, family, state.pull, np.empty((P, P)))
    if family == COMMON:
        value += (P - 1 + 2 * ETA) * np.log(
            state.scale[REGION]
        )  # density t^nu of log t_i, which moves with s
    both = state.center + state.scaled / KAPPA[:, None, None]
    value += 0.5 * np.sum(nu * log_det(state.center) - (nu + SIZES) * log_det(both))
    value -= SIZES @ state.log_d.sum(axis=1)
    value += stats.norm(0, CONTROL_SD).logpdf(state.log_d[0]).sum()
    value += stats.norm(0, 1).logpdf(state.u[HEAD : HEAD + 2 * P]).sum()
    value += stats.norm(0, SLAB).logpdf(state.delta[GROUP, REGION, state.included[GROUP, REGION] == 1]).sum()
    kept = state.attenuation[GROUP, REGION]
    return value + (np.log1p(-SHARE) if kept == 1 else np.log(SHARE) + stats.beta(1, SHAPE).logpdf(kept))


@pytest.mark.parametrize("family", [COMMON, LKJ, MARGINAL])
def test_density_of_a_point_is_that_of_whole_matrices(family):
    """And all that hangs together does so after the region moved there."""
    data, prior, state, scatter = example(family)
    rng, inverse, d = np.random.default_rng(1), inverses_of(state), P + 4
    ratio = state.scale[REGION] ** 2 * np.linalg.inv(state.shared)[REGION, REGION]
    first, expected = (
        at(0.7, np.zeros(d), False, inverse, data, prior, state)[0],
        whole_density(state, family),
    )
    for a in (0.7, 0.3, 1.0, 0.9):
        move = 0.05 * rng.standard_normal(d)
        move[REGION] = 0.0
        found, _ = at(a, move, True, inverse, data, prior, state)
        assert found - first == pytest.approx(whole_density(state, family) - expected, abs=1e-8)
        assert state.attenuation[GROUP, REGION] == a
        np.testing.assert_allclose(inverse, inverses_of(state), atol=1e-10)
        np.testing.assert_allclose(
            state.center, centers(state.shared, state.attenuation, state.delta), atol=1e-12
        )
        unit = np.exp(state.log_d[:, :, None] + state.log_d[:, None, :])
        np.testing.assert_allclose(state.scaled * unit, scatter, rtol=1e-12, atol=1e-12)
        sds = state.log_d[0] + state.u[-4:-2, None] + state.u[-2:, None] * state.u[HEAD:-4].reshape(2, P)
        np.testing.assert_allclose(sds, state.log_d[1:], atol=1e-12)
        if family == COMMON:
            assert state.scale[REGION] ** 2 * np.linalg.inv(state.shared)[REGION, REGION] == pytest.approx(
                ratio
            )
            np.testing.assert_allclose(
                state.pull, (0.6 * np.eye(P) + 0.4) * np.outer(state.scale, state.scale)
            )


@pytest.mark.parametrize("family", [COMMON, LKJ])
def test_gradient_is_the_slope_of_the_density(family):
    data, prior, state, _ = example(family)
    inverse, d = inverses_of(state), P + 4
    _, gradient = at(0.6, np.zeros(d), False, inverse, data, prior, state)
    for k in np.delete(np.arange(d), REGION):
        step = 1e-5 * np.eye(d)[k]
        up, down = (at(0.6, way * step, False, inverse, data, prior, state)[0] for way in (1.0, -1.0))
        assert gradient[k] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("family", [COMMON, LKJ, MARGINAL])
def test_approximation_is_the_same_wherever_the_point_is(family):
    """Else a move would not find its way back."""
    data, prior, state, _ = example(family)
    inverse = inverses_of(state)
    before = approximated(inverse, data, prior, state)
    move = 0.1 * np.random.default_rng(2).standard_normal(P + 4)
    move[REGION] = 0.0
    at(0.2, move, True, inverse, data, prior, state)
    for found, expected in zip(approximated(inverses_of(state), data, prior, state), before, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_approximation_is_near_what_it_stands_for():
    """As a proposal it would have few weights that are much larger than others."""
    data, prior, state, _ = example(COMMON)
    inverse, rng, d = inverses_of(state), np.random.default_rng(3), P + 4
    well, mean, factor = approximated(inverse, data, prior, state)
    here = np.concatenate(
        [state.shared[REGION] * np.sqrt(inverse[0, REGION, REGION]), state.log_d[:, REGION], [0.0]]
    )
    here[[REGION, -1]] = 0.0, np.arctanh(state.center[GROUP, REGION, 0])
    log_weight = np.empty(4000)
    for k in range(4000):
        xi = np.where(np.arange(d) == REGION, 0.0, rng.standard_normal(d))
        move = mean[0] + np.tril(factor[0]) @ xi - here
        log_weight[k] = at(1.0, move, False, inverse, data, prior, state)[0] + 0.5 * xi @ xi
    weight = np.exp(log_weight - log_weight.max())
    assert well
    assert weight.sum() ** 2 / (weight**2).sum() > 0.3 * len(weight)


def test_region_comes_loose_and_is_tied_again():
    """Often; and all that hangs together still does."""
    data, prior, state, _ = example(COMMON)
    inverse, rng, tied = inverses_of(state), np.random.default_rng(4), []
    for _ in range(400):
        drawn(rng, inverse, data, prior, state)
        tied.append(state.attenuation[GROUP, REGION] == 1)
    assert np.mean(np.diff(tied)) > 0.5 * np.mean(tied) * (1 - np.mean(tied))
    np.testing.assert_allclose(inverse, inverses_of(state), atol=1e-8)
    np.testing.assert_allclose(
        state.center, centers(state.shared, state.attenuation, state.delta), atol=1e-10
    )


def test_regions_that_change_seldom_are_redrawn_most_often():
    """By what all chains saw: one that only one chain of two has loose before one that changes often, and that before sure ones."""
    states = []
    for loose, changes in (([100, 50, 0, 0], [0, 40, 0, 0]), ([100, 50, 100, 0], [0, 40, 0, 0])):
        seen = np.array([[[100.0] * 4], [loose], [changes]], dtype=float)
        values = {"region_seen": seen, "region_chance": np.linspace(0.25, 1, 4)}
        states.append(State(**dict.fromkeys(State._fields, 0.0) | values))
    learn_regions(states)
    for state in states:
        always, often, one_chain, never = np.diff(state.region_chance, prepend=0.0)
        assert one_chain > 2 * often
        assert often > always
        assert always == pytest.approx(never)
        assert never > 0.05
        assert state.region_chance[-1] == pytest.approx(1)
        assert not state.region_seen.any()


def test_how_probable_a_region_is_loose_is_what_comes_of_its_draws():
    """The chances that add up in its draws are the shares of draws it is loose in, and that it changes in, whatever it happened to do."""
    data, prior, state, _ = example(COMMON)
    inverse, rng, loose = inverses_of(state), np.random.default_rng(8), []
    state.region_seen[:] = 0.0
    for _ in range(2000):
        drawn(rng, inverse, data, prior, state)
        loose.append(state.attenuation[GROUP, REGION] < 1)
    draws, chance, change = state.region_seen[:, GROUP - 1, REGION]
    assert draws == len(loose)
    changed = np.diff(loose)
    assert abs(chance / draws - np.mean(loose)) < 4 * error_of_mean(loose)
    # What Metropolis refuses does not change: fewer changes than are proposed, by little.
    error = error_of_mean(changed)
    assert np.mean(changed) - 4 * error < change / draws < 1.5 * np.mean(changed) + 4 * error


def error_of_mean(events):
    """Standard error of the share of events in a chain, from the shares in twenty parts of it."""
    return np.std([part.mean() for part in np.array_split(np.array(events, float), 20)]) / np.sqrt(20)
