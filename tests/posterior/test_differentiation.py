"""Telling two diagnoses apart: densities, new people, scores, and cross-validation without leakage."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

import bayescov as bc
from bayescov.cohort.table import Cohort
from bayescov.design import from_edges
from bayescov.design.subset import subset
from bayescov.errors import AnswerError, DesignError
from bayescov.posterior import scores
from bayescov.posterior.area import area_interval, fold_inflation
from bayescov.posterior.differentiate import stratified_folds
from bayescov.posterior.newcomers import newcomers
from bayescov.posterior.parameters import parameters_of
from bayescov.posterior.people import log_density, predictive_log_density
from bayescov.posterior.rivals import rival_probabilities
from tests.posterior.fakes import conjugate_fit, design_from

SIZES = {"HC": 20, "MS": 22, "NMOSD": 24}


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(1)
    n = sum(SIZES.values())
    volumes = pd.DataFrame(
        np.exp(rng.normal(8, 0.1, size=(n, 4))), index=[f"s{i}" for i in range(n)], columns=list("ABCD")
    )
    volumes.iloc[3, 2] = np.nan
    covariates = pd.DataFrame(
        {"age": rng.normal(40, 9, n), "sex": rng.choice(["F", "M"], n), "hospital": ["x", "y"] * 33}
    )
    group = [g for g, k in SIZES.items() for _ in range(k)]
    return Cohort.from_frames(volumes, group, control="HC", covariates=covariates)


@pytest.mark.parametrize("dof", [None, 5.0])
def test_log_density_equals_scipy_whatever_is_missing(dof):
    rng = np.random.default_rng(2)
    covariance = np.cov(rng.normal(size=(12, 4)).T)
    deviations = rng.normal(size=(9, 4))
    deviations[rng.random((9, 4)) < 0.3] = np.nan
    deviations[4] = np.nan
    for d, got in zip(deviations, log_density(deviations, covariance, dof), strict=True):
        there = np.isfinite(d)
        if not there.any():
            assert got == 0
            continue
        part = covariance[np.ix_(there, there)]
        zero = np.zeros(there.sum())
        known = (
            stats.multivariate_normal(zero, part) if dof is None else stats.multivariate_t(zero, part, df=dof)
        )
        assert got == pytest.approx(known.logpdf(d[there]))


def test_predictive_density_equals_the_loop_over_draws():
    rng = np.random.default_rng(3)
    fit = conjugate_fit(design_from(rng.normal(size=(66, 3)), SIZES), rng, chains=1, draws=7)
    params, y = parameters_of(fit), rng.normal(size=(5, 3))
    weights = np.array([0.3, 0.7])
    got = predictive_log_density(params, y, np.empty((5, 0)), None, (1, 2), weights)
    mean, sd = fit["posterior"]["mean"].values[0], fit["posterior"]["sd"].values[0]
    covariance = from_edges(fit["posterior"]["correlation"].values[0]) * sd[..., None] * sd[..., None, :]
    for i, person in enumerate(y):
        for k, g in enumerate((1, 2)):
            both, means, spread = [], [], []
            for m, c in zip(mean, covariance, strict=True):
                one_mean, one_covariance = 0.3 * m[1] + 0.7 * m[2], 0.3 * c[1] + 0.7 * c[2]
                both.append(stats.multivariate_normal(m[g], c[g]).pdf(person))
                means.append(stats.multivariate_normal(m[g], one_covariance).pdf(person))
                spread.append(stats.multivariate_normal(one_mean, c[g]).pdf(person))
            np.testing.assert_allclose(got[:, i, k], np.log([np.mean(v) for v in (both, means, spread)]))


def test_a_subset_is_what_prepare_makes_of_the_subset(cohort):
    keep = np.r_[0:15, 20:35, 42:60]
    design = bc.prepare(cohort, covariates="age + sex", site="hospital")
    one = subset(design, keep)
    two = bc.prepare(
        cohort.select([cohort.subjects[i] for i in keep]), covariates="age + sex", site="hospital"
    )
    for name in ("y", "x", "population", "center", "scale", "covariate_center", "covariate_scale", "site"):
        np.testing.assert_allclose(
            getattr(one, name).values, getattr(two, name).values, atol=1e-9, err_msg=name
        )
    assert one.subjects == two.subjects


def test_a_subset_without_a_group_gets_a_sentence(cohort):
    with pytest.raises(DesignError, match="the group 'NMOSD' has nobody"):
        subset(bc.prepare(cohort), range(40))


def test_the_people_of_the_study_as_newcomers_are_themselves(cohort):
    design = bc.prepare(cohort, covariates="age + sex", site="hospital")
    again = newcomers(design, cohort, site="hospital")
    np.testing.assert_allclose(again.y, design.y.values, atol=1e-9)
    np.testing.assert_allclose(again.x, design.x.values, atol=1e-9)
    np.testing.assert_array_equal(again.site, design.site.values)
    table = pd.concat([cohort.volumes, cohort.covariates], axis=1)[lambda t: t.columns[::-1]]
    np.testing.assert_allclose(
        newcomers(design, table.head(1), site="hospital").y, design.y.values[:1], atol=1e-9
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.assign(sex="X"), "'sex' is 'X' for s0, which nobody in the study was .levels: F, M"),
        (lambda t: t.drop(columns="age"), "the study's formula needs 'age', which is not there"),
        (
            lambda t: t.drop(columns="hospital"),
            "sites of the new people are to be in 'hospital', which is not there",
        ),
        (lambda t: pd.concat([t, t.tail(1)]), r"1 of 4 rows give a person again .*the first: s2"),
        (
            lambda t: t.assign(age=np.nan),
            "'age' is missing for 3 of 3 new people .the first: s0.; fill it in",
        ),
        (
            lambda t: t.assign(age="old"),
            "'age' was a number in the study, but is 'old' for s0; write numbers",
        ),
        (lambda t: t.assign(age=["41", "40.5", "n"]), "'age' holds numbers, but 'n' for s2"),
        (lambda t: t.assign(age=["41,5", "40.5", "39"]), "'age' mixes decimal commas and points"),
        (lambda t: t.assign(age=-9), "'age' is -9 for s0, where nobody in the study was below 0"),
        (lambda t: t.assign(A=-1.0), "s0 has -1 in A"),
        (lambda t: t.drop(columns=list("ABCD")), "none of the study's regions"),
        (lambda t: t.assign(hospital="z"), "the site 'z' of s0 is not one of the study's"),
        (lambda t: t.to_numpy(), "not as ndarray"),
    ],
)
def test_tables_that_do_not_fit_get_a_sentence(cohort, change, sentence):
    design = bc.prepare(cohort, covariates="age + sex", site="hospital")
    table = pd.concat([cohort.volumes, cohort.covariates], axis=1).head(3)
    with pytest.raises(AnswerError, match=sentence):
        newcomers(design, change(table), site="hospital")


def test_a_site_where_the_study_had_none_is_said(cohort):
    with pytest.raises(AnswerError, match="had no sites, so nothing is known of the scanners in 'hospital'"):
        newcomers(bc.prepare(cohort), cohort, site="hospital")


def test_codes_of_new_people_are_the_studys_levels_whatever_they_are_written_as(cohort):
    codes = np.resize([0, 1, 2], len(cohort.subjects))
    study = pd.concat([cohort.volumes, cohort.covariates.assign(code=codes)], axis=1)
    design = bc.prepare(
        bc.Cohort.from_frames(study[list("ABCD")], cohort.group, covariates=study[["code"]], control="HC"),
        covariates="C(code)",
    )
    for written in (study.code, study.code.astype(float), study.code.astype(str)):
        one = newcomers(design, study.assign(code=written).iloc[[4]])
        np.testing.assert_allclose(one.x, design.x.values[[4]], atol=1e-12)
    with pytest.raises(
        AnswerError, match=r"'code' is '7' for s3, which nobody in the study was .levels: 0, 1, 2"
    ):
        newcomers(design, study.assign(code=7.0).iloc[3:5])


@pytest.mark.parametrize(
    "formula",
    [
        "poly(age, 2)", "bs(age, df=4)", "scale(age)", "I(age - np.mean(age))", "I(age - age.mean())", "age.rank()",
        "I(age / age.max())", "I((age - np.mean(age)) / np.std(age))", "I(age - np.median(age))", "I(age - age.min())",
    ],
)  # fmt: skip
def test_formulas_that_learn_are_refused_for_new_people(cohort, formula):
    design = bc.prepare(cohort, covariates=formula)
    people = pd.concat([cohort.volumes, cohort.covariates], axis=1)
    for several in (people, people.iloc[:5], people.iloc[[3]]):
        with pytest.raises(AnswerError, match="depends on who else is in the table"):
            newcomers(design, several)


@pytest.mark.parametrize(
    "formula", ["age", "log(age)", "I(age**2)", "I(age - 40)", "np.sqrt(age)", "age + I(age > 40)"]
)
def test_formulas_that_do_not_learn_say_of_one_what_they_say_of_all(cohort, formula):
    design = bc.prepare(cohort, covariates=formula)
    people = pd.concat([cohort.volumes, cohort.covariates], axis=1)
    np.testing.assert_allclose(newcomers(design, people.iloc[[3]]).x, design.x.values[[3]], atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40), st.booleans())
def test_scores_equal_scikit_learn(seed, n, ties):
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.5
    positive[:2] = True, False
    p = rng.random(n).round(1 if ties else 9).clip(0.01, 0.99)
    assert scores.area_under_curve(positive, p) == pytest.approx(metrics.roc_auc_score(positive, p))
    assert scores.brier(positive, p) == pytest.approx(metrics.brier_score_loss(positive, p))
    assert scores.log_score(positive, p) == pytest.approx(-metrics.log_loss(positive, p))


def test_calibration_bins_hold_everybody_in_ascending_order():
    rng = np.random.default_rng(4)
    p = rng.random(1000)
    stated, found, n = scores.calibration(rng.random(1000) < p, p, 5)
    assert n.sum() == 1000
    assert (np.diff(stated) > 0).all()
    np.testing.assert_allclose(found, stated, atol=4 * np.sqrt(0.25 / 200))


def test_folds_divide_the_people_and_keep_the_diagnoses_even():
    positive = np.arange(31) < 11
    folds = stratified_folds(positive, 4, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(31))
    assert {int(positive[f].sum()) for f in folds} <= {2, 3}
    assert {len(f) for f in folds} == {7, 8}


def quick_fit(design, *, seed, **_):
    return conjugate_fit(design, np.random.default_rng(seed), chains=1, draws=150)


@pytest.fixture
def quick(monkeypatch):
    """Cross-validation with exact draws in place of the sampler."""
    monkeypatch.setattr("bayescov.sampling.fit", quick_fit)


def two_kinds(rng, n, shift, rho):
    """Controls and two diagnoses that differ in their means and in one correlation; the exact log densities."""
    means = {"HC": np.zeros(3), "A": np.array([shift, 0, 0]), "B": np.zeros(3)}
    turned = np.eye(3)
    turned[1, 2] = turned[2, 1] = rho
    known = {g: stats.multivariate_normal(m, turned if g == "A" else np.eye(3)) for g, m in means.items()}
    y = np.concatenate([known[g].rvs(n, random_state=rng) for g in known])
    optimal = known["A"].logpdf(y[n:]) - known["B"].logpdf(y[n:])
    return design_from(y, dict.fromkeys(known, n)), optimal


def test_cross_validated_auc_is_near_the_best_possible(quick):
    design, optimal = two_kinds(np.random.default_rng(5), 150, 0.7, 0.8)
    answers = bc.differentiate(design, ("A", "B"), folds=2, seed=1)
    auc = answers["auc"].to_series()
    best = metrics.roc_auc_score(np.arange(300) < 150, optimal)
    se = np.sqrt(best * (1 - best) / 150)
    assert auc["both"] == pytest.approx(best, abs=2 * se)
    assert auc["both"] > auc["means"] + 0.03
    assert auc["both"] > auc["covariance"]
    assert auc["both"] > auc["lda"] - 2 * se
    assert answers["brier"].sel(classifier="both") < 0.2
    assert (answers["auc_low"] < answers["auc"]).all()
    assert (answers["auc"] < answers["auc_high"]).all()
    assert answers["auc_gain_low"].sel(classifier="both") > 0
    assert float(answers["auc_gain"].sel(classifier="means")) == 0


def test_nothing_to_find_is_found_to_be_nothing(quick):
    design, _ = two_kinds(np.random.default_rng(6), 60, 0.0, 0.0)
    answers = bc.differentiate(design, ("A", "B"), folds=2)
    # The SD of an AUC of two samples of 60 from one distribution is .053; three of them, over seven methods.
    assert np.abs(answers["auc"] - 0.5).max() < 0.16


def test_people_left_out_play_no_part(quick):
    """Changing one person's volumes changes no other probability of that person's fold."""
    design, _ = two_kinds(np.random.default_rng(7), 20, 1.0, 0.5)
    one = bc.differentiate(design, ("A", "B"), folds=2, seed=3, rivals=False)
    folds = stratified_folds(
        one["positive"].values, 2, np.random.default_rng(np.random.SeedSequence(3).spawn(2)[0])
    )
    design.y.values[20 + folds[0][0]] += 5.0
    two = bc.differentiate(design, ("A", "B"), folds=2, seed=3, rivals=False)
    np.testing.assert_array_equal(
        one["probability"].values[:, folds[0][1:]], two["probability"].values[:, folds[0][1:]]
    )
    assert not np.allclose(one["probability"].values[:, folds[1]], two["probability"].values[:, folds[1]])


def test_predict_names_what_is_clear_and_abstains_otherwise():
    rng = np.random.default_rng(8)
    y = rng.normal(size=(90, 3))
    y[30:60] += 4.0
    fit = conjugate_fit(design_from(y, {"HC": 30, "A": 30, "B": 30}), rng, chains=1, draws=200)
    table = pd.DataFrame(
        [[4, 4, 4], [0, 0, 0], [2, 2, 2], [40, -40, 40], [4, np.nan, 4]],
        columns=["R0", "R1", "R2"],
        dtype=float,
    )
    answers = bc.predict(fit, table, between=("A", "B"))
    assert answers["diagnosis"].values.tolist() == ["A", "B", "undecided", "undecided", "A"]
    np.testing.assert_allclose(answers["probability"].sum("population"), 1.0)
    assert answers["typicality"].values[3].max() < 1e-6
    assert answers["typicality"].values[0, 0] > 0.5
    sure = bc.predict(fit, table, between=("A", "B"), prior={"A": 0.999, "B": 0.001})
    assert (sure["probability"].sel(population="A") >= answers["probability"].sel(population="A")).all()


def test_typicality_of_the_groups_own_people_is_uniform():
    rng = np.random.default_rng(9)
    fit = conjugate_fit(
        design_from(rng.normal(size=(900, 3)), {"HC": 300, "A": 300, "B": 300}), rng, chains=1
    )
    new = pd.DataFrame(rng.normal(size=(800, 3)), columns=["R0", "R1", "R2"])
    typicality = bc.predict(fit, new)["typicality"].values[:, 0]
    assert stats.kstest(typicality, "uniform").pvalue > 1e-3


def test_typicality_does_not_hang_on_somebody_far_beyond_the_study_beside():
    study = bc.simulate_study("ms-nmosd", seed=1)
    quick = {"draws": 200, "tune": 100, "chains": 2, "min_ess": 0.0, "cores": 1, "progress": False}
    fit = bc.fit(bc.prepare(study, covariates="age"), model="separate", seed=1, **quick)
    odd, far, other = (
        pd.concat([study.volumes, study.covariates[["age"]]], axis=1).iloc[[k]].copy() for k in (40, 41, 42)
    )
    odd[list(study.volumes)[:3]] *= 0.72
    far["age"] = 400.0
    alone, beside = (bc.predict(fit, pd.concat(people)) for people in ([odd, other], [odd, other, far]))
    assert beside["beyond"].values.tolist() == ["", "", "age"]
    # each from some 20,000 drawn people, and shares near zero from the tail of the law that was fitted to them
    np.testing.assert_allclose(beside["typicality"][:2], alone["typicality"], atol=0.01, rtol=0.1)
    assert alone["typicality"].values[0].max() < 0.05


@pytest.mark.parametrize("gaps", [False, True])
def test_typicality_is_that_of_the_predictive_distribution(gaps):
    """Of 20 people's mean and covariance under flat priors it is a multivariate t with 14 degrees of freedom."""
    rng, n, p = np.random.default_rng(4), 20, 6
    y = rng.normal(size=(3 * n, p)) @ rng.normal(size=(p, p))
    design = design_from(y, {"HC": n, "A": n, "B": n})
    fit = conjugate_fit(design, rng, chains=1, draws=2000)
    new = y[:200:7] * rng.uniform(0, 3, (9, 1))
    if gaps:
        new[:, :2] = np.nan
    table = pd.DataFrame(new, columns=list(design.regions))
    found = bc.predict(fit, table, between=("A", "B"), draws=2000)["typicality"].sel(population="A").values
    own, seen = y[n : 2 * n], np.isfinite(new[0])
    scatter = np.cov(own[:, seen].T) * (n - 1) * (1 + 1 / n)
    away = (new - own.mean(axis=0))[:, seen]
    distance = np.einsum("ni,ij,nj->n", away, np.linalg.inv(scatter), away) * (n - p) / seen.sum()
    right = stats.f(seen.sum(), n - p).sf(distance)
    # Scale and degrees of freedom come from 20,000 people (errors of .6 and 2.5 %), and 2,000 draws: .03 of a normal score at three.
    np.testing.assert_allclose(stats.norm.isf(found), stats.norm.isf(right), atol=0.1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"between": ("MS", "NMSOD")}, "no group 'NMSOD'; did you mean 'NMOSD'"),
        ({"between": ("MS", "MS")}, "at least two different groups"),
        ({"prior": "flat"}, "prior='flat' must be 'equal', 'study'"),
        ({"between": ("MS", "NMOSD"), "prior": {"MS": 0.5, "NMOSD": 0.4}}, "sum to 0.9; they must sum to 1"),
        ({"certainty": 80}, "for 80 % write 0.8"),
    ],
)
def test_bad_questions_get_a_sentence(small, cohort, wrong, sentence):
    with pytest.raises(AnswerError, match=sentence):
        bc.predict(small, cohort, **wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seed": -1}, "seed=-1 must be a whole number of at least 0"),
        ({"jobs": 0}, "jobs=0 must be a whole number of at least 1, or -1 for all cores"),
    ],
)
def test_bad_settings_of_the_folds_get_a_sentence(cohort, wrong, sentence):
    with pytest.raises(AnswerError, match=sentence):
        bc.differentiate(bc.prepare(cohort), ("MS", "NMOSD"), **wrong)


