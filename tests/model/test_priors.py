"""The referee's priors: every density against scipy, against draws from the prior and against faults."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, gamma, halfnorm, lognorm, norm

from bayescov.design import from_edges
from bayescov.model import load_model, priors
from bayescov.model.forward import draw_correlation_matrix, draw_point
from bayescov.model.priors import log_correlation_prior, prior_terms

from .designs import random_design

POOLED = load_model("pooled")

# --- the prior of R_0 -------------------------------------------------------------------------------------------------

FAMILIES = [("lkj", 1.0), ("lkj", 2.5), ("marginal", 1.0), ("marginal", 2.5)]


@pytest.mark.parametrize(("family", "eta"), FAMILIES)
def test_the_prior_of_two_regions_is_beta(family, eta):
    for r in (-0.7, 0.0, 0.3):
        expected = beta.logpdf((1 + r) / 2, eta, eta) - np.log(2)
        assert log_correlation_prior(from_edges(np.array([r])), family, eta) == pytest.approx(expected)


VOLUME = {3: np.pi**2 / 2, 4: 32 * np.pi**2 / 27}  # of all correlation matrices


@pytest.mark.parametrize("p", VOLUME)
def test_lkj_one_is_uniform(p):
    matrix = draw_correlation_matrix(p, "marginal", 1.0, seed=1)
    assert log_correlation_prior(matrix, "lkj", 1.0) == pytest.approx(-np.log(VOLUME[p]))


@pytest.mark.parametrize("p", VOLUME)
@pytest.mark.parametrize(("family", "eta"), [f for f in FAMILIES if f != ("lkj", 1.0)])
def test_the_prior_of_r_is_normalised_and_that_of_its_draws(p, family, eta):
    """Uniform draws average to 1 / volume; so do, for the family with mass near the edge, the draws' inverses."""
    rng = np.random.default_rng(p)
    own = (family, eta) == ("marginal", 1.0)
    drawn = [
        draw_correlation_matrix(p, *((family, eta) if own else ("lkj", 1.0)), seed=rng) for _ in range(2000)
    ]
    logs = np.array([log_correlation_prior(m, family, eta) for m in drawn]) + np.log(VOLUME[p])
    ratio = np.exp(-logs if own else logs)
    error = ratio.std() / np.sqrt(len(ratio))
    assert error < 0.1
    assert abs(ratio.mean() - 1) < 4.5 * error


@pytest.mark.parametrize(("family", "eta"), FAMILIES)
def test_moments_of_the_prior_draws(family, eta):
    """LKJ(eta): r is Beta(b, b) on (-1, 1), b = eta - 1 + p/2, so E[r^2] = 1/(2b + 1): .25 for p = 3, eta = 1."""
    p, rng = 3, np.random.default_rng(4)
    b = eta - 1 + p / 2 if family == "lkj" else eta
    squares = np.array(
        [draw_correlation_matrix(p, family, eta, seed=rng)[[0, 0, 1], [1, 2, 2]] for _ in range(4000)]
    )
    squares = squares**2
    error = squares.std() / np.sqrt(len(squares))
    np.testing.assert_allclose(squares.mean(axis=0), 1 / (2 * b + 1), atol=4.5 * error)


def test_a_missing_jacobian_is_found():
    """The density of the Cholesky factor, taken for that of the matrix, has the wrong moments: the fault PyMC had."""
    rng = np.random.default_rng(5)
    drawn = [draw_correlation_matrix(3, "lkj", 1.0, seed=rng) for _ in range(4000)]
    squares = np.array([m[0, 1] ** 2 for m in drawn])
    jacobian = np.array([np.log(np.diag(np.linalg.cholesky(m))) @ [2, 1, 0] for m in drawn])
    for weight, passes in ((np.ones(len(drawn)), True), (np.exp(jacobian), False)):
        mean = np.average(squares, weights=weight)
        assert bool(abs(mean - 0.25) < 0.02) == passes


