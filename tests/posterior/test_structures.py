"""How much a structural special case counts, and the density that this hangs on."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

import bayescov as bc
from bayescov.posterior.structures import mixture, uncontradicted
from bayescov.sampling.prediction import gain_of, log_predictive_density, monte_carlo_error
from bayescov.sampling.structures import structure_shares, structure_weights, weight_of
from bayescov.simulate import simulate_cohort, truth
from tests.posterior.fakes import doubted, fake_design, fake_fit


def test_density_of_a_person_given_the_others_in_closed_form():
    """Normal data of known SD and unknown mean: what importance sampling says of the posterior is the closed form."""
    rng = np.random.default_rng(1)
    y = rng.standard_normal(12)
    n, draws = len(y), 100_000
    mean = y.mean() + rng.standard_normal((2, draws)) / np.sqrt(n)
    found = log_predictive_density(norm(mean[..., None]).logpdf(y))
    others = (y.sum() - y) / (n - 1)
    expected = norm(others, np.sqrt(1 + 1 / (n - 1))).logpdf(y)
    # The weights 1 / density have a variance: its Monte Carlo error, six times.
    weight = np.exp(-norm(mean[..., None]).logpdf(y)).reshape(-1, n)
    error = weight.std(axis=0) / weight.mean(axis=0) / np.sqrt(2 * draws)
    np.testing.assert_array_less(np.abs(found - expected), 6 * error)
    assert (
        np.abs(norm(y.mean()).logpdf(y) - expected) > 6 * error
    ).mean() > 0.5  # to leave nobody out is another thing


@pytest.mark.parametrize(("better", "weight"), [(0.0, 0.5), (-np.log(19.0), 0.05), (-40.0, 0.0), (40.0, 1.0)])
def test_weight_of_a_structure_is_by_its_predictions(better, weight):
    fit = doubted(better)
    assert structure_weights(fit)["structure_sparse"] == pytest.approx(weight, abs=1e-9)
    verdict = bc.connections(fit)["verdict"].values[0, 0]
    assert verdict == ("added" if weight <= 0.05 else "undecided")


@pytest.mark.parametrize(
    ("gain", "se", "mc_error"), [(-3.0, 3.0, 0.0), (1.5, 3.0, 2.5), (-20.0, 8.0, 1.0), (2.0, 0.1, 0.0)]
)
def test_a_weight_is_averaged_over_what_the_gain_might_be(gain, se, mc_error):
    """Against quadrature; the better of two has what the worse one lacks; an error never turns them round."""

    def weight(gain):
        told = {
            "log_predictive_gain": gain,
            "log_predictive_gain_se": se,
            "log_predictive_gain_mc_error": mc_error,
        }
        return weight_of(told)

    sd = np.hypot(se, mc_error)
    expected = quad(lambda x: expit(x) * norm(gain, sd).pdf(x), gain - 10 * sd, gain + 10 * sd, epsabs=1e-12)
    assert weight(gain) == pytest.approx(expected[0], abs=1e-9)
    assert weight(gain) + weight(-gain) == pytest.approx(1.0)
    assert abs(weight(gain) - 0.5) < abs(expit(gain) - 0.5)


def test_shares_are_the_odds_of_each_case_to_the_fit():
    """Gains of log 1 and log 3 in foretelling: odds 1 : 1 : 3; a case that foretells far better has everything."""
    rng = np.random.default_rng(2)
    design = fake_design(rng, ["A", "B"], {"HC": 6, "P": 6})
    draws = np.zeros((2, 10, 2, 1))
    fit = fake_fit(draws, design=design, structures={"pooled": draws, "sparse": draws})
    fit["structure_pooled"].attrs["log_predictive_gain"] = 0.0
    fit["structure_sparse"].attrs["log_predictive_gain"] = np.log(3.0)
    assert structure_shares(fit) == pytest.approx(
        {"posterior": 0.2, "structure_pooled": 0.2, "structure_sparse": 0.6}
    )
    fit["structure_sparse"].attrs["log_predictive_gain"] = 900.0
    assert structure_shares(fit)["structure_sparse"] == pytest.approx(1.0, abs=1e-12)
    assert structure_shares(fake_fit(draws, design=design)) == {"posterior": 1.0}


@pytest.mark.parametrize(
    ("lengths", "shares", "counts"),
    [
        ((1000, 1000, 1000), (0.2, 0.2, 0.6), (200, 200, 600)),
        ((1000, 1000, 300), (0.2, 0.2, 0.6), (100, 100, 300)),
        ((1000, 50, 1000), (1.0, 0.0, 0.0), (1000, 0, 0)),
        ((1000,), (1.0,), (1000,)),
    ],
)
def test_a_mixture_holds_evenly_spaced_draws_of_each_structure_by_its_share(lengths, shares, counts):
    draws = [np.arange(n) + 10_000 * k for k, n in enumerate(lengths)]
    found = mixture(draws, shares)
    owner = found // 10_000
    assert [int((owner == k).sum()) for k in range(len(lengths))] == list(counts)
    for k, count in enumerate(counts):
        gaps = np.diff(found[owner == k])
        assert count < 2 or gaps.max() <= np.ceil(lengths[k] / count)


@pytest.mark.parametrize("better", [0.0, -2.0, 1.0])
def test_what_is_stated_is_the_average_over_the_structures(better):
    """Added in all draws of the fit and in none of the case: the probability is the fit's share, of 100 draws."""
    answers = bc.connections(doubted(better)).isel(population=0, edge=0)
    share = 1.0 / (1.0 + np.exp(better))
    assert float(answers["p_added"]) == pytest.approx(share, abs=0.5 / 100)
    assert float(answers["difference"]) == pytest.approx(0.85 * share, abs=0.85 * 0.5 / 100)
    assert (float(answers["p_added_low"]), float(answers["p_added_high"])) == (0.0, 1.0)


