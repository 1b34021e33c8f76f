"""The packaged study: what it says it simulates is what comes out, and its numbers are the published ones."""

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.design import from_edges, to_edges
from bayescov.errors import BayescovError
from bayescov.posterior.events import events
from bayescov.simulate import simulate_study, study_truth
from bayescov.simulate.correlations import packaged_table

SEED = 20230601


@pytest.fixture(scope="module")
def large():
    """So many people that everything drawn from the truth can be estimated closely."""
    return simulate_study(seed=SEED, sizes={"HC": 20_000, "MS": 20_000, "NMOSD": 20_000})


def test_the_study_has_the_published_groups_and_regions():
    cohort = bc.simulate_study("ms-nmosd", seed=1)
    assert cohort.groups == ("HC", "MS", "NMOSD")
    assert cohort.group.value_counts().to_dict() == {"MS": 40, "NMOSD": 35, "HC": 34}
    assert len(cohort.regions) == 15
    assert "Left-Thalamus" in cohort.regions
    assert not [r for r in cohort.regions if r.endswith("-Proper")]
    assert list(cohort.covariates) == ["age", "sex", "icv"]
    assert cohort.data["volume"].notnull().all()


def test_the_same_seed_gives_the_same_people_and_another_seed_others():
    first, again, other = (simulate_study(seed=s) for s in (7, 7, 8))
    assert first.data.identical(again.data)
    assert not np.allclose(first.volumes, other.volumes)
    assert first.truth.drop_attrs().equals(other.truth.drop_attrs())


def test_more_people_in_one_group_change_only_the_numbers():
    cohort = simulate_study(seed=1, sizes={"MS": 120})
    assert cohort.group.value_counts().to_dict() == {"MS": 120, "NMOSD": 35, "HC": 34}


@pytest.mark.parametrize("n", [10.7, "5", -1, True])
def test_a_size_is_a_whole_number(n):
    with pytest.raises(BayescovError, match=r"sizes\['MS'\]=.* must be a whole number of at least 0"):
        simulate_study(seed=1, sizes={"MS": n})


def test_ms_gains_more_than_it_loses_and_nmosd_the_reverse():
    truth = study_truth()
    correlation = truth["correlation"].values
    found = [events(correlation[0], correlation[g], threshold=0.3, margin=0.1) for g in (1, 2)]
    assert [int(e.added.sum()) for e in found] == [20, 2]
    assert [int(e.missing.sum()) for e in found] == [2, 16]
    assert [int(e.reversed.sum()) for e in found] == [0, 0]


def test_ms_is_smaller_everywhere_and_more_variable_and_nmosd_is_not_smaller():
    truth = study_truth()
    percent = truth["difference_percent"]
    assert (percent.sel(population="MS") < -5).all()
    assert (percent.sel(population=["HC", "NMOSD"]) == 0).all()
    ratio = truth["sd"].sel(population="MS") / truth["sd"].sel(population="HC")
    published = ratio.values[ratio.values > 1 + 1e-9]
    assert len(published) == 9  # four structures on both sides, and the brain-stem
    assert published.min() >= 1.4 - 1e-9
    assert published.max() <= 1.9
    np.testing.assert_allclose(
        np.log1p(percent.values / 100),
        truth["mean"].values - truth["mean"].sel(population="HC").values,
        atol=1e-12,
    )


def test_true_correlations_are_valid_and_change_both_hemispheres_alike():
    truth = study_truth()
    matrices = from_edges(truth["correlation"].values)
    assert np.linalg.eigvalsh(matrices).min() >= 0.05 - 1e-9
    ms = truth["correlation"].sel(population="MS").to_series()
    sides = [f"{a}-Thalamus ~ {b}-Caudate" for a in ("Left", "Right") for b in ("Left", "Right")]
    labels = [s if s in ms.index else " ~ ".join(reversed(s.split(" ~ "))) for s in sides]
    assert np.ptp(ms[labels]) < 0.01


def _residuals(cohort, population):
    """Log volumes of a group without the true covariate effects, by a literal loop."""
    people = cohort.select([s for s, g in cohort.group.items() if g == population])
    by_age, by_sex, by_size = cohort.truth["slope"].sel(covariate=["age", "sex[T.M]", "log(icv)"]).values
    out = np.log(people.volumes.to_numpy())
    for i, person in enumerate(people.covariates.itertuples()):
        out[i] -= by_age * (person.age - 36.0)
        out[i] -= by_sex * ((person.sex == "M") - 0.5)
        out[i] -= by_size * np.log(person.icv / 1.5e6)
    return out


