"""Comparing models: densities of people left out, against the definition, scipy and brute-force refits."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp, multigammaln

import bayescov as bc
from bayescov.design import from_edges, to_edges
from bayescov.design.subset import drop
from bayescov.errors import AnswerError
from bayescov.model import load_model
from bayescov.posterior.compare import left_out_density, without_dust
from bayescov.posterior.likelihood import leave_one_out_density, log_likelihood
from bayescov.posterior.parameters import parameters_of
from bayescov.sampling.tree import design_of
from tests.posterior.fakes import conjugate_fit, design_from, doubted, fake_fit

SIZES = {"HC": 12, "MS": 13, "NMOSD": 14}
QUICK = {"draws": 800, "tune": 200, "chains": 2, "min_ess": 0.0, "progress": False}


def marginal(r, center, kappa):
    """Log density of all residuals of a group, their covariance integrated out: the definition."""
    n, p = r.shape
    nu = kappa + p + 1
    a = kappa * center + r.T @ r
    return (
        -n * p / 2 * np.log(np.pi) + multigammaln((nu + n) / 2, p) - multigammaln(nu / 2, p)
        + nu / 2 * np.linalg.slogdet(kappa * center)[1] - (nu + n) / 2 * np.linalg.slogdet(a)[1]
    )  # fmt: skip


@pytest.mark.parametrize("kappa", [0.5, 4.2, 300.0])
def test_a_person_given_the_others_is_a_ratio_of_marginal_densities(kappa):
    rng = np.random.default_rng(0)
    center, r = np.cov(rng.normal(size=(9, 3)).T), rng.normal(size=(7, 3))
    expected = [marginal(r, center, kappa) - marginal(np.delete(r, i, 0), center, kappa) for i in range(7)]
    np.testing.assert_allclose(leave_one_out_density(r, center, kappa), expected, rtol=1e-9)


def test_a_large_kappa_is_a_normal_with_the_centre():
    rng = np.random.default_rng(1)
    center, r = np.cov(rng.normal(size=(9, 3)).T), rng.normal(size=(7, 3))
    normal = stats.multivariate_normal(np.zeros(3), center).logpdf(r)
    np.testing.assert_allclose(leave_one_out_density(r, center, np.inf), normal)
    np.testing.assert_allclose(leave_one_out_density(r, center, 9e4), normal, atol=2e-3)


@pytest.fixture(scope="module")
def design():
    rng = np.random.default_rng(2)
    n = sum(SIZES.values())
    return design_from(rng.normal(size=(n, 3)) + rng.normal(size=(n, 1)), SIZES)


@pytest.fixture(scope="module")
def fits(design):
    return {m: bc.fit(design, model=m, seed=3, **QUICK) for m in ("separate", "pooled")}


@pytest.fixture(scope="module")
def compared(fits):
    return bc.compare_models(fits)


def test_the_sampler_records_the_same_density(fits):
    recorded = log_likelihood(fits["separate"], draws=100)
    bare = fits["separate"].copy()
    del bare["log_likelihood"]
    computed = log_likelihood(bare, draws=100)
    assert recorded.attrs["given"] == computed.attrs["given"] == "the rest of the group"
    np.testing.assert_allclose(recorded, computed, rtol=1e-9)


@pytest.mark.parametrize(
    ("model", "step"), [("separate", 8), pytest.param("pooled", 4, marks=pytest.mark.slow)]
)
def test_leaving_out_agrees_with_fitting_again(compared, design, model, step):
    estimated, k = (compared[name].sel(model=model).values for name in ("elpd_person", "pareto_k"))
    for i in range(0, 39, step):
        again = bc.fit(drop(design, [i]), model=model, seed=100 + i, **QUICK)
        exact = left_out_density(again, design, i)
        assert estimated[i] == pytest.approx(exact, abs=0.15 if k[i] < 0.5 else 0.5), i


def test_the_table_holds_together(compared, design):
    assert float(compared["weight"].sum()) == pytest.approx(1.0, abs=1e-6)
    assert float(compared["elpd_difference"][0]) == 0.0
    assert (np.diff(compared["elpd"]) <= 0).all()
    np.testing.assert_allclose(compared["elpd_person"].sum("subject"), compared["elpd"])
    assert list(compared["subject"].values) == list(design.subjects)
    assert (compared["n_bad"] == (compared["pareto_k"] > 0.7).sum("subject")).all()


def test_a_model_that_cannot_see_a_correlation_predicts_worse():
    rng = np.random.default_rng(4)
    n = sum(SIZES.values())
    design = design_from(rng.normal(size=(n, 3)) * 0.3 + rng.normal(size=(n, 1)), SIZES)
    right = conjugate_fit(design, rng, model=load_model("pooled").change(dense=None))
    wrong = right.copy(deep=True)
    wrong["posterior"]["correlation"] *= 0.0
    compared = bc.compare_models({"wrong": wrong, "right": right})
    assert list(compared["model"].values) == ["right", "wrong"]
    assert float(compared["weight"].sel(model="right")) > 0.9
    assert float(compared["elpd_difference"].sel(model="wrong")) < -10


def test_a_model_that_does_not_count_has_no_weight():
    """What an optimiser leaves of it (these were seen) would widen ranges as if it counted."""
    found = without_dust(
        np.array([8.60683856e-01, 1.24479711e-01, 1.48364330e-02, 7.78057547e-13, 7.15585202e-12])
    )
    assert list(found[3:]) == [0.0, 0.0]
    assert found.sum() == pytest.approx(1.0, abs=1e-15)
    assert found[1] / found[0] == pytest.approx(1.24479711e-01 / 8.60683856e-01)


def test_models_are_compared_by_the_names_of_people_and_regions_whatever_their_order(fits, design):
    """Another order is the same posterior, and so the same densities, also where a person is left out for good."""
    people, regions = np.random.default_rng(6).permutation(39), [2, 0, 1]
    arrays = {name: getattr(design, name).isel(region=regions) for name in ("center", "scale")}
    arrays |= {name: getattr(design, name).isel(subject=people) for name in ("x", "population")}
    turned = dataclasses.replace(design, y=design.y.isel(subject=people, region=regions), **arrays)
    posterior, matrices = (
        fits["pooled"]["posterior"],
        from_edges(fits["pooled"]["posterior"]["correlation"].values),
    )
    other = fake_fit(
        to_edges(matrices[..., regions, :][..., regions]), design=turned, model="pooled",
        mean=posterior["mean"].values[..., regions], sd=posterior["sd"].values[..., regions],
    )  # fmt: skip
    straight = fits["pooled"].copy()
    del straight["log_likelihood"]
    first, second = (
        bc.compare_models({"separate": fits["separate"], "pooled": fit}) for fit in (straight, other)
    )
    for name in ("elpd_person", "pareto_k", "weight"):
        expected, found = (one[name].sel(model=["separate", "pooled"]) for one in (first, second))
        np.testing.assert_allclose(found, expected, atol=1e-6, err_msg=name)
    y = turned.y.copy(deep=True)
    y[0, 0] += 0.01
    changed = fake_fit(to_edges(matrices), design=dataclasses.replace(turned, y=y), model="pooled")
    with pytest.raises(AnswerError, match="not of the same volumes"):
        bc.compare_models({"separate": fits["separate"], "pooled": changed})


def test_people_with_a_large_pareto_k_are_fitted_again(fits, monkeypatch):
    monkeypatch.setattr("bayescov.posterior.compare.BAD", -1.0)
    plain = bc.compare_models(fits)
    again = bc.compare_models(fits, refits=2, settings=QUICK)
    for model in fits:
        k = plain["pareto_k"].sel(model=model).values
        changed = np.flatnonzero(again["pareto_k"].sel(model=model).values != k)
        np.testing.assert_array_equal(np.sort(np.argsort(-k)[:2]), changed)
        one, two = (c["elpd_person"].sel(model=model).values for c in (plain, again))
        # Importance sampling errs for the pooled model's worst people, which is why they are fitted again.
        np.testing.assert_allclose(one[changed], two[changed], atol=0.35 if model == "separate" else 1.0)
        assert float(again["elpd"].sel(model=model)) == pytest.approx(two.sum())
        elpd, p = (
            [float(c[name].sel(model=model)) for c in (plain, again)]
            for name in ("elpd", "effective_parameters")
        )
        assert sum(v[0] for v in (elpd, p)) == pytest.approx(sum(v[1] for v in (elpd, p)))
        values = log_likelihood(fits[model]).values.reshape(-1, 39)
        lppd = (logsumexp(values, axis=0) - np.log(len(values))).sum()
        assert p[1] == pytest.approx(lppd - elpd[1])


def test_refits_leave_out_the_person_of_that_name(fits, design, monkeypatch):
    """In the fit whose people stand in another order it is the same person who is left out."""
    left_out = []
    monkeypatch.setattr("bayescov.posterior.compare.BAD", -1.0)
    monkeypatch.setattr("bayescov.sampling.fit", lambda design, **_: set(design.subjects))
    monkeypatch.setattr(
        "bayescov.posterior.compare.left_out_density",
        lambda again, design, i: left_out.append((design.subjects[i], set(design.subjects) - again)) or -1.0,
    )
    people = np.arange(39)[::-1]
    arrays = {name: getattr(design, name).isel(subject=people) for name in ("x", "y", "population")}
    turned = dataclasses.replace(design, **arrays)
    posterior = fits["pooled"]["posterior"]
    other = fake_fit(
        posterior["correlation"].values, design=turned, model="pooled",
        mean=posterior["mean"].values, sd=posterior["sd"].values,
    )  # fmt: skip
    found = bc.compare_models({"separate": fits["separate"], "pooled": other}, refits=1)
    assert len(left_out) == 2
    for model, (person, missing) in zip(("separate", "pooled"), left_out, strict=True):
        assert missing == {person}
        assert float(found["elpd_person"].sel(model=model, subject=person)) == -1.0


def test_averaged_connections_lie_between_the_models(fits):
    weights = {"separate": 1.0, "pooled": 3.0}
    mixed = bc.average_connections(fits, weights, threshold=0.2)
    one, two = (bc.connections(fits[m], threshold=0.2) for m in weights)
    np.testing.assert_allclose(mixed["p_added"], 0.25 * one["p_added"] + 0.75 * two["p_added"])
    np.testing.assert_allclose(mixed["p_added_low"], np.minimum(one["p_added"], two["p_added"]))
    np.testing.assert_allclose(mixed["p_missing_high"], np.maximum(one["p_missing"], two["p_missing"]))
    alone = bc.average_connections(fits, {"separate": 0.0, "pooled": 2.0}, threshold=0.2)
    assert (alone["verdict"] == two["verdict"]).all()
    for way in ("p_more_added_than_missing", "p_more_missing_than_added"):
        np.testing.assert_allclose(mixed[way], 0.25 * one[way] + 0.75 * two[way])
    assert alone.attrs["weights"] == "separate: 0.000, pooled: 1.000"


@pytest.mark.parametrize("better", [0.0, -np.log(19.0), 40.0])
def test_a_fit_averaged_with_nothing_else_says_what_it_says(better):
    """Its special cases count in the range and in verdicts as they do in `connections`."""
    fit = doubted(better)
    expected, found = bc.connections(fit), bc.average_connections({"one": fit}, {"one": 1.0})
    for name in ("p_added", "p_added_low", "p_added_high", "p_unchanged_low", "verdict"):
        np.testing.assert_array_equal(found[name], expected[name])
    assert (expected["p_added_low"] < expected["p_added_high"]).any()


def test_averaged_connections_say_of_themselves_what_holds_for_all_models(fits):
    mixed = bc.average_connections(fits, {"separate": 1.0, "pooled": 1.0}, threshold=0.2)
    one = bc.connections(fits["separate"], threshold=0.2)
    for name in ("control", "study", "kind", "threshold", "margin", "fdr", "definition_added"):
        assert mixed.attrs[name] == one.attrs[name]
    for name in ("draws", "interval", "structures", "structure_shares", "definition_evidence"):
        assert name not in mixed.attrs
    assert "the fit by itself" in mixed.attrs["definition_weights"]
    held = {
        "range",
        "verdict",
        "weights",
        "difference",
        "present",
        *("added", "missing", "reversed", "unchanged"),
    }
    assert {k.removeprefix("definition_") for k in mixed.attrs if k.startswith("definition_")} == held


def test_fits_that_cannot_be_compared_get_a_sentence(fits, design):
    with pytest.raises(AnswerError, match="at least two fits by name"):
        bc.compare_models({"pooled": fits["pooled"]})
    with pytest.raises(AnswerError, match="seed=-1 must be a whole number of at least 0"):
        bc.compare_models(fits, seed=-1)
    fewer = bc.fit(drop(design, [0]), model="separate", seed=1, **QUICK)
    with pytest.raises(AnswerError, match="'pooled' and 'other' are not of the same volumes"):
        bc.compare_models({"pooled": fits["pooled"], "other": fewer})
    with pytest.raises(AnswerError, match="no weight for separate"):
        bc.average_connections(fits, {"pooled": 1.0})
    with pytest.raises(AnswerError, match="not all zero"):
        bc.average_connections(fits, {"pooled": 0.0, "separate": 0.0})


def regrouped(design, order, codes=None, **names):
    """The same design with its populations in another order, renamed, or people in other groups."""
    position = [order.index(g) for g in design.populations]
    codes = design.population.values if codes is None else codes
    return dataclasses.replace(
        design,
        population=design.population.copy(data=np.array(position)[codes]),
        populations=tuple(names.get(g, g) for g in order),
    )


def reordered(fit, design, *, populations=slice(None), regions=slice(None)):
    """The same posterior as a fit of `design`, its populations and regions in this order."""
    matrices = from_edges(fit["posterior"]["correlation"].values)
    return fake_fit(
        to_edges(matrices[:, :, populations][..., regions, :][..., regions]),
        design=design,
        model="pooled",
    )


def test_groups_and_connections_are_averaged_by_name_whatever_their_order(fits, design):
    order = [2, 0, 1]
    other = regrouped(design, ["HC", "NMOSD", "MS"])
    by_region = {name: getattr(other, name).isel(region=order) for name in ("y", "center", "scale")}
    turned = reordered(
        fits["pooled"], dataclasses.replace(other, **by_region), populations=[0, 2, 1], regions=order
    )
    straight = reordered(fits["pooled"], design)
    weights = {"one": 0.4, "two": 0.6}
    expected = bc.average_connections({"one": fits["separate"], "two": straight}, weights)
    mixed = bc.average_connections({"one": fits["separate"], "two": turned}, weights)
    assert list(mixed["population"].values) == ["MS", "NMOSD"]
    assert not np.allclose(expected["p_added"][0], expected["p_added"][1], atol=0.01)
    for name in ("p_added", "p_missing", "p_added_high", "difference", "n_added"):
        np.testing.assert_allclose(mixed[name], expected[name], err_msg=name)


def test_fits_of_other_groups_people_or_regions_are_neither_averaged_nor_compared(fits, design):
    codes = design.population.values.copy()
    codes[[12, 30]] = codes[[30, 12]]
    order = ["HC", "MS", "NMOSD"]
    for other, sentence in (
        (
            regrouped(design, order, MS="ON"),
            "patient groups, which are MS, NMOSD in the first and ON, NMOSD in",
        ),
        (regrouped(design, ["MS", "HC", "NMOSD"]), "'one' and 'two' have other controls, 'HC' and 'MS'"),
        (regrouped(design, order, codes), "different groups: 2 of 39, the first 's12', who is 'MS' in the"),
    ):
        pair = {"one": fits["separate"], "two": reordered(fits["pooled"], other)}
        with pytest.raises(AnswerError, match=sentence):
            bc.average_connections(pair, {"one": 0.5, "two": 0.5})
        with pytest.raises(AnswerError, match=sentence):
            bc.compare_models(pair)
    fewer = {"one": fits["separate"], "two": reordered(fits["pooled"], drop(design, [3]))}
    with pytest.raises(AnswerError, match="not of the same people: 's3' only in one of them"):
        bc.average_connections(fewer, {"one": 0.5, "two": 0.5})
    two_regions = reordered(fits["pooled"], design).isel(region=[0, 1], edge=[0])
    with pytest.raises(AnswerError, match="not of the same regions: only 'one' has 'R2'"):
        bc.average_connections({"one": fits["separate"], "two": two_regions}, {"one": 0.5, "two": 0.5})


def test_missing_volumes_are_left_out_of_the_density(design):
    rng = np.random.default_rng(5)
    fit = conjugate_fit(design, rng)
    params = parameters_of(fit)
    fit["observed_data"]["y"].values[4, 1] = np.nan
    some = log_likelihood(fit)
    assert design_of(fit).n_missing == 1
    assert some.attrs["given"] == "the covariance"
    d = design.y.values[4, [0, 2]]
    first = stats.multivariate_normal(
        params.mean[0, 0, [0, 2]], params.covariance[0, 0][np.ix_([0, 2], [0, 2])]
    )
    assert float(some[0, 0, 4]) == pytest.approx(first.logpdf(d))
