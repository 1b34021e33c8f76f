"""The posterior beside its twin: merged by label, each way of parting explained, and said in words."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayescov as bc
from bayescov.errors import AnswerError
from bayescov.report.comparison import REASONS, side_by_side
from bayescov.report.twin import beside_twin, twin_sentences
from bayescov.sampling.tree import design_of

from .fake import fake_fit


@pytest.fixture(scope="module")
def fit():
    return fake_fit()


@pytest.fixture(scope="module")
def answers(fit):
    return bc.connections(fit), bc.fisher_z(design_of(fit))


def silent(answers):
    """Copies in which nobody calls anything and no p is small."""
    edges, twin = (a.copy(deep=True) for a in answers)
    edges["verdict"][:] = "unchanged"
    edges["difference_low"][:], edges["difference_high"][:] = -0.05, 0.05
    twin["q_value"][:], twin["p_value"][:] = 0.9, 0.5
    return edges, twin


def arranged(answers, *, verdict, q_value, p_value, observed, difference, p_added=0.97):
    """The first connection of the first group as wanted, all others silent."""
    edges, twin = silent(answers)
    edges.attrs["pooling"] = "groups and connections"
    edges["verdict"][0, 0], twin["q_value"][0, 0], twin["p_value"][0, 0] = verdict, q_value, p_value
    twin["difference"][0, 0] = observed
    edges["difference"][0, 0], edges["p_added"][0, 0] = difference, p_added
    edges["control_mean"][0, 0], edges["mean"][0, 0] = 0.0, difference
    edges["p_missing"][0, 0] = edges["p_reversed"][0, 0] = 0.0
    if verdict == "undecided":
        edges["difference_low"][0, 0], edges["difference_high"][0, 0] = difference - 0.4, difference + 0.4
    return edges, twin


PARTINGS = [
    ("added", 0.01, 0.0001, 0.6, 0.5, 0.97, "both", ""),
    ("added", 0.3, 0.01, 0.5, 0.5, 0.97, "posterior", "multiplicity"),
    ("added", 0.9, 0.2, 0.3, 0.4, 0.97, "posterior", "underpowered"),
    ("added", 0.9, 0.2, 0.3, 0.7, 0.97, "posterior", "pooling"),
    ("undecided", 0.01, 0.001, 0.6, 0.1, 0.97, "test", "shrunken"),
    ("unchanged", 0.01, 0.001, 0.2, 0.2, 0.1, "test", "another question"),
    ("undecided", 0.04, 0.001, 0.5, 0.5, 0.8, "test", "not sure enough"),
    ("undecided", 0.4, 0.03, 0.5, 0.2, 0.3, "neither", "multiplicity"),
    ("undecided", 0.9, 0.3, 0.2, 0.15, 0.3, "neither", "underpowered"),
    ("unchanged", 0.9, 0.8, 0.0, 0.0, 0.0, "neither", "underpowered"),
]


@pytest.mark.parametrize(
    ("verdict", "q_value", "p_value", "observed", "difference", "p_added", "called_by", "why"), PARTINGS
)
def test_each_way_of_parting(
    answers, verdict, q_value, p_value, observed, difference, p_added, called_by, why
):
    edges, twin = arranged(
        answers,
        verdict=verdict,
        q_value=q_value,
        p_value=p_value,
        observed=observed,
        difference=difference,
        p_added=p_added,
    )
    cell = side_by_side(edges, twin).isel(population=0, edge=0)
    assert (cell["called_by"].item(), cell["why"].item()) == (called_by, why)
    row = beside_twin(edges, twin)[0].rows[0]
    assert row.why == (f"{why}: {REASONS[called_by, why]}" if why else "")
    said = twin_sentences(side_by_side(edges, twin))
    if called_by != "neither":
        title = {"both": "Both", "posterior": "Only the posterior", "test": "Only the test"}[called_by]
        assert said[1].startswith(f"{title}, MS{', ' + why if why else ''}")
        assert f"{edges['region_a'].values[0]} – {edges['region_b'].values[0]} ({verdict}, P " in said[1]
    else:
        assert len(said) == 2  # the two groups' summaries: nothing is named that nobody calls


def test_a_model_that_shares_nothing_does_not_learn_from_other_groups(answers):
    edges, twin = arranged(
        answers, verdict="added", q_value=0.9, p_value=0.2, observed=0.3, difference=0.7, p_added=0.97
    )
    assert answers[0].attrs["pooling"] == "none"  # a fit of `separate`
    edges.attrs["pooling"] = "none"
    assert side_by_side(edges, twin)["why"].values[0, 0] == "prior"


def test_people_are_too_few_for_the_more_connections_the_fewer_they_are(answers):
    edges, twin = silent(answers)
    edges["control_mean"][:] = np.linspace(0.0, 0.9, edges.sizes["edge"])
    missed = []
    for people in (1, 2, 4, 16, 64):  # times as many: standard errors fall with the root, and statistics rise
        twin["statistic"][:] = answers[1]["statistic"] * np.sqrt(people)
        why = side_by_side(edges, twin)["why"].values
        assert set(why.ravel()) <= {"underpowered", ""}
        missed.append(int((why == "underpowered").sum()))
    assert missed == sorted(missed, reverse=True)
    assert missed[0] > 150
    assert missed[-1] == 0
    # at four times the people: the power to see a change of .2 around the control's correlation, by the normal distribution
    error = 0.5 * np.sqrt(1 / 31 + 1 / 37)
    twin["statistic"][:] = twin["difference_z"] / error
    r = edges["control_mean"].values
    z = (np.arctanh(np.minimum(r + 0.1, 0.999)) - np.arctanh(r - 0.1)) / error
    power = stats.norm.sf(stats.norm.isf(0.025) - z) + stats.norm.cdf(stats.norm.ppf(0.025) - z)
    np.testing.assert_array_equal(side_by_side(edges, twin)["why"].values == "underpowered", power < 0.5)
    said = beside_twin(edges, twin)[0].summary
    assert f"For {(power[0] < 0.5).sum()} the people are too few: Fisher's z would mostly miss" in said


def test_few_connections_are_counted_as_they_are(answers):
    edges, twin = arranged(
        answers, verdict="undecided", q_value=0.4, p_value=0.03, observed=0.5, difference=0.2, p_added=0.3
    )
    three = beside_twin(*(one.isel(edge=slice(0, 3)) for one in (edges, twin)))[0].summary
    assert "chance alone gives about 0.15 in 3." in three
    one = beside_twin(*(one.isel(edge=slice(0, 1)) for one in (edges, twin)))[0].summary
    assert " calls the one connection changed" in one


def test_every_reason_is_reached_by_these():
    reached = {(called_by, why) for *_, called_by, why in PARTINGS if why}
    assert reached | {("posterior", "prior")} == set(REASONS)


def test_the_variables_are_those_of_the_two_answers(fit, answers):
    edges, twin = answers
    comparison = bc.compare(fit, twin)
    np.testing.assert_array_equal(comparison["difference"], edges["difference"])
    np.testing.assert_array_equal(comparison["verdict"], edges["verdict"])
    np.testing.assert_array_equal(comparison["observed_difference"], twin["difference"])
    np.testing.assert_array_equal(comparison["q_value"], twin["q_value"])
    changed = np.isin(edges["verdict"].values.astype(str), ["added", "missing", "reversed"])
    significant = twin["q_value"].values <= 0.05
    np.testing.assert_array_equal(comparison["n_both"], (changed & significant).sum(axis=1))
    np.testing.assert_array_equal(comparison["n_posterior"], (changed & ~significant).sum(axis=1))
    np.testing.assert_array_equal(comparison["n_test"], (~changed & significant).sum(axis=1))
    slope = np.polynomial.Polynomial.fit(
        twin["difference"].values[0], edges["difference"].values[0], 1
    ).convert()
    assert float(comparison["shrinkage"][0]) == pytest.approx(slope.coef[1], abs=0.05)
    frame = bc.to_frame(comparison)
    assert list(frame.columns[:5]) == ["population", "region_a", "region_b", "called_by", "why"]
    assert len(frame) == 2 * 91


def test_the_power_is_that_of_simulated_studies(fit, answers):
    comparison = bc.compare(fit, answers[1]).sel(population="MS")
    e = int(np.argmin(np.abs(comparison["power"].values - 0.5)))
    rng = np.random.default_rng(1)

    def z(r, people, studies=20_000):
        x, noise = rng.normal(size=(2, studies, people))
        y = r * x + np.sqrt(1 - r**2) * noise
        x, y = (v - v.mean(axis=1, keepdims=True) for v in (x, y))
        return np.arctanh((x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1)))

    # three covariates cost both groups together three people
    difference = z(float(comparison["mean"][e]), 38) - z(float(comparison["control_mean"][e]), 33)
    found = (2 * stats.norm.sf(np.abs(difference) / np.sqrt(1 / 35 + 1 / 30)) <= 0.05).mean()
    assert float(comparison["power"][e]) == pytest.approx(found, abs=0.03)


def test_the_permutation_test_is_run_on_the_design_of_the_fit(fit):
    comparison = bc.compare(fit, n_permutations=99, seed=4)
    twin = bc.permutation_test(design_of(fit), n_permutations=99, seed=4)
    np.testing.assert_array_equal(comparison["p_max_t"], twin["p_max_t"])
    np.testing.assert_array_equal(comparison["p_global"], twin["p_global"])
    said = twin_sentences(comparison)
    assert "The global test that no connection differs gives p = " in said[0]
    assert said[-1] == (
        "With 99 permutations a connection alone cannot reach q ≤ 0.05, whatever its difference; that takes at least 1,819."
    )
    assert 91 / (1 + 1819) <= 0.05 < 91 / (1 + 1818)


def test_partial_correlations_are_compared_with_partial_ones(fit, answers):
    comparison = bc.compare(fit, kind="partial", n_permutations=49)
    twin = bc.fisher_z(design_of(fit), kind="partial")
    np.testing.assert_allclose(comparison["observed_difference"], twin["difference"])
    np.testing.assert_array_equal(comparison["difference"], bc.connections(fit, kind="partial")["difference"])
    with pytest.raises(AnswerError, match="give both the same kind"):
        bc.compare(fit, answers[1], kind="partial")


def test_nothing_called_by_either_shows_the_smallest_p(answers):
    edges, twin = silent(answers)
    twin["p_value"][0, 7] = 1e-6
    group = beside_twin(edges, twin)[0]
    assert group.summary.startswith("MS: neither the posterior nor Fisher's z calls")
    assert group.rows[0].connection == f"{edges['region_a'].values[7]} – {edges['region_b'].values[7]}"
    assert len(group.rows) == 5
    assert "1 connection that neither calls has p ≤ 0.05" in group.summary
    assert "chance alone gives about 5 in 91" in group.summary


def test_the_probability_of_a_change_is_that_of_any_change(answers):
    edges, twin = (a.copy(deep=True) for a in answers)
    twin["p_value"][0, 3] = 0.0
    for kind, value in {"added": 0.3, "missing": 0.25, "reversed": 0.05, "unchanged": 0.4}.items():
        edges[f"p_{kind}"][0, 3] = value
    edges["verdict"][0, 3], twin["q_value"][0, 3] = "undecided", 0.0
    name = f"{edges['region_a'].values[3]} – {edges['region_b'].values[3]}"
    assert [r.p_change for r in beside_twin(edges, twin)[0].rows if r.connection == name] == ["0.60"]
    assert f"{name} (undecided, P changed 0.60;" in " ".join(twin_sentences(side_by_side(edges, twin)))


def test_merged_by_label_whatever_the_order(answers):
    edges, twin = answers
    turned = twin.isel(edge=np.arange(90, -1, -1), population=[1, 0])
    assert beside_twin(edges, turned) == beside_twin(edges, twin)
    pd.testing.assert_frame_equal(
        bc.to_frame(side_by_side(edges, turned)), bc.to_frame(side_by_side(edges, twin))
    )


def test_a_twin_of_another_design_is_refused(answers):
    edges, _ = answers
    other = bc.fisher_z(design_of(fake_fit(regions=list("abcdef"))))
    with pytest.raises(AnswerError, match="another design"):
        beside_twin(edges, other)
    other = bc.fisher_z(design_of(fake_fit(sizes={"HC": 20, "UD": 20})))
    with pytest.raises(AnswerError, match="another design"):
        beside_twin(edges, other)
    with pytest.raises(AnswerError, match="permutation_test"):
        beside_twin(edges, edges)


def test_what_is_no_fit_is_said():
    with pytest.raises(AnswerError, match=r"load_fit\(path\)"):
        bc.compare("fit.zarr")