def test_too_many_folds_get_a_sentence(cohort):
    with pytest.raises(AnswerError, match="folds=23 must be a whole number between 2 and 22"):
        bc.differentiate(bc.prepare(cohort), ("MS", "NMOSD"), folds=23)


def test_more_volumes_than_people_are_no_obstacle_to_the_quadratic_rule():
    """Where scikit-learn's can be trained it says the same."""
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(10)
    train, test, positive = rng.normal(size=(60, 8)), rng.normal(size=(9, 8)), np.arange(60) < 25
    train[positive, 0] += 1.0
    usual = make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.5)).fit(train, positive)
    found = rival_probabilities("qda", train, positive, test, 0)
    np.testing.assert_allclose(found, usual.predict_proba(test)[:, 1], atol=0.02)  # of n or of n - 1 people
    few = np.r_[0:5, 30:36]
    assert np.isfinite(rival_probabilities("qda", train[few], positive[few], test, 0)).all()


def test_a_rival_that_cannot_be_trained_costs_its_own_row_only(quick, monkeypatch):
    def one_fold_fails(name, train, positive, test, seed):
        if name == "lda" and len(test) == 15:
            raise np.linalg.LinAlgError("the matrix is singular\nand more")
        return rival_probabilities(name, train, positive, test, seed)

    module = import_module("bayescov.posterior.differentiate")
    monkeypatch.setattr(module, "rival_probabilities", one_fold_fails)
    design, _ = two_kinds(np.random.default_rng(11), 22, 1.0, 0.5)
    answers = bc.differentiate(design, ("A", "B"), folds=3)
    assert answers.attrs["untrained"] == "lda: the matrix is singular"
    lost = answers.sel(classifier="lda").drop_vars(["positive", "calibration_n"])
    assert all(lost[name].isnull().all() for name in lost.data_vars)
    rest = answers.drop_sel(classifier="lda")
    assert all(rest[name].notnull().all() for name in rest.data_vars)


