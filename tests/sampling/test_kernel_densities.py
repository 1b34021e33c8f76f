"""The kernels' densities against the literal ones of `bayescov.model.density`, which share no code with them."""

import numpy as np
import pytest
from numba import njit
from scipy.stats import gamma, multivariate_t, norm

from bayescov.design import from_edges, to_edges
from bayescov.model import load_model
from bayescov.model.density import (
    collapsed_log_likelihood,
    residual_scatter,
)
from bayescov.model.density import log_density as log_density_of_model
from bayescov.model.forward import draw_point
from bayescov.model.priors import log_correlation_prior
from bayescov.sampling.kernels import closeness, hmc, level, linalg, scalars, shared, updates
from bayescov.sampling.kernels.closeness import INFINITE
from bayescov.sampling.kernels.collapsed import log_density
from bayescov.sampling.kernels.held import hold
from bayescov.sampling.kernels.shared import LKJ, MARGINAL, size_of
from bayescov.sampling.start import data_of, prior_of, start_state
from tests.model.designs import random_design
from tests.sampling.callable import from_python

log_closeness_density = from_python(closeness.log_closeness_density)
log_gammas = from_python(closeness.log_gammas)
relative_eigenvalues = from_python(closeness.relative_eigenvalues)
what_is_on = from_python(hmc.what_is_on)
fill_pull = from_python(level.fill_pull)
draw_inverse_wishart = from_python(linalg.draw_inverse_wishart)
draw_shift = from_python(scalars.draw_shift)
log_dof_density = from_python(scalars.log_dof_density)
log_shift_density = from_python(scalars.log_shift_density)
departed = from_python(shared.departed)
shared_matrix = from_python(shared.shared_matrix)
shared_prior = from_python(shared.shared_prior)
log_det_change = from_python(updates.log_det_change)
move_inverse = from_python(updates.move_inverse)

P, G = 4, 3


@pytest.fixture
def case():
    rng = np.random.default_rng(5)
    spec = load_model("adaptive").change(shared={"family": "common", "eta": 1.2})
    design = random_design(sizes=(12, 9, 10), regions=P, seed=3)
    point = draw_point(spec, design, seed=1)
    edges = P * (P - 1) // 2
    on = [0, 1, 1, 2, 2, 2], [1, 2, 5, 0, 1, 4]  # the controls depart as well
    point["included"], point["departure"] = np.zeros((G, edges)), np.zeros((G, edges))
    point["included"][on] = 1
    point["departure"][on] = 0.15, 0.2, 0.1, 0.1, 0.25, -0.15
    point["coupling"] = np.array([0.3, -0.2])
    point["attenuation"] = np.array([[1.0, 0.6, 1.0, 1.0], [0.9, 1.0, 1.0, 0.3]])
    factor = np.eye(P) + 0.3 * np.tril(rng.standard_normal((P, P)), -1)
    return rng, spec, design, point, factor


def outputs(u, anchor):
    log_d, shared = np.empty((G, P)), np.empty((P, P))
    shared_matrix(u, anchor, log_d, shared)
    return np.concatenate([to_edges(shared), log_d.ravel(), u[-2 * (G - 1) :]])


def log_jacobian(u, anchor, step=1e-5):
    columns = []
    for i in range(len(u)):
        e = np.zeros(len(u))
        e[i] = step
        far = outputs(u + 2 * e, anchor) - outputs(u - 2 * e, anchor)
        near = outputs(u + e, anchor) - outputs(u - e, anchor)
        columns.append((8 * near - far) / (12 * step))
    return np.linalg.slogdet(np.array(columns))[1]


@njit
def density_of_state(position, grad, active, delta, coupling, data, prior, state):
    held = hold(data), hold(prior), hold(state)
    return log_density(position, grad, active, delta, coupling, held[0], held[1], held[2])


