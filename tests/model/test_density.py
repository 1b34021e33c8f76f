"""The referee itself: likelihood, centres and what is drawn forwards, against scipy, simulation and its own faults."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import invwishart, multivariate_normal, multivariate_t

from bayescov.design import from_edges, to_edges
from bayescov.errors import ModelError
from bayescov.model import load_model
from bayescov.model.density import (
    collapsed_log_likelihood,
    log_density,
    log_likelihood,
    log_prior,
    prior_centers,
    residual_scatter,
)
from bayescov.model.forward import draw_covariances, draw_point, draw_volumes

from .designs import random_design

POOLED = load_model("pooled")
SPECS = {
    "separate": load_model("separate"),
    "pooled": POOLED,
    "pooled, lkj": POOLED.change(shared={"family": "lkj", "eta": 2.0}),
    "pooled, kappa fixed": POOLED.change(dense={"width": 0.0}),
    "pooled, one kappa each": POOLED.change(dense={"per_population": True}),
    "pooled, with an atom": POOLED.change(dense={"per_population": True, "atom": 0.5}),
    "sparse": load_model("sparse"),
    "adaptive": load_model("adaptive"),
    "coupling only": load_model("adaptive").change(sparse=None, coupling={"share": 1.0}),
    "pooled, student": POOLED.change(likelihood={"family": "student"}),
    "sparse, student": load_model("sparse").change(likelihood={"family": "student"}),
}


def random_scatter(p, n, seed):
    y = np.random.default_rng(seed).standard_normal((n, p))
    return y, y.T @ y


def random_psi(p, seed):
    return invwishart(p + 4, np.eye(p)).rvs(random_state=seed).reshape(p, p)


# --- Sigma integrated out ---------------------------------------------------------------------------------------------


def by_bayes_theorem(y, psi, nu, *, nu_after):
    """p(Y) = p(Y | Sigma) p(Sigma) / p(Sigma | Y), whatever Sigma is."""
    p = len(psi)
    sigma = random_psi(p, 99)
    after = invwishart(nu_after, psi + y.T @ y)
    likelihood = multivariate_normal(np.zeros(p), sigma).logpdf(y).sum()
    return likelihood + invwishart(nu, psi).logpdf(sigma) - after.logpdf(sigma)


@pytest.mark.parametrize("p", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 7, 60])
@pytest.mark.parametrize("nu", [5.5, 40.0])
def test_integrating_sigma_out_is_bayes_theorem(p, n, nu):
    (y, scatter), psi = random_scatter(p, n, seed=n), random_psi(p, 1)
    ours = collapsed_log_likelihood(scatter, n, psi, nu)
    assert ours == pytest.approx(by_bayes_theorem(y, psi, nu, nu_after=nu + n), rel=1e-10)
    # negative control: half the degrees of freedom that the data add
    assert ours != pytest.approx(by_bayes_theorem(y, psi, nu, nu_after=nu + n / 2), rel=1e-3)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_one_person_is_multivariate_t(p):
    y, scatter = random_scatter(p, 1, seed=3)
    psi, nu = random_psi(p, 2), 6.0
    df = nu - p + 1
    expected = multivariate_t(np.zeros(p), psi / df, df=df).logpdf(y[0])
    assert collapsed_log_likelihood(scatter, 1, psi, nu) == pytest.approx(expected, rel=1e-10)
    assert collapsed_log_likelihood(scatter, 1, psi, nu + 1) != pytest.approx(expected, rel=1e-3)


def test_it_integrates_to_one():
    def density(y):
        return np.exp(collapsed_log_likelihood(np.array([[y * y]]), 1, np.array([[2.0]]), 4.0))

    assert quad(density, -np.inf, np.inf)[0] == pytest.approx(1.0, abs=1e-8)


def test_integrating_sigma_out_by_simulation():
    p, n, nu = 2, 6, 8.0
    (_, scatter), psi = random_scatter(p, n, seed=5), 8 * np.eye(2)
    sigmas = invwishart(nu, psi).rvs(20_000, random_state=6)
    inverse = np.linalg.inv(sigmas)
    logs = -n / 2 * (p * np.log(2 * np.pi) + np.linalg.slogdet(sigmas)[1])
    values = np.exp(logs - np.einsum("sij,ji->s", inverse, scatter) / 2)
    error = values.std() / np.sqrt(len(values))
    right, wrong = (np.exp(collapsed_log_likelihood(scatter, n, psi, df)) for df in (nu, nu / 2))
    assert abs(values.mean() - right) < 4 * error
    assert abs(values.mean() - wrong) > 4 * error


def test_a_huge_kappa_is_sigma_known():
    p, n, kappa = 4, 30, 1e13
    (y, scatter), center = random_scatter(p, n, seed=7), random_psi(4, 8)
    expected = multivariate_normal(np.zeros(p), center).logpdf(y).sum()
    assert collapsed_log_likelihood(scatter, n, kappa * center, kappa + p + 1) == pytest.approx(
        expected, rel=1e-9
    )


# --- the likelihood as a whole ----------------------------------------------------------------------------------------


def person_by_person(spec, design, point):
    """The slow literal version: people come one by one, each from the predictive t of those before."""
    p, total = len(design.regions), 0.0
    kappa = np.broadcast_to(point["kappa"] if spec.dense is not None else np.inf, len(design.populations))
    for g, center in enumerate(prior_centers(spec, design, point)):
        nu, psi = kappa[g] + p + 1, kappa[g] * center
        for i in np.flatnonzero(design.population.values == g):
            mean = point["intercept"].copy()
            if g > 0:
                mean += point["mean_difference"][g - 1]
            for k in range(len(design.covariates)):
                mean += point["slope"][k] * design.x.values[i, k]
            if design.site is not None and design.site.values[i] > 0:
                mean += point["site_effect"][design.site.values[i] - 1]
            weight = point["weight"][i] if spec.likelihood.family == "student" else 1.0
            residual = np.sqrt(weight) * (design.y.values[i] - mean)
            total += p / 2 * np.log(weight)
            if np.isinf(kappa[g]):
                total += multivariate_normal(np.zeros(p), center).logpdf(residual)
                continue
            df = nu - p + 1
            total += multivariate_t(np.zeros(p), psi / df, df=df).logpdf(residual)
            nu, psi = nu + 1, psi + np.outer(residual, residual)
    return total


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("layout", ["plain", "covariates and sites"])
def test_likelihood_person_by_person(name, layout):
    full = layout != "plain"
    design = random_design(covariates="age + icv" if full else "", site=full, sizes=(12, 5, 3))
    for seed in range(3):
        point = draw_point(SPECS[name], design, seed=seed)
        expected = person_by_person(SPECS[name], design, point)
        assert log_likelihood(SPECS[name], design, point) == pytest.approx(expected, rel=1e-9)


def test_departures_act_on_fishers_z():
    design = random_design(regions=2, sizes=(6, 6))
    spec = SPECS["sparse"]
    point = draw_point(spec, design, seed=3)
    point |= {
        "shared_correlation": np.array([0.5]),
        "departure": np.array([[0.4]]),
        "included": np.array([[1]]),
    }
    center = prior_centers(spec, design, point)
    scale = np.exp(point["log_scale"])
    found = center[:, 0, 1] / scale.prod(axis=1)
    np.testing.assert_allclose(found, [0.5, np.tanh(np.arctanh(0.5) + 0.4)])
    off = point | {"included": np.array([[0]])}
    assert prior_centers(spec, design, off)[1, 0, 1] == pytest.approx(0.5 * scale[1].prod())


def test_controls_depart_where_there_are_two_or_more_patient_groups():
    spec = SPECS["sparse"]
    assert spec.sparse.controls
    for sizes, first in (((6, 6), 1), ((6, 6, 6), 0)):
        design = random_design(regions=2, sizes=sizes)
        point = draw_point(spec, design, seed=3)
        assert point["included"].shape == (len(sizes) - first, 1)
        moves = np.linspace(0.4, -0.2, len(sizes) - first)
        point |= {
            "shared_correlation": np.array([0.5]),
            "departure": moves[:, None],
            "included": np.ones((len(moves), 1)),
        }
        scale = np.exp(point["log_scale"])
        found = prior_centers(spec, design, point)[:, 0, 1] / scale.prod(axis=1)
        np.testing.assert_allclose(found[first:], np.tanh(np.arctanh(0.5) + moves))
        np.testing.assert_allclose(found[:first], 0.5)
    three = random_design(regions=2, sizes=(6, 6, 6))
    alone = draw_point(spec.change(sparse={"controls": False}), three, seed=3)
    assert alone["included"].shape == (2, 1)


def test_an_attenuation_is_variance_of_the_regions_own():
    """Of two groups, the one whose region has noise of its own: what is left of the region is a share a^2 of its variance."""
    design = random_design(regions=3, sizes=(6, 6))
    spec = load_model("pooled").change(attenuation={"share": 0.5})
    point = draw_point(spec, design, seed=3) | {"attenuation": np.array([[1.0, 0.6, 1.0]])}
    shared, kept = from_edges(point["shared_correlation"]), np.diag([1.0, 0.6, 1.0])
    noisy = kept @ shared @ kept + np.eye(3) - kept**2
    scale = np.exp(point["log_scale"][1])
    found = prior_centers(spec, design, point)
    np.testing.assert_allclose(found[1], scale[:, None] * noisy * scale, rtol=1e-12)


def test_a_coupling_is_one_more_factor():
    """Of two groups, the one whose people have one more standard normal factor in every region: a share w of the variance."""
    design = random_design(regions=3, sizes=(6, 6))
    spec, w = SPECS["coupling only"], 0.25
    point = draw_point(spec, design, seed=3)
    fewer = from_edges(point["shared_correlation"])
    more = (1 - w) * fewer + w * np.ones((3, 3))
    scale = np.exp(point["log_scale"][1])
    for shared, patients, c in ((fewer, more, -np.log1p(-w)), (more, fewer, np.log1p(-w))):
        point |= {"shared_correlation": to_edges(shared), "coupling": np.array([c])}
        expected = scale[:, None] * patients * scale
        np.testing.assert_allclose(prior_centers(spec, design, point)[1], expected, rtol=1e-12)


def test_a_coupling_that_leaves_no_correlations_is_outside_the_support():
    design = random_design(regions=3, sizes=(6, 6))
    for name in ("coupling only", "adaptive"):
        point = draw_point(SPECS[name], design, seed=3) | {"shared_correlation": np.array([0.2, 0.1, -0.1])}
        assert np.isfinite(log_density(SPECS[name], design, point | {"coupling": np.array([0.1])}))
        assert log_density(SPECS[name], design, point | {"coupling": np.array([-0.7])}) == -np.inf


def test_outside_the_support():
    design = random_design(regions=3, sizes=(8, 8))
    point = draw_point(POOLED, design, seed=1)
    impossible = point | {"shared_correlation": np.array([0.9, 0.9, -0.9])}
    assert log_prior(POOLED, design, impossible) == -np.inf
    assert log_density(POOLED, design, impossible) == -np.inf
    spec = load_model("sparse")
    point = draw_point(spec, design, seed=1)
    point |= {"included": np.ones((1, 3)), "departure": np.array([[3.0, 3.0, -3.0]])}
    assert log_density(spec, design, point) == -np.inf


def test_missing_volumes_and_parameters_are_named():
    design = random_design()
    point = draw_point(POOLED, design, seed=1)
    with pytest.raises(ModelError, match="lacks 'kappa'"):
        log_density(POOLED, design, {k: v for k, v in point.items() if k != "kappa"})
    filled = design.y.values.copy()
    design.y.values[2, 1] = np.nan
    with pytest.raises(ModelError, match="volumes are missing"):
        log_density(POOLED, design, point)
    assert np.isfinite(log_density(POOLED, design, point | {"volume": filled}))


# --- forwards -----------------------------------------------------------------------------------------------------------


def test_volumes_drawn_forwards_have_the_stated_moments():
    design = random_design(sizes=(3000, 3000), regions=2, covariates="age")
    spec = POOLED
    point = draw_point(spec, design, seed=4)
    sigma = draw_covariances(spec, design, point, seed=5)
    y = draw_volumes(spec, design, point, sigma, seed=6)
    filled = point | {"volume": y}
    scatter = residual_scatter(spec, design, filled)
    for g in range(2):
        relative = np.linalg.solve(np.linalg.cholesky(sigma[g]), scatter[g] / 3000)
        relative = np.linalg.solve(np.linalg.cholesky(sigma[g]), relative.T)
        np.testing.assert_allclose(relative, np.eye(2), atol=5 * np.sqrt(2 / 3000))


def test_covariances_drawn_forwards_have_the_stated_mean():
    design = random_design(sizes=(5, 5), regions=2, covariates="")
    point = draw_point(POOLED, design, seed=4) | {"kappa": np.asarray(12.0)}
    drawn = np.array([draw_covariances(POOLED, design, point, seed=s) for s in range(1500)])
    center = prior_centers(POOLED, design, point)
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - center) < 5 * error).all()


def test_the_same_seed_gives_the_same_point():
    design = random_design()
    one, two = (draw_point(load_model("adaptive"), design, seed=8) for _ in range(2))
    assert all(np.array_equal(one[k], two[k]) for k in one)


@pytest.mark.parametrize(
    ("dense", "said"),
    [
        ({"width": 0.0, "atom": 0.1}, "dense.atom.*zero where dense.width is"),
        ({"median": 1e8}, r"dense.median.*at most 1e\+06"),
    ],
)
def test_a_kappa_that_could_not_be_drawn_is_refused(dense, said):
    with pytest.raises(ModelError, match=said):
        load_model("pooled").change(dense=dense)
