"""Fisher's z by hand, and the naive rule with what is wrong with it."""

import numpy as np
import pytest
from scipy import stats

import bayescov as bc
from tests.classical import literal
from tests.classical.designs import design, draw, factor_correlation


def test_fisher_z_by_hand():
    groups = draw(np.random.default_rng(0), (20, 30), factor_correlation(3))
    answer = bc.fisher_z(design(groups)).isel(population=0)
    for k, (a, b) in enumerate(literal.edges(3)):
        r_c, r_g = (stats.pearsonr(y[:, a], y[:, b]).statistic for y in groups)
        error = np.sqrt(1 / 17 + 1 / 27)
        z = (np.arctanh(r_g) - np.arctanh(r_c)) / error
        found = answer.isel(edge=k)
        assert float(found["difference"]) == pytest.approx(r_g - r_c)
        assert float(found["standard_error"]) == pytest.approx(error)
        assert float(found["statistic"]) == pytest.approx(z)
        assert float(found["p_value"]) == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_partial_counts_the_regions_held_constant():
    groups = draw(np.random.default_rng(1), (20, 30), factor_correlation(5))
    answer = bc.fisher_z(design(groups), kind="partial")
    np.testing.assert_allclose(answer["standard_error"].values, np.sqrt(1 / 14 + 1 / 24))


def test_spearman_has_bonett_and_wrights_error():
    groups = draw(np.random.default_rng(2), (20, 30), factor_correlation(2))
    answer = bc.fisher_z(design(groups), kind="spearman").isel(population=0, edge=0)
    r = [stats.spearmanr(y).statistic for y in groups]
    expected = np.sqrt((1 + r[0] ** 2 / 2) / 17 + (1 + r[1] ** 2 / 2) / 27)
    assert float(answer["standard_error"]) == pytest.approx(expected)


def test_missing_volumes_widen_the_error():
    groups = draw(np.random.default_rng(3), (20, 30), factor_correlation(3))
    groups[1][:6, 0] = np.nan
    error = bc.fisher_z(design(groups))["standard_error"].values[0]
    np.testing.assert_allclose(error, np.sqrt(1 / 17 + 1 / np.array([21, 21, 27])))


@pytest.mark.parametrize("correction", ["none", "fdr"])
def test_the_naive_rule_by_hand(correction):
    groups = draw(np.random.default_rng(4), (15, 20, 12), factor_correlation(5, 0.35))
    answer = bc.naive(design(groups), correction=correction)
    p = [np.array([stats.pearsonr(y[:, a], y[:, b]).pvalue for a, b in literal.edges(5)]) for y in groups]
    if correction == "fdr":
        p = [stats.false_discovery_control(row) for row in p]
    for g, name in enumerate(("MS", "NMOSD"), 1):
        row = answer.sel(population=name)
        np.testing.assert_allclose(row["p_value_patients"].values, p[g], rtol=1e-8)
        np.testing.assert_allclose(row["p_value_control"].values, p[0], rtol=1e-8)
        expected = np.where(p[g] <= 0.05, "added", "missing").astype(object)
        expected[(p[g] <= 0.05) == (p[0] <= 0.05)] = "unchanged"
        assert row["verdict"].values.tolist() == expected.tolist()
        assert int(row["n_added"]) == (expected == "added").sum()
        assert int(row["n_missing"]) == (expected == "missing").sum()
    assert answer.attrs["warning"].startswith("A warning example, not a result")


def test_the_naive_rule_calls_changes_where_there_are_none_and_fisher_z_does_not():
    # The reason for the project in miniature: three groups from one distribution.
    called = {"naive": 0, "fisher": 0}
    for seed in range(20):
        prepared = design(draw(np.random.default_rng([5, seed]), (34, 40, 35), factor_correlation(8, 0.3)))
        called["naive"] += int((bc.naive(prepared)["verdict"] != "unchanged").sum())
        called["fisher"] += int((bc.fisher_z(prepared)["q_value"] <= 0.05).sum())
    assert called["naive"] > 0.15 * 20 * 2 * 28
    # at FDR .05 a data set with any call has probability .05: beyond 5 of 40 has probability < .01
    assert called["fisher"] <= 5


def test_both_find_a_real_change():
    rng = np.random.default_rng(7)
    groups = [*draw(rng, (50,), np.eye(3)), *draw(rng, (50,), factor_correlation(3, 0.8))]
    prepared = design(groups)
    assert (bc.fisher_z(prepared)["q_value"].values < 0.01).all()
    assert (bc.naive(prepared)["verdict"].values == "added").all()