# --- the prior as a whole ---------------------------------------------------------------------------------------------

DENSITIES = {
    "_normal": (priors._normal, (0.3, 1.7), norm(0.3, 1.7)),
    "_half_normal": (priors._half_normal, (0.6,), halfnorm(scale=0.6)),
    "_log_normal": (priors._log_normal, (40.0, 1.5), lognorm(1.5, scale=40.0)),
    "_gamma": (priors._gamma, (2.0, 0.1), gamma(2.0, scale=10.0)),
    "_beta": (priors._beta, (1.0, 4.0), beta(1.0, 4.0)),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_single_densities_are_scipys(name):
    ours, parameters, theirs = DENSITIES[name]
    x = theirs.ppf([0.01, 0.3, 0.5, 0.99])
    np.testing.assert_allclose(ours(x, *parameters), theirs.logpdf(x))
    assert priors._half_normal(np.array(-0.1), 1.0) == -np.inf


SCALED = (
    "intercept", "mean_shift", "mean_spread", "mean_difference", "slope_mean", "slope_spread", "slope", "site_spread",
    "site_effect", "mean_symmetry", "slope_symmetry", "site_symmetry", "mean_share",
    "spread_shift", "spread_size", "log_scale", "shared_scale", "kappa", "coupling", "attenuation", "share", "size",
    "departure", "weight",
)  # fmt: skip


def stretched(point, name, factor):
    """The point with one parameter further from its prior mean."""
    value = point[name]
    if name == "log_scale":
        shift = point["spread_shift"][:, None]
        control, ratio = value[:1], value[1:] - value[:1] - shift
        return point | {name: np.vstack([control * factor, control * factor + shift + ratio * factor])}
    if name == "attenuation":
        return point | {name: np.where(value == 1, 1.0, value * factor)}
    center = {"mean_difference": "mean_shift", "slope": "slope_mean"}.get(name)
    shift = 0.0 if center is None else point[center][:, None]
    if name == "mean_difference":
        shift = shift * point["mean_included"]
    return point | {name: shift + (value - shift) * factor}


def virial(truth, judged, design, count, seed):
    """E[(theta - m)' d log p / d theta] = -dimension for every parameter: mean and error of the excess."""
    step, excess = 1e-4, {}
    for rng in np.random.default_rng(seed).spawn(count):
        point = draw_point(truth, design, seed=rng)
        for name in (n for n in SCALED if n in point):
            # A discrete part does not move: edges that do not depart, a coupling of zero, an attenuation of one.
            free = {
                "departure": point["included"],
                "coupling": point["coupling"] != 0,
                "attenuation": point["attenuation"] != 1,
            }
            size = np.sum(free[name]) if name in free else np.size(point[name])
            up, down = (
                sum(prior_terms(judged, design, stretched(point, name, 1 + h)).values())
                for h in (step, -step)
            )
            excess.setdefault(name, []).append((up - down) / (2 * step) + size)
    return {name: (np.mean(v), np.std(v) / np.sqrt(count)) for name, v in excess.items()}


@pytest.fixture(scope="module")
def tiny():
    return random_design(regions=2, sizes=(8, 8), site=True)


FULL = load_model("adaptive").change(
    likelihood={"family": "student"},
    mean={"symmetry_a": 2.0, "symmetry_b": 4.0},
    focal={"share_b": 4.0},
    sparse={"share_b": 2.0},
    coupling={"share": 0.6},
    attenuation={"share": 0.5, "shape": 4.0},
)


def test_draws_and_density_of_the_prior_belong_together(tiny):
    found = virial(FULL, FULL, tiny, count=150, seed=11)
    assert found.keys() == set(SCALED)
    for name, (mean, error) in found.items():
        assert abs(mean) < 4.5 * error, name


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"mean": {"intercept_sd": 1.0, "spread_scale": 0.25}}, ("intercept", "mean_spread", "slope_spread")),
        ({"spread": {"spread_scale": 3.0, "control_sd": 0.25}}, ("spread_size", "log_scale")),
        ({"dense": {"median": 800.0}, "sparse": {"size_median": 0.12}}, ("kappa", "size")),
        ({"shared": {"eta": 3.0}, "coupling": {"scale": 0.1}}, ("shared_scale", "coupling")),
        ({"attenuation": {"shape": 2.0}}, ("attenuation",)),
        ({"mean": {"symmetry_b": 1.5}}, ("mean_symmetry", "slope_symmetry")),
        ({"focal": {"share_b": 2.0, "same_sd": 0.05}}, ("mean_share", "mean_difference")),
    ],
)
def test_another_prior_is_found(tiny, wrong, names):
    found = virial(FULL, FULL.change(**wrong), tiny, count=200, seed=12)
    for name in names:
        mean, error = found[name]
        assert abs(mean) > 4.5 * error, name