def test_one_person_of_a_diagnosis_gets_a_reason_of_the_logistic_rule_and_numbers_of_the_others():
    rng = np.random.default_rng(13)
    train, positive, test = rng.normal(size=(9, 3)), np.arange(9) < 1, rng.normal(size=(4, 3))
    with pytest.raises(ValueError, match="one person of a diagnosis cannot be divided anew"):
        rival_probabilities("logistic", train, positive, test, 0)
    for name in ("lda", "qda", "forest"):
        assert np.isfinite(rival_probabilities(name, train, positive, test, 0)).all()


def test_the_interval_of_an_area_is_newcombes_and_wider_where_folds_learn_from_the_same_people():
    """Newcombe (2006): the areas whose standard error (Hanley and McNeil) reaches as far as the one found."""

    def error(theta, m, n):
        half = (m + n) / 2 - 1
        return np.sqrt(
            theta * (1 - theta) * (1 + half * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (m * n)
        )

    for area, m, n, wider in ((0.5, 40, 35, 1.0), (0.83, 12, 30, 1.5), (1.0, 20, 20, 1.5), (0.0, 9, 9, 1.0)):
        low, high = area_interval(area, m, n, wider)
        assert 0 <= low <= area <= high <= 1
        for end in {low, high} - {area}:
            assert abs(end - area) == pytest.approx(1.96 * wider * error(end, m, n), rel=1e-4)
    assert area_interval(1.0, 20, 20, 1.5)[0] < 0.95  # twenty against twenty prove no more
    assert np.isnan(area_interval(float("nan"), 20, 20, 1.5)).all()
    assert fold_inflation(5) ** 2 == pytest.approx(1 + 5 * (1 / 5) / (4 / 5))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "shift", "rho"), [(35, 0.0, 0.0), (12, 0.0, 0.0), (35, 0.6, 0.5)])
def test_the_interval_holds_what_the_rule_learnt_from_everybody_achieves(quick, n, shift, rho):
    """150 studies; where the diagnoses differ, on 2,000 other people of each."""
    held, rng = [], np.random.default_rng(12)
    for study in range(150):
        design, _ = two_kinds(rng, n, shift, rho)
        answers = bc.differentiate(design, ("A", "B"), rivals=False, seed=study, draws=60)
        true = np.full(3, 0.5)
        if shift:
            other, _ = two_kinds(rng, 2000, shift, rho)
            params = parameters_of(quick_fit(design, seed=study), 60)
            new = (other.y.values * other.scale.values + other.center.values)[2000:]
            y = (new - design.center.values) / design.scale.values
            density = predictive_log_density(params, y, np.empty((4000, 0)), None, (1, 2), np.full(2, 0.5))
            true = np.array(
                [scores.area_under_curve(np.arange(4000) < 2000, d[:, 0] - d[:, 1]) for d in density]
            )
        held.append((answers["auc_low"].values <= true) & (true <= answers["auc_high"].values))
    share = np.mean(held, axis=0)
    print(n, shift, share)
    assert (share > 0.95 - 2 * np.sqrt(0.05 * 0.95 / 150)).all()