class AtKappa:
    """The kernel's density of a point with those indicators, and the referee's of what the point stands for."""

    def __init__(self, case, kappa):
        rng, self.spec, self.design, self.point, self.anchor = case
        self.kappa, self.prior = kappa, prior_of(self.spec, G)
        included = np.zeros((G, P, P), dtype=np.int8)
        included[:] = from_edges(self.point["included"], 0)
        self.active = what_is_on(included, np.append(0.0, self.point["coupling"]))
        self.data = data_of(self.spec, self.design)
        pull = np.empty((P, P))
        fill_pull(1 / self.point["shared_scale"], float(self.point["shared_level"]), pull)
        self.state = start_state(self.spec, self.data, self.design, rng)._replace(
            anchor=self.anchor, anchor_inverse=np.linalg.inv(self.anchor), kappa=np.full(G, kappa), pull=pull,
            scatter=residual_scatter(self.spec, self.design, self.point),
            size=self.point["size"], attenuation=np.vstack([np.ones(P), self.point["attenuation"]]),
        )  # fmt: skip

    def kernel(self, position):
        """Log density and gradient at u followed by couplings and zetas."""
        grad, nowhere = np.empty_like(position), (np.zeros((G, P, P)), np.zeros(G))
        return density_of_state(
            position, grad, self.active, *nowhere, self.data, self.prior, self.state
        ), grad

    def split(self, position):
        """u, couplings (group,) and departures (group, region, region)."""
        m = len(position) - len(self.active)
        coupling, delta = np.zeros(G), np.zeros((G, P, P))
        for (g, i, j), value in zip(self.active, position[m:], strict=True):
            if i == j:
                coupling[g] = value
            else:
                delta[g, i, j] = delta[g, j, i] = value
        return position[:m], coupling, delta

    def referee(self, position):
        """Log density at u followed by couplings and departures."""
        u, coupling, delta = self.split(position)
        values = outputs(u, self.anchor)
        edges = P * (P - 1) // 2
        tail = values[-2 * (G - 1) :]
        here = self.point | {
            "shared_correlation": values[:edges],
            "log_scale": values[edges : edges + G * P].reshape(G, P),
            "spread_shift": tail[: G - 1],
            "spread_size": tail[G - 1 :],
            "kappa": np.float64(self.kappa),
            "departure": to_edges(delta),
            "coupling": coupling[1:],
        }
        return log_density_of_model(self.spec, self.design, here) + log_jacobian(u, self.anchor)

    def to_zetas(self, position):
        """u, couplings and departures to u, couplings and zetas: literally, an inverse a group."""
        u, coupling, delta = self.split(position)
        found, m = position.copy(), len(u)
        shared, center = from_edges(outputs(u, self.anchor)[: P * (P - 1) // 2]), np.empty((P, P))
        for k, (g, i, j) in enumerate(self.active):
            if i != j:
                departed(shared, coupling[g], self.state.attenuation[g], delta[g], center)
                found[m + k] = np.arcsinh(np.linalg.inv(center)[i, j] / self.data.unit[i, j])
        return found

    def log_jacobian_of_zetas(self, position):
        """By departures, u and couplings held; from finite differences."""
        m, step = len(position) - len(self.active), 1e-5
        each = step * np.eye(len(position))[m:]
        moved = [self.to_zetas(position + e)[m:] - self.to_zetas(position - e)[m:] for e in each]
        return np.linalg.slogdet(np.array(moved) / (2 * step))[1]

    def offset(self, position):
        """Kernel minus referee, Jacobians and all."""
        kernel, _ = self.kernel(self.to_zetas(position))
        return kernel + self.log_jacobian_of_zetas(position) - self.referee(position)


def positions(case, count):
    rng = case[0]
    for _ in range(count):
        u = 0.2 * rng.standard_normal(size_of(P, G))
        u[-(G - 1) :] = 0.2 + 0.1 * rng.random(G - 1)
        point = case[3]
        coupling = [[], *point["coupling"][:, None]]
        of_groups = zip(coupling, point["departure"], point["included"], strict=True)
        own = np.concatenate([np.append(c, d[on == 1]) for c, d, on in of_groups])
        yield np.append(u, own * rng.uniform(0.7, 1.1, len(own)))


@pytest.mark.parametrize("kappa", [3.0, 60.0, 5000.0])
@pytest.mark.parametrize("family", ["marginal", "lkj", "common"])
def test_density_of_a_point_is_the_referees_up_to_one_constant(case, kappa, family):
    at = AtKappa((case[0], case[1].change(shared={"family": family, "eta": 1.4}), *case[2:]), kappa)
    offsets = [at.offset(position) for position in positions(case, 5)]
    size = abs(at.referee(next(positions(case, 1))))
    np.testing.assert_allclose(offsets, offsets[0], atol=1e-8 * size)


@pytest.mark.parametrize("of", ["u", "zetas"])
def test_a_dropped_jacobian_is_seen(case, of):
    """Negative control: without either Jacobian the offsets are not constant."""
    at = AtKappa(case, 60.0)
    dropped = {"u": lambda x: -log_jacobian(x[: size_of(P, G)], at.anchor), "zetas": at.log_jacobian_of_zetas}
    offsets = [at.offset(x) - dropped[of](x) for x in positions(case, 5)]
    assert np.ptp(offsets) > 0.1


@pytest.mark.parametrize("kappa", [3.0, 500.0])
def test_gradient_is_the_finite_difference(case, kappa):
    at = AtKappa(case, kappa)
    point = at.to_zetas(next(positions(case, 1)))
    numeric = [(at.kernel(point + e)[0] - at.kernel(point - e)[0]) / 2e-5 for e in 1e-5 * np.eye(len(point))]
    np.testing.assert_allclose(at.kernel(point)[1], numeric, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("family", "eta"), [("marginal", 1.0), ("marginal", 2.5), ("lkj", 1.0), ("lkj", 3.0)]
)
def test_prior_of_the_shared_matrix(family, eta):
    rng = np.random.default_rng(0)
    offsets = []
    for _ in range(4):
        x = rng.standard_normal((9, 5))
        r = np.corrcoef(x.T)
        grad = np.empty((5, 5))
        code = {"lkj": LKJ, "marginal": MARGINAL}[family]
        value = shared_prior(np.linalg.inv(r), np.linalg.slogdet(r)[1], eta, code, grad, grad)
        offsets.append(value - log_correlation_prior(r, family, eta))
    np.testing.assert_allclose(offsets, offsets[0], atol=1e-9)


def test_closeness_density_is_the_referees_up_to_one_constant():
    rng = np.random.default_rng(1)
    p, n = 5, 17
    center = np.corrcoef(rng.standard_normal((40, p)).T)
    log_d = 0.3 * rng.standard_normal(p)
    x = rng.standard_normal((n, p))
    scatter = x.T @ x
    eigenvalues = np.empty(p)
    relative_eigenvalues(center, scatter, log_d, np.empty((p, p)), np.empty((p, p)), eigenvalues)
    scale = np.exp(log_d)
    psi = scale[:, None] * center * scale
    offsets = [
        log_closeness_density(k, eigenvalues, n, log_gammas(k, p, n))
        - collapsed_log_likelihood(scatter, n, k * psi, k + p + 1)
        for k in (0.5, 8.0, 300.0, 40_000.0)
    ]
    np.testing.assert_allclose(offsets, offsets[0], rtol=1e-8, atol=1e-7)


def test_density_of_a_shift_is_the_referees_up_to_one_constant():
    """All SDs of a group times exp(shift), and a normal prior."""
    rng = np.random.default_rng(6)
    p, n, kappa, linear, square = 5, 17, 30.0, 3.0, 40.0
    center = np.corrcoef(rng.standard_normal((40, p)).T)
    x = rng.standard_normal((n, p))
    scatter = x.T @ x
    eigenvalues = np.linalg.eigvals(np.linalg.solve(center, scatter)).real
    offsets = [
        log_shift_density(shift, kappa, n, linear, square, eigenvalues)
        - collapsed_log_likelihood(scatter, n, kappa * np.exp(2 * shift) * center, kappa + p + 1)
        - norm(linear / square, square**-0.5).logpdf(shift)
        for shift in (-1.0, -0.1, 0.0, 0.4)
    ]
    np.testing.assert_allclose(offsets, offsets[0], rtol=1e-9)


def test_where_the_numbers_broke_down_nothing_shifts():
    """Eigenvalues are NaN where R* is singular to rounding; slice sampling would look for an interval for ever."""
    assert draw_shift(np.random.default_rng(8), 30.0, 17, 3.0, 40.0, np.full(5, np.nan)) == 0.0


def test_density_of_the_degrees_of_freedom_is_that_of_a_multivariate_t():
    """Beside the prior of the excess over two, a Gamma, on the log scale: Jacobian and all."""
    rng = np.random.default_rng(7)
    p, shape, rate = 4, 1.5, 0.1
    sigma = np.cov(rng.standard_normal((20, p)).T)
    residuals = rng.standard_normal((30, p))
    distances = np.einsum("sa,ab,sb->s", residuals, np.linalg.inv(sigma), residuals)
    offsets = [
        log_dof_density(np.log(excess), p, shape, rate, distances)
        - multivariate_t(shape=sigma, df=2 + excess).logpdf(residuals).sum()
        - gamma(shape, scale=1 / rate).logpdf(excess)
        - np.log(excess)
        for excess in (0.1, 2.0, 30.0, 400.0)
    ]
    np.testing.assert_allclose(offsets, offsets[0], rtol=1e-9)


def test_a_million_people_stand_for_infinity():
    """At the atom the collapsed density is the normal one of the centre itself, to a part in a thousand."""
    rng = np.random.default_rng(2)
    p, n = 6, 40
    x = rng.standard_normal((n, p))
    scatter = x.T @ x
    psi = np.corrcoef(rng.standard_normal((50, p)).T)
    _, logdet = np.linalg.slogdet(psi)
    normal = -0.5 * n * (logdet + p * np.log(2 * np.pi)) - 0.5 * np.trace(np.linalg.solve(psi, scatter))
    collapsed = collapsed_log_likelihood(scatter, n, INFINITE * psi, INFINITE + p + 1)
    assert abs(normal - collapsed) < 2e-3


def test_rank_two_updates():
    rng = np.random.default_rng(3)
    p = 6
    matrix = np.corrcoef(rng.standard_normal((30, p)).T)
    k = np.linalg.inv(matrix)
    i, j, d = 1, 4, 0.07
    moved = matrix.copy()
    moved[i, j] += d
    moved[j, i] += d
    ratio = np.linalg.slogdet(moved)[1] - np.linalg.slogdet(matrix)[1]
    assert log_det_change(d, k[i, i], k[i, j], k[j, j]) == pytest.approx(ratio, abs=1e-12)
    move_inverse(k, i, j, d)
    np.testing.assert_allclose(k, np.linalg.inv(moved), atol=1e-11)
    edge = 1 / (np.sqrt(k[i, i] * k[j, j]) - k[i, j])  # where the determinant vanishes
    assert np.isneginf(log_det_change(1.0001 * edge, k[i, i], k[i, j], k[j, j]))


def test_departures_add_on_fishers_scale():
    shared = from_edges(np.array([0.3, -0.5, 0.8]))
    delta = from_edges(np.array([0.4, 0.0, -0.2]), 0.0)
    out = np.empty((3, 3))
    for left, start in ((1.0, [0.3, -0.5, 0.8]), (0.8, [0.44, -0.2, 0.84]), (1.25, [0.125, -0.875, 0.75])):
        for attenuation in ([1.0, 1.0, 1.0], [1.0, 0.5, 0.9]):
            departed(shared, -np.log(left), np.array(attenuation), delta, out)
            kept = to_edges(np.outer(attenuation, attenuation))
            expected = np.tanh(np.arctanh(kept * start) + np.array([0.4, 0.0, -0.2]))
            np.testing.assert_allclose(to_edges(out), expected)


def test_inverse_wishart_draws_have_its_mean():
    rng = np.random.default_rng(4)
    p, dof, draws = 4, 12.0, 20_000
    psi = 3 * np.corrcoef(rng.standard_normal((20, p)).T)
    sigma, omega = np.empty((draws, p, p)), np.empty((draws, p, p))
    for t in range(draws):
        draw_inverse_wishart(rng, dof, psi, sigma[t], omega[t])
    np.testing.assert_allclose(sigma[0] @ omega[0], np.eye(p), atol=1e-10)
    for found, exact in ((sigma, psi / (dof - p - 1)), (omega, dof * np.linalg.inv(psi))):
        error = found.std(axis=0) / np.sqrt(draws)
        assert np.abs((found.mean(axis=0) - exact) / error).max() < 4.5  # ten elements each: 1 in 15,000