@pytest.mark.parametrize("population", ["HC", "MS", "NMOSD"])
def test_people_are_drawn_from_the_truth(large, population):
    residuals = _residuals(large, population)
    truth = large.truth.sel(population=population)
    n = len(residuals)
    # four and a half standard errors: a false alarm for one of some 400 numbers once in about 400 runs
    z_mean = (residuals.mean(0) - truth["mean"].values) / (truth["sd"].values / np.sqrt(n))
    z_sd = np.log(residuals.std(0, ddof=1) / truth["sd"].values) * np.sqrt(2 * n)
    sample = to_edges(np.corrcoef(residuals.T))
    z_edge = (np.arctanh(sample) - np.arctanh(truth["correlation"].values)) * np.sqrt(n - 3)
    for z in (z_mean, z_sd, z_edge):
        assert np.abs(z).max() < 4.5


def test_the_check_above_would_notice_another_groups_correlations(large):
    residuals = _residuals(large, "MS")
    controls = large.truth["correlation"].sel(population="HC").values
    z = (np.arctanh(to_edges(np.corrcoef(residuals.T))) - np.arctanh(controls)) * np.sqrt(len(residuals) - 3)
    assert np.abs(z).max() > 20


def test_people_have_the_published_ages_sexes_and_head_sizes(large):
    covariates = large.covariates
    people = packaged_table("people").set_index("population")
    for population in people.index:
        rows = covariates[(large.group == population).to_numpy()]
        assert rows["age"].between(18, 75).all()
        assert (rows["sex"] == "F").mean() == pytest.approx(people.loc[population, "female"], abs=1e-9)
        assert rows["age"].mean() == pytest.approx(people.loc[population, "age_mean"], abs=2.0)
    median = covariates.groupby("sex")["icv"].median()
    assert median["F"] == pytest.approx(1.40e6, rel=0.005)
    assert median["M"] == pytest.approx(1.60e6, rel=0.005)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "ms-nmsod", "seed": 1}, "did you mean 'ms-nmosd'"),
        ({"seed": 1, "sizes": {"SM": 3}}, "HC, MS, NMOSD"),
        ({"seed": 1, "sizes": {"MS": -1}}, "'MS'"),
        ({"seed": 1, "sizes": {"HC": 0}}, "control group 'HC' is not there"),
        ({"seed": -1}, "seed=-1 must be a whole number of at least 0"),
    ],
)
def test_what_is_not_there_is_said(arguments, said):
    with pytest.raises(BayescovError, match=said):
        simulate_study(**arguments)


def test_packaged_numbers_are_those_of_their_sources(shared):
    def source(name):
        table = pd.read_csv(shared / "params" / name, index_col=0)
        return table.rename(
            index=lambda r: r.replace("-Proper", ""), columns=lambda r: r.replace("-Proper", "")
        )

    regression = source("fcon1000_log_regression.csv")
    packaged = packaged_table("healthy_regions").set_index("region")
    for ours, theirs, factor in [
        ("mean_mm3", "raw_mean_mm3", 1.0),
        ("age_per_year", "age_per10y", 0.1),
        ("male", "male", 1.0),
        ("log_icv", "logICV", 1.0),
        ("sd_log", "resid_sd_log", 1.0),
    ]:
        np.testing.assert_allclose(packaged[ours], factor * regression.loc[packaged.index, theirs], rtol=1e-4)
    correlation = packaged_table("healthy_correlation").set_index("region")
    pd.testing.assert_frame_equal(correlation, source("fcon1000_resid_corr.csv"), check_names=False)

    published = pd.read_csv(shared / "params" / "published_ms_nmosd.csv")
    rows = published[(published["source"] == "AJNR_hw532") & published["group"].isin(["HC", "MS"])]
    mean = rows.pivot(index="measure", columns="group", values="mean")
    percent = 100 * (mean["MS"] / mean["HC"] - 1)
    names = {"thalamus_total": "Thalamus", "accumbens": "Accumbens-area", "NWMV": "Brain-Stem"}
    percent = percent.rename(lambda m: names.get(m, m.capitalize()))
    effects = packaged_table("volume_effects").set_index(["population", "structure"])["difference_percent"]
    for structure, change in effects.loc["MS"].items():
        assert change == pytest.approx(percent[structure], abs=0.06)
