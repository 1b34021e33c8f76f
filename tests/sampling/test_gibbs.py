"""The compiled engine as a whole: closed forms, seeds, cores, units."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort.table import Cohort
from bayescov.design import prepare, to_edges
from bayescov.errors import FitError, ModelError
from bayescov.model import load_model
from bayescov.sampling import fit
from bayescov.sampling.compiled import Plan, compiled
from bayescov.sampling.gibbs import empty_draws, sample_gibbs
from bayescov.sampling.kernels.sweep import MANY_REGIONS, draw_covariances
from bayescov.sampling.mixing import mixing
from bayescov.sampling.progress import Progress
from bayescov.sampling.start import data_of, prior_of, start_state
from bayescov.simulate import simulate_cohort, truth
from tests.model.designs import random_design

QUICK = {"draws": 100, "tune": 100, "chains": 2, "min_ess": 0.0, "progress": False}


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(1)
    return simulate_cohort(truth("sparse", p=6, rng=rng), (20, 18, 16), rng=rng)


def test_known_means_give_the_inverse_wishart_in_closed_form():
    """`separate` with its means held: Sigma_g ~ InverseWishart(kappa + p + 1 + n_g, kappa I + S_g)."""
    design = random_design(sizes=(25, 30), regions=3, covariates="", seed=2)
    spec = load_model("separate")
    rng = np.random.default_rng(3)
    data = data_of(spec, design)
    state = start_state(spec, data, design, rng)
    p, draws = 3, 20_000
    arguments = rng, data, prior_of(spec, len(design.populations)), state, empty_draws(data, 0, design)
    run = compiled(Plan([draw_covariances], [], []), arguments)
    sigma = np.empty((draws, 2, p, p))
    for t in range(draws):
        run(*arguments, 0, 1, 1, False, 0)
        sigma[t] = state.sigma
    for g, n in enumerate(design.sizes):
        psi = spec.dense.median * np.eye(p) + state.scatter[g]
        nu = spec.dense.median + p + 1 + n
        exact = psi / (nu - p - 1)
        error = sigma[:, g].std(axis=0) / np.sqrt(draws)
        assert np.abs((sigma[:, g].mean(axis=0) - exact) / error).max() < 4.5
        variance = ((nu - p + 1) * psi**2 + (nu - p - 1) * np.outer(np.diag(psi), np.diag(psi))) / (
            (nu - p) * (nu - p - 1) ** 2 * (nu - p - 3)
        )
        np.testing.assert_allclose(sigma[:, g].var(axis=0), variance, rtol=0.08)
        halved = psi / ((nu - n / 2) - p - 1)  # negative control: half the degrees of freedom of the data
        assert np.abs((sigma[:, g].mean(axis=0) - halved) / error).max() > 20


@pytest.mark.parametrize("model", ["separate", "pooled", "adaptive"])
def test_the_same_seed_gives_the_same_draws_on_any_number_of_cores(cohort, model):
    design = prepare(cohort)
    one = fit(design, model=model, seed=5, cores=1, **QUICK)
    two = fit(design, model=model, seed=5, cores=2, **QUICK)
    other = fit(design, model=model, seed=6, cores=2, **QUICK)
    assert one["posterior"].equals(two["posterior"])
    assert not np.array_equal(one["posterior"]["correlation"], other["posterior"]["correlation"])


def test_the_unit_of_a_column_changes_nothing(cohort):
    """On the log scale the standardised volumes are the same numbers up to rounding."""
    scaled = cohort.volumes * np.array([1e-3, 1.0, 1e3, 7.0, 1.0, 0.5])
    again = Cohort.from_frames(scaled, cohort.group, control=cohort.control)
    a, b = prepare(cohort), prepare(again)
    np.testing.assert_allclose(a.y, b.y, atol=1e-9)
    # The sampler sees eight decimals of an SD, which the rounding does not reach: the same draws, not means that are alike.
    one, two = (fit(d, model="pooled", seed=1, **QUICK)["posterior"]["correlation"] for d in (a, b))
    assert one.equals(two)


def test_missing_volumes_are_imputed(cohort):
    volumes = cohort.volumes
    volumes.iloc[[0, 5, 30], 2] = np.nan
    volumes.iloc[40, :] = np.nan
    design = prepare(Cohort.from_frames(volumes, cohort.group, control=cohort.control))
    assert design.n_missing == 9
    posterior = fit(design, model="adaptive", seed=1, **QUICK)["posterior"]
    assert np.isfinite(posterior["correlation"]).all()


def test_fewer_people_than_regions():
    rng = np.random.default_rng(2)
    design = prepare(simulate_cohort(truth("null", p=14, rng=rng), (8, 7, 6), rng=rng))
    posterior = fit(design, model="adaptive", seed=1, **QUICK)["posterior"]
    assert (np.abs(posterior["correlation"]) < 1).all()


def test_with_many_regions_every_group_still_has_its_coupling_drawn():
    """Above MANY_REGIONS a sweep draws the couplings of one group, or of all: each must come and go (once in 40 sweeps it does)."""
    design = random_design(regions=MANY_REGIONS + 1, seed=2)
    spec = load_model("adaptive").change(coupling={"share": 0.9})
    coupling = fit(design, model=spec, structures=False, seed=1, **QUICK | {"draws": 400})["posterior"][
        "coupling"
    ]
    for group in coupling.transpose("patient", ...).values:
        assert (group == 0).any()
        assert (group != 0).any()


def test_what_all_patients_share_is_a_departure_of_the_controls():
    """One connection is .7 in the controls and absent in both patient groups: one departure where two would do as well."""
    rng = np.random.default_rng(4)
    regions, root = [f"region-{j}" for j in range(4)], np.linalg.cholesky([[1, 0.7], [0.7, 1]])
    y = rng.standard_normal((360, 4))
    y[:120, :2] = y[:120, :2] @ root.T
    volumes = pd.DataFrame(np.exp(8 + 0.1 * y), columns=regions)
    group = np.repeat(["HC", "MS", "NMOSD"], 120)
    three = prepare(Cohort.from_frames(volumes, group, control="HC"))
    posterior = fit(three, model="sparse", seed=1, **QUICK)["posterior"]
    departs = posterior["included"].mean(("chain", "draw")).transpose("population", "edge")
    assert float(departs.sel(population="HC")[0]) > 0.9
    assert float(departs.sel(population=["MS", "NMOSD"])[:, 0].max()) < 0.5
    assert posterior["share"].dims[-1] == posterior["size"].dims[-1] == "population"
    two = prepare(Cohort.from_frames(volumes[:240], group[:240], control="HC"))
    posterior = fit(two, model="sparse", seed=1, **QUICK)["posterior"]
    assert float(posterior["included"].sel(patient="MS")[..., 0].mean()) > 0.9


def test_student_weights_protect_from_one_wild_person(cohort):
    volumes = cohort.volumes
    volumes.iloc[0] *= np.array([4, 0.3, 4, 0.3, 4, 0.3])
    design = prepare(Cohort.from_frames(volumes, cohort.group, control=cohort.control))
    clean = prepare(cohort)
    plain, robust = load_model("pooled"), load_model("pooled").change(likelihood={"family": "student"})
    wild = {}
    for name, spec in (("normal", plain), ("student", robust)):
        posterior = fit(design, model=spec, seed=1, **QUICK)["posterior"]
        wild[name] = posterior["correlation"].sel(population=cohort.control).mean(("chain", "draw")).values
    control = clean.y.values[clean.population.values == 0]
    undisturbed = to_edges(np.corrcoef(control.T))
    error = {name: np.abs(values - undisturbed).mean() for name, values in wild.items()}
    assert error["student"] < 0.6 * error["normal"]


def test_settings_are_checked_in_sentences(cohort):
    design = prepare(cohort)
    with pytest.raises(FitError, match="did you mean 'gibbs'"):
        fit(design, engine="gibs")
    with pytest.raises(ModelError, match="did you mean 'adaptive'"):
        fit(design, model="adaptve")
    with pytest.raises(FitError, match="seed=-1 must be a whole number of at least 0"):
        fit(design, seed=-1)
    with pytest.raises(FitError, match="make one with prepare"):
        fit(cohort)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"draws": 3}, "draws=3 must be a whole number of at least 50"),
        ({"draws": 60.5}, r"draws=60\.5 must be a whole number of at least 50"),
        ({"draws": "60"}, "draws='60' must be a whole number of at least 50"),
        ({"tune": np.nan}, "tune=nan must be a whole number of at least 100"),
        ({"chains": 1.5}, r"chains=1\.5 must be a whole number of at least 1"),
        ({"max_draws": -1}, "max_draws=-1 must be a whole number of at least 1"),
        ({"cores": -1}, "cores=-1 must be a whole number of at least 1"),
        ({"min_ess": np.nan}, "min_ess=nan must be a number of effective draws"),
        ({"min_ess": "400"}, "min_ess='400' must be a number of effective draws"),
        ({"engine": None}, "engine=None is not known; use one of: auto, gibbs, nuts"),
    ],
)
def test_a_setting_that_is_none_gets_a_sentence(cohort, wrong, sentence):
    with pytest.raises(FitError, match=sentence):
        fit(prepare(cohort), **wrong)


def test_blocks_are_added_until_no_draws_are_wanted(cohort):
    def drawn(wanted, most):
        answers, after = iter(wanted), []

        def watch(stage, done, total, arrays, densities):
            if arrays is None:
                return 0
            after.append(arrays["correlation"].shape[1])
            assert densities.shape == (2, after[-1], len(cohort.subjects))
            return next(answers)

        sample_gibbs(
            load_model("separate"), prepare(cohort), seed=np.random.SeedSequence(1), draws=100, tune=100, chains=2,
            max_draws=most, cores=1, watch=watch,
        )  # fmt: skip
        return after

    assert drawn([0], most=600) == [100]
    assert drawn([30, 400, 0], most=600) == [100, 150, 250]  # quarters of a block, at most a block
    assert drawn([30, 30], most=120) == [100, 120]


def test_draws_wanted_are_foretold_from_effective_draws():
    rng = np.random.default_rng(3)
    with Progress("model", target=2000.0, show=False) as bar:
        few = bar.watch("draw", 100, 600, {"x": rng.normal(size=(4, 100, 1))})
        assert 200 < few < 800  # 400 of 2,000 were drawn, and are nearly independent
        assert bar.watch("draw", 1000, 6000, {"x": rng.normal(size=(4, 1000, 1))}) == 0
        apart = rng.normal(size=(4, 10_000, 1)) + np.array([0, 0, 0, 0.4])[:, None, None]
        ess, rhat = mixing({"x": apart})
        assert bar.watch("draw", 10_000, 60_000, {"x": apart}) == pytest.approx(10_000 * (2000.0 / ess - 1.0))
        assert bar.watch("tune", 10, 20, None) == 0
    with Progress("model", target=10.0, show=False) as bar:
        assert ess > 10.0
        assert rhat > 1.01
        assert bar.watch("draw", 10_000, 60_000, {"x": apart}) == 2_500.0


def test_draws_that_are_a_part_of_an_average_have_to_mix_as_well_as_that_needs_it():
    """To a quarter of the effective draws, and R-hats four times as far above one."""
    rng = np.random.default_rng(5)
    drawn = {"x": rng.normal(size=(4, 300, 1)) + np.array([0, 0, 0, 0.3])[:, None, None]}
    ess, rhat = mixing(drawn)
    with Progress("model", target=1.001 * ess, show=False) as bar:
        assert rhat > 1.01
        assert bar.watch("draw", 300, 900, drawn) == 75.0
        assert bar.watch("draw", 300, 900, drawn, 0.99 * 0.01 / (rhat - 1.0)) == 0
        assert bar.watch("draw", 300, 900, drawn, 1.01 * 0.01 / (rhat - 1.0)) == 75.0
    with Progress("model", target=4.0 * ess, show=False) as bar:
        assert bar.watch("draw", 300, 900, drawn, 0.30) == pytest.approx(300 * 0.2)
        assert bar.watch("draw", 300, 900, drawn, 0.24) == 0


def test_the_clock_of_the_bar_runs_on_after_the_warm_up():
    with Progress("model", target=0.0, show=True) as bar:
        bar.watch("tune", 400, 400, None)
        assert not bar._bar.finished
        bar.watch("draw", 100, 100, None)
        assert not bar._bar.finished
        bar.watch("draw", 100, 100, {})
        assert bar._bar.finished


def test_a_budget_that_ends_keeps_what_was_drawn(cohort):
    """Every other draw goes only where there is room for more at twice the distance."""

    def kept(most):
        return sample_gibbs(
            load_model("separate"), prepare(cohort), seed=np.random.SeedSequence(1), draws=100, tune=100, chains=2,
            max_draws=most, cores=1, watch=lambda *told: 0 if told[3] is None else 100,
        )[2]  # fmt: skip

    assert {"draws": 200, "thin": 1}.items() <= kept(200).items()
    assert {"draws": 200, "thin": 2}.items() <= kept(400).items()
    assert {"draws": 101, "thin": 2}.items() <= kept(202).items()


def test_what_was_slow_is_judged_first_and_everything_before_the_end():
    """With the last quantity apart in one chain, in the draws of the second half, or in none."""
    rng = np.random.default_rng(4)
    sound = rng.normal(size=(4, 1000, 3))
    one, late = sound.copy(), sound.copy()
    one[3, :, 2] += 2.0
    late[:, 500:, 1] += 2.0
    with Progress("model", target=100.0, show=False) as bar:
        assert bar.watch("draw", 1000, 9000, {"x": one, "y": sound}) > 0
        assert bar.watch("draw", 1000, 9000, {"x": one, "y": sound}) > 0
        assert (
            bar.watch("draw", 1000, 9000, {"x": sound, "y": late}) > 0
        )  # what was slow has mixed, what was not is seen
        assert bar.watch("draw", 1000, 9000, {"x": sound, "y": late}) > 0
        assert bar.watch("draw", 1000, 9000, {"x": sound, "y": sound}) == 0


def test_slow_mixing_keeps_evenly_spaced_draws_and_not_ever_more_of_them(cohort):
    """The same sweeps, whether all of them are kept or every second and every fourth."""
    design, spec = prepare(cohort), load_model("pooled")

    def drawn(wanted, **settings):
        answers = iter(wanted)
        return sample_gibbs(
            spec, design, seed=np.random.SeedSequence(1), tune=100, chains=2, cores=1,
            watch=lambda stage, done, total, arrays, densities: 0 if arrays is None else next(answers), **settings,
        )  # fmt: skip

    whole, _, settings = drawn([0], draws=120, max_draws=120)
    assert settings["thin"] == 1
    # 20 and 20 draws are all kept, 20 of these 40; then one of two: 20 more, and again 20 of 40; then one of four
    few, stats, settings = drawn([40, 40, 40, 40, 40], draws=20, max_draws=120)
    assert (settings["draws"], settings["thin"]) == (30, 4)
    for name, values in few.items():
        np.testing.assert_array_equal(values, whole[name][:, 3::4])
    assert stats["log_likelihood"].shape[:2] == (2, 30)