def test_networks_and_counts_are_of_the_same_draws():
    """All connections are there in patients in every draw of the fit, and none in those of the case, which counts as much."""
    rng = np.random.default_rng(2)
    design = fake_design(rng, [f"R{i}" for i in range(4)], {"HC": 6, "A": 6})
    none, all_of_them = np.full((2, 50, 2, 6), 0.05), np.full((2, 50, 2, 6), 0.05)
    all_of_them[:, :, 1] = 0.8
    fit = fake_fit(all_of_them, design=design, structures={"pooled": none})
    density = bc.networks(fit, draws=100).sel(measure="density").isel(population=0)
    assert float(density["mean"]) == pytest.approx(0.5)
    assert float(density["control_mean"]) == 0.0
    answers = bc.connections(fit).isel(population=0)
    assert float(answers["n_added"]) == pytest.approx(3.0)
    assert (float(answers["n_added_low"]), float(answers["n_added_high"])) == (0.0, 6.0)
    assert float(answers["p_more_added_than_missing"]) == pytest.approx(0.5)


def test_without_densities_a_structure_counts_half():
    fit = doubted(0.0)
    del fit["structure_sparse"].attrs["log_predictive_gain"]
    assert structure_weights(fit) == {"structure_sparse": 0.5}


@pytest.mark.parametrize(
    ("gain", "error", "heard"), [(-3.9, 2.0, True), (-4.1, 2.0, False), (-0.1, 0.0, False)]
)
def test_an_interval_ranges_over_what_the_people_do_not_speak_against(gain, error, heard):
    """Two standard errors; the connection's difference is .85 in every draw of the fit, -.05 in those of the case."""
    fit = doubted(gain, error)
    assert uncontradicted(fit) == (("structure_sparse",) if heard else ())
    answers = bc.connections(fit).isel(population=0, edge=0)
    assert float(answers["difference_high"]) == pytest.approx(0.85)
    assert float(answers["difference_low"]) == pytest.approx(0.0 if heard else 0.85)
    assert answers.attrs["structures_uncontradicted"] == ("structure_sparse" if heard else "")


def test_a_fit_keeps_what_its_structures_foretell(tmp_path):
    """Where every connection differs a little the sparse structure foretells worse; the weights survive the disk."""
    rng = np.random.default_rng(3)
    cohort = simulate_cohort(truth("dense", p=6, rng=rng), (100, 100, 100), rng=rng)
    fit = bc.fit(bc.prepare(cohort), seed=1, draws=300, tune=200, chains=2, min_ess=0, progress=False)
    weights, heard = structure_weights(fit), uncontradicted(fit)
    assert weights["structure_sparse"] < 0.05 < weights["structure_pooled"]
    assert heard == ("structure_pooled",)
    bc.save_fit(fit, tmp_path / "fit.zarr")
    loaded = bc.load_fit(tmp_path / "fit.zarr")
    assert structure_weights(loaded) == weights
    assert uncontradicted(loaded) == heard


def test_the_error_of_a_gain_is_that_of_a_sum_over_people():
    """Against the same sum over other people from the same table: people who gain by a normal amount each."""
    rng = np.random.default_rng(4)
    own = rng.standard_normal((1, 1, 80)).repeat(3, axis=1)
    gains = [gain_of(own + rng.normal(0.1, 0.5, 80), own) for _ in range(4_000)]
    found = np.array([g["log_predictive_gain"] for g in gains])
    stated = np.mean([g["log_predictive_gain_se"] for g in gains])
    assert found.mean() == pytest.approx(8.0, abs=5 * 0.5 * np.sqrt(80 / 4_000))
    assert stated == pytest.approx(found.std(), rel=5 / np.sqrt(2 * 4_000))


def test_the_monte_carlo_error_of_a_gain_is_that_over_other_draws():
    """Of chains that remember: each person's log density is an autoregression, and half of it is everybody's."""

    def chains(rng):
        noise = rng.standard_normal((4, 400, 31))
        for t in range(1, 400):
            noise[:, t] = 0.8 * noise[:, t - 1] + 0.6 * noise[:, t]
        return -20.0 + 0.5 * noise[..., 1:] + 0.5 * noise[..., :1]

    rng = np.random.default_rng(5)
    runs = [chains(rng) for _ in range(300)]
    found = np.array([log_predictive_density(run).sum() for run in runs])
    stated = np.array([monte_carlo_error(run) for run in runs])
    assert np.sqrt(np.mean(stated**2)) == pytest.approx(found.std(), rel=5 / np.sqrt(2 * 300))
    both = gain_of(runs[0], runs[1])["log_predictive_gain_mc_error"]
    assert both == pytest.approx(np.hypot(*stated[:2]))