def test_an_atom_of_kappa_carries_its_mass():
    spec, design = POOLED.change(dense={"per_population": True, "atom": 0.5}), random_design(sizes=(5, 5))
    point = draw_point(spec, design, seed=2)
    infinite = prior_terms(spec, design, point | {"kappa": np.array([np.inf, np.inf])})["kappa"]
    assert infinite == pytest.approx(2 * np.log(0.5))
    mass = quad(
        lambda k: np.exp(prior_terms(spec, design, point | {"kappa": np.array([np.inf, k])})["kappa"]) / 0.5,
        0, np.inf, limit=200,
    )[0]  # fmt: skip
    assert mass == pytest.approx(0.5, abs=1e-4)
    none = prior_terms(POOLED, design, point | {"kappa": np.inf})["kappa"]
    assert none == -np.inf


def test_indicators_have_the_mass_of_a_coin(tiny):
    spec = load_model("sparse")
    point = draw_point(spec, tiny, seed=3)
    share = float(point["share"][0])
    on, off = (prior_terms(spec, tiny, point | {"included": np.array([[k]])})["included"] for k in (1, 0))
    assert np.exp(on) == pytest.approx(share)
    assert np.exp(on) + np.exp(off) == pytest.approx(1)


def test_structures_that_do_not_differ_have_the_mass_of_a_coin_and_both_sides_go_together():
    spec, design = load_model("sparse"), random_design(sizes=(5, 5), regions=3)
    point = draw_point(spec, design, seed=3)
    share = float(point["mean_share"][0])

    def mass(included):
        return np.exp(
            prior_terms(spec, design, point | {"mean_included": np.array([included])})["mean_included"]
        )

    assert mass([1, 1, 0]) == pytest.approx(share * (1 - share))
    assert sum(mass([a, a, b]) for a in (0, 1) for b in (0, 1)) == pytest.approx(1)
    assert mass([1, 0, 0]) == 0


def test_a_coupling_of_zero_carries_its_mass(tiny):
    spec = load_model("adaptive").change(coupling={"share": 0.3})
    point = draw_point(spec, tiny, seed=3)
    zero = prior_terms(spec, tiny, point | {"coupling": np.zeros(1)})["coupling"]
    assert zero == pytest.approx(np.log(0.7))
    mass = quad(
        lambda c: np.exp(prior_terms(spec, tiny, point | {"coupling": np.array([c])})["coupling"]), -4, 4
    )
    assert mass[0] == pytest.approx(0.3, abs=1e-6)


def test_an_attenuation_of_one_carries_its_mass(tiny):
    spec = load_model("adaptive").change(attenuation={"share": 0.3})
    point = draw_point(spec, tiny, seed=3)

    def term(a):
        return prior_terms(spec, tiny, point | {"attenuation": np.array([[a, 1.0]])})["attenuation"] - np.log(
            0.7
        )

    assert term(1.0) == pytest.approx(np.log(0.7))
    assert quad(lambda a: np.exp(term(a)), 0, 1)[0] == pytest.approx(0.3, abs=1e-6)
