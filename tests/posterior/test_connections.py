"""connections(): against the literal definitions, and what must hold whatever the draws."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayescov as bc
from bayescov.design import from_edges, to_edges
from bayescov.errors import AnswerError
from bayescov.model import load_model
from bayescov.model.truncation import prior_chances
from bayescov.sampling.tree import design_of
from tests.posterior.fakes import fake_design, fake_fit, random_correlations
from tests.posterior.literal import edge_answers, event, fdr_list, partial, z_of_volumes

CHANGES = ("added", "missing", "reversed")


def flat(fit, group="posterior"):
    values = fit[group]["correlation"].values
    return values.reshape(-1, *values.shape[2:])


@pytest.mark.parametrize("kind", ["correlation", "partial"])
@pytest.mark.parametrize(("threshold", "margin"), [(0.3, 0.1), (0.0, 0.0), (0.5, 0.25)])
def test_every_number_equals_the_literal_definition(small, kind, threshold, margin):
    answers = bc.connections(small, threshold=threshold, margin=margin, kind=kind, fdr=0.2)
    draws, cases = flat(small), [flat(small, f"structure_{s}") for s in ("pooled", "sparse")]
    if kind == "partial":
        draws, *cases = (
            to_edges(np.array([[partial(m) for m in d] for d in from_edges(v)])) for v in (draws, *cases)
        )
    together = thirds(draws, *cases)
    for g in (1, 2):
        counts = {name: np.zeros(len(together)) for name in CHANGES}
        means, lowest = [], []
        for e in range(draws.shape[2]):
            got = answers.isel(population=g - 1, edge=e)
            c, h = together[:, 0, e], together[:, g, e]
            shares, _ = edge_answers(c, h, threshold, margin)
            alone, (evidence, of_pooled, _) = zip(
                *(edge_answers(v[:, 0, e], v[:, g, e], threshold, margin) for v in (draws, *cases)),
                strict=True,
            )
            for name in (*CHANGES, "unchanged"):
                assert float(got[f"p_{name}"]) == pytest.approx(shares[name], abs=1e-12)
                assert float(got[f"p_{name}_low"]) == pytest.approx(min(s[name] for s in (shares, *alone)))
                assert float(got[f"p_{name}_high"]) == pytest.approx(max(s[name] for s in (shares, *alone)))
            score = (evidence + of_pooled) / 2
            if kind == "correlation":  # for partial correlations there are too few people
                score = 0.8 * score + 0.2 * z_of_volumes(design_of(small), g, e)
            assert float(got["evidence"]) == pytest.approx(score, rel=1e-9)
            assert float(got["p_present_control"]) == pytest.approx(np.mean([abs(v) > threshold for v in c]))
            assert float(got["p_present"]) == pytest.approx(np.mean([abs(v) > threshold for v in h]))
            assert float(got["difference"]) == pytest.approx(np.mean(h) - np.mean(c))
            low, high = np.array(
                [np.quantile(v[:, g, e] - v[:, 0, e], [0.025, 0.975]) for v in (draws, *cases)]
            ).T
            assert float(got["difference_low"]) == pytest.approx(low.min())
            assert float(got["difference_high"]) == pytest.approx(high.max())
            for i, (a, b) in enumerate(zip(c, h, strict=True)):
                name = event(a, b, threshold, margin)
                if name in counts:
                    counts[name][i] += 1
            best = max(CHANGES, key=lambda name: shares[name])
            lowest.append(min((alone[0][best] + s[best]) / 2 for s in alone))
            means.append(shares[best])
        likely = [e for e, p in enumerate(lowest) if p >= 0.4]  # 1 - 3 * fdr
        called = {likely[k] for k in fdr_list([means[e] for e in likely], 0.2, wrong=0.6)}
        verdict = answers["verdict"].values[g - 1]
        assert {e for e, v in enumerate(verdict) if v in CHANGES} == called
        totals = answers.isel(population=g - 1)
        assert float(totals["n_added"]) == pytest.approx(counts["added"].mean())
        assert float(totals["n_missing_low"]) == np.quantile(counts["missing"], 0.025, method="inverted_cdf")
        more = (counts["added"] > counts["missing"]).mean()
        assert float(totals["p_more_added_than_missing"]) == pytest.approx(more)
        fewer = (counts["added"] < counts["missing"]).mean()
        assert float(totals["p_more_missing_than_added"]) == pytest.approx(fewer)


def thirds(*structures):
    """Where every structure counts as much: a third of the draws of each, evenly spaced, one after the other."""
    n = len(structures[0])
    counts = np.diff([round(n * k / 3) for k in range(4)]).tolist()
    return np.array([v[i * len(v) // k] for v, k in zip(structures, counts, strict=True) for i in range(k)])


def test_literal_loop_tells_a_wrong_definition(small):
    """Negative control: leaving out the margin changes the answers the loop is compared with."""
    right = bc.connections(small, margin=0.1)["p_added"].values
    wrong = bc.connections(small, margin=0.0)["p_added"].values
    assert np.abs(right - wrong).max() > 0.02


matrices = st.integers(0, 2**31 - 1)
numbers = st.floats(0.0, 0.95)


def drawn(seed, p=4, draws=40):
    rng = np.random.default_rng(seed)
    design = fake_design(rng, [f"R{i}" for i in range(p)], {"HC": 6, "A": 6, "B": 6})
    return to_edges(random_correlations(rng, (1, draws, 3), p, people=p + 1)), design


@settings(max_examples=25, deadline=None)
@given(matrices, numbers, numbers, st.floats(0.0, 0.9))
def test_probabilities_are_probabilities(seed, threshold, margin, fdr):
    correlation, design = drawn(seed)
    fit = fake_fit(correlation, design=design)
    answers = bc.connections(fit, threshold=threshold, margin=margin, fdr=fdr)
    total = sum(answers[f"p_{name}"] for name in (*CHANGES, "unchanged"))
    np.testing.assert_allclose(total, 1.0, atol=1e-12)
    for name in ("added", "missing"):
        np.testing.assert_allclose(answers[f"n_{name}"], answers[f"p_{name}"].sum("edge"), atol=1e-9)
        assert (answers[f"n_{name}_low"] <= answers[f"n_{name}_high"]).all()
    assert (answers["p_added"] <= answers["p_present"]).all()
    assert (answers["p_missing"] <= answers["p_present_control"]).all()
    assert (answers["p_reversed"] <= np.minimum(answers["p_present"], answers["p_present_control"])).all()
    for name, values in answers.data_vars.items():
        assert values.dtype == object or np.isfinite(values.values).all(), name


@settings(max_examples=15, deadline=None)
@given(matrices, st.floats(0.0, 0.5), st.floats(0.0, 0.4))
def test_a_larger_fdr_never_loses_a_call(seed, fdr, more):
    correlation, design = drawn(seed)
    fit = fake_fit(correlation, design=design)
    strict, lenient = bc.connections(fit, fdr=fdr)["verdict"], bc.connections(fit, fdr=fdr + more)["verdict"]
    changed = strict.isin(CHANGES)
    assert (strict.values[changed.values] == lenient.values[changed.values]).all()
    assert not ((strict != "undecided") & (lenient == "undecided")).any()


@settings(max_examples=10, deadline=None)
@given(matrices, st.permutations(range(4)), st.sampled_from(["correlation", "partial"]))
def test_relabelling_regions_permutes_the_answers(seed, order, kind):
    correlation, design = drawn(seed)
    shuffled = to_edges(from_edges(correlation)[..., order, :][..., order])
    one = bc.connections(fake_fit(correlation, design=design), kind=kind)
    two = bc.connections(fake_fit(shuffled, design=design), kind=kind)
    position = to_edges(from_edges(np.arange(6.0))[np.ix_(order, order)]).astype(int)
    for name in one.data_vars:
        if "edge" in one[name].dims:
            left, right = one[name].values[:, position], two[name].values
            if left.dtype == object:
                assert (left == right).all(), name
            else:
                np.testing.assert_allclose(left, right, atol=1e-9, err_msg=str(name))


@settings(max_examples=10, deadline=None)
@given(matrices)
def test_exchanging_patients_and_controls_exchanges_added_and_missing(seed):
    correlation, design = drawn(seed)
    one = bc.connections(fake_fit(correlation, design=design))
    two = bc.connections(fake_fit(correlation[:, :, [1, 0, 2]], design=design))
    a, b = one.sel(population="A"), two.sel(population="A")
    np.testing.assert_allclose(a["p_added"], b["p_missing"])
    np.testing.assert_allclose(a["p_reversed"], b["p_reversed"])
    np.testing.assert_allclose(a["evidence"], -b["evidence"], atol=1e-9)
    np.testing.assert_allclose(a["difference_low"], -b["difference_high"], atol=1e-12)


def test_identical_groups_change_nowhere(rng):
    correlation, design = drawn(3)
    same = np.repeat(correlation[:, :, :1], 3, axis=2)
    answers = bc.connections(fake_fit(same, design=design), threshold=0.0, margin=0.0)
    assert (answers["p_unchanged"] == 1).all()
    assert (answers["verdict"] == "unchanged").all()
    assert (answers["evidence"] == 0).all()
    assert (answers["p_more_added_than_missing"] == 0).all()
    assert (answers["p_more_missing_than_added"] == 0).all()  # a tie is no direction


def test_threshold_and_margin_zero_leave_no_edge_unchanged():
    correlation, design = drawn(4)
    answers = bc.connections(fake_fit(correlation, design=design), threshold=0.0, margin=0.0)
    assert (answers["p_unchanged"] == 0).all()
    assert (answers["p_present"] == 1).all()


def test_partial_undoes_a_common_cause():
    """Two regions that only share a third are correlated, and not given the third."""
    _, design = drawn(5, p=3)
    cause = np.array([[1, 0.8, 0.8], [0.8, 1, 0.64], [0.8, 0.64, 1]])
    fit = fake_fit(np.broadcast_to(to_edges(cause), (1, 7, 3, 3)), design=design)
    assert float(bc.connections(fit)["mean"][0, 2]) == pytest.approx(0.64)
    assert float(bc.connections(fit, kind="partial")["mean"][0, 2]) == pytest.approx(0.0, abs=1e-12)


def test_range_over_structures_can_only_withhold_calls():
    correlation, design = drawn(6)
    correlation[:, :, 0, 0], correlation[:, :, 1, 0] = 0.05, 0.9
    certain = fake_fit(correlation, design=design)
    assert bc.connections(certain)["verdict"].values[0, 0] == "added"
    against = correlation.copy()
    against[:, :, 0, 0] = 0.9
    doubted = fake_fit(correlation, design=design, structures={"sparse": against})
    answers = bc.connections(doubted).isel(population=0, edge=0)
    assert (float(answers["p_added_low"]), float(answers["p_added_high"])) == (0.0, 1.0)
    assert answers["verdict"].item() == "undecided"


def test_inclusion_probability_and_bayes_factor():
    correlation, design = drawn(7)
    included = np.zeros((1, 40, 2, 6), dtype=np.int8)
    included[:, :, 0, 0] = 1
    included[:, :10, 1, 3] = 1
    fit = fake_fit(correlation, design=design, included=included, model=SPARSE)
    answers = bc.connections(fit)
    assert float(answers["p_included"][0, 0]) == 1.0
    assert float(answers["p_included"][1, 3]) == 0.25
    prior = prior_chances(SPARSE, 4, 3).included
    prior_odds = prior / (1 - prior)
    assert float(answers["bayes_factor"][1, 3]) == pytest.approx(10.5 / 30.5 / prior_odds)
    assert float(answers["bayes_factor"][0, 0]) == pytest.approx(40.5 / 0.5 / prior_odds)
    partial = bc.connections(fit, kind="partial")  # what departs is a correlation
    assert not {"p_included", "bayes_factor"} & set(partial.data_vars)


def test_where_the_controls_depart_too_an_edge_differs_if_either_does():
    correlation, design = drawn(7)
    included = np.zeros((1, 40, 3, 6), dtype=np.int8)
    included[:, :20, 0, 2] = 1  # the controls in half of the draws
    included[:, 10:30, 2, 2] = 1  # the second patient group in half, a quarter of all without the controls
    model = SPARSE.change(sparse={"controls": True})
    answers = bc.connections(fake_fit(correlation, design=design, included=included, model=model))
    assert list(answers["p_included"][:, 2].values) == [0.5, 0.75]
    prior = prior_chances(model, 4, 3).included
    prior_odds = prior / (1 - prior)
    assert float(answers["bayes_factor"][1, 2]) == pytest.approx(30.5 / 10.5 / prior_odds)
    assert float(answers["bayes_factor"][0, 0]) == pytest.approx(0.5 / 40.5 / prior_odds)


SPARSE = load_model("pooled").change(dense=None, sparse={"share_a": 1.0, "share_b": 4.0})


def test_settings_and_definitions_travel_with_the_answers(small):
    attrs = bc.connections(small, threshold=0.25).attrs
    assert attrs["threshold"] == 0.25
    assert attrs["control"] == "HC"
    assert "|rho_g| - |rho_c| > margin" in attrs["definition_added"]
    assert attrs["structures"] == "structure_pooled, structure_sparse"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"threshold": 1.0}, r"threshold=1.0 must be a number in \[0, 1\)"),
        ({"threshold": 30}, r"for 30 % write 0.3"),
        ({"threshold": float("nan")}, "threshold=nan must be"),
        ({"threshold": "0.3"}, "threshold='0.3' must be"),
        ({"margin": -0.1}, "margin=-0.1 must be"),
        ({"fdr": 1.0}, r"fdr=1.0 must be a number in \[0, 1\)"),
        ({"interval": 0.0}, r"interval=0.0 must be a number in \(0, 1\)"),
        ({"interval": 95}, "for 95 % write 0.95"),
        ({"kind": "patial"}, "kind='patial' is not known; did you mean 'partial'"),
    ],
)
def test_bad_arguments_get_a_sentence(small, wrong, sentence):
    with pytest.raises(AnswerError, match=sentence):
        bc.connections(small, **wrong)


def test_bad_fits_get_a_sentence(small):
    correlation, design = drawn(8)
    with pytest.raises(AnswerError, match=r"needs a fit.*got str; read a stored fit with load_fit"):
        bc.connections("fit.zarr")
    with pytest.raises(AnswerError, match="no group 'posterior'"):
        bc.connections(small["constant_data"].copy())
    alone = fake_fit(correlation, design=design).sel(population=["HC"])
    with pytest.raises(AnswerError, match=r"only one group \(HC\)"):
        bc.connections(alone)
    without = fake_fit(correlation, design=design)
    without["posterior"] = without["posterior"].to_dataset().rename(correlation="correlations")
    with pytest.raises(AnswerError, match="no draws of 'correlation'; did you mean 'correlations'"):
        bc.connections(without)
    correlation[0, 3, 1, 2] = np.nan
    with pytest.raises(AnswerError, match=r"1 draws of 'correlation' are not finite.*A, R0 ~ R3"):
        bc.connections(fake_fit(correlation, design=design))
    singular = fake_fit(np.ones_like(correlation), design=design)
    with pytest.raises(AnswerError, match="kind='partial' needs positive definite"):
        bc.connections(singular, kind="partial")


def test_large_fits_take_seconds(rng):
    design = fake_design(rng, [f"R{i}" for i in range(68)], {"HC": 6, "A": 6, "B": 6})
    few = to_edges(random_correlations(rng, (40, 3), 68, people=80)).astype(np.float32)
    fit = fake_fit(few[rng.integers(0, 40, size=(4, 1000))], design=design)
    start = time.process_time()
    bc.connections(fit)
    assert time.process_time() - start < 20


def test_regions_that_come_loose_are_summarised():
    rng = np.random.default_rng(6)
    design = fake_design(rng, ["a", "b", "c"], {"HC": 8, "X": 7, "Y": 7})
    drawn = np.ones((2, 200, 2, 3))
    drawn[:, :50, 0, 1] = rng.uniform(0.2, 0.6, (2, 50))
    drawn[0, :, 1, 2] = 0.5
    correlation = rng.uniform(-0.5, 0.5, (2, 200, 3, 3))
    fit = fake_fit(correlation, design=design, model="adaptive", attenuation=drawn)
    answers = bc.connections(fit)
    np.testing.assert_allclose(answers["p_attenuated"], [[0, 0.25, 0], [0, 0, 0.5]])
    assert float(answers["attenuation"].sel(population="X", region="b")) == pytest.approx(
        drawn[:, :50, 0, 1].mean()
    )
    assert float(answers["attenuation"].sel(population="Y", region="c")) == 0.5
    assert np.isnan(answers["attenuation"].sel(population="Y", region="a"))
    prior = bc.load_model("adaptive").attenuation.share
    factor = float(answers["attenuation_bayes_factor"].sel(population="X", region="b"))
    assert factor == pytest.approx(100.5 / 300.5 * (1 - prior) / prior)
    assert "p_attenuated" not in bc.connections(fit, kind="partial")
    edges, regions = bc.to_frame(answers), bc.to_frame(answers, over=("population", "region"))
    assert {"p_added", "region_a"} <= set(edges.columns)
    assert list(regions.columns[:2]) == ["population", "region"]


def test_coupling_is_summarised_on_the_scale_of_correlations():
    rng = np.random.default_rng(5)
    design = fake_design(rng, ["a", "b", "c"], {"HC": 8, "X": 7, "Y": 7})
    drawn = np.where(rng.random((2, 200, 2)) < [0.9, 0.2], rng.normal(0.4, 0.1, (2, 200, 2)), 0.0)
    correlation = rng.uniform(-0.5, 0.5, (2, 200, 3, 3))
    fit = fake_fit(correlation, design=design, model="adaptive", coupling=drawn)
    answers = bc.connections(fit)
    flat = 1 - np.exp(-drawn.reshape(-1, 2))  # the share of the variance
    np.testing.assert_allclose(answers["coupling"], flat.mean(0))
    np.testing.assert_allclose(answers["coupling_high"], np.quantile(flat, 0.975, axis=0))
    np.testing.assert_allclose(answers["coupling_p_stronger"], (flat > 0).mean(0))
    odds = (flat != 0).mean(0) / (flat == 0).mean(0)
    prior = prior_chances(bc.load_model("adaptive"), 3, 3).shifted
    np.testing.assert_allclose(answers["coupling_bayes_factor"], odds * (1 - prior) / prior, rtol=0.05)
    assert "coupling" not in bc.connections(fit, kind="partial")
