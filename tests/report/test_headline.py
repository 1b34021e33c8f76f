"""The sentences of the headline, for every case a study can end in."""

import itertools

import numpy as np
import pytest

import bayescov as bc
from bayescov.report import headline

from .fake import fake_fit


def answers_of(fit):
    return bc.connections(fit), bc.volumes(fit)


def settle(edges, *, verdict, counts=(0, 0, 0)):
    """The same answers with one verdict everywhere and set counts of added and missing."""
    edges = edges.copy(deep=True)
    edges["verdict"][:] = verdict
    for kind in ("added", "missing"):
        for end, value in zip(("", "_low", "_high"), counts, strict=True):
            edges[f"n_{kind}{end}"][:] = value
    return edges


@pytest.fixture(scope="module")
def three():
    return fake_fit()


def test_nothing_found_says_so_and_names_no_region(three):
    edges, sizes = answers_of(three)
    sizes = sizes.copy(deep=True)
    sizes["verdict"][:] = "unchanged"
    lines = headline(three, settle(edges, verdict="unchanged"), sizes)
    assert lines[0] == "Volumes, MS and NMOSD: no region can be called smaller or larger than in HC."
    named = [line for line in lines if line.startswith("No single connection")]
    assert named == [
        "No single connection can be named as changed at a false discovery rate of 5 % in "
        "MS (91 unchanged, 0 undecided) and NMOSD (91 unchanged, 0 undecided)."
    ]
    assert sum("0 (0 to 0) added and 0 (0 to 0) missing" in line for line in lines) == 2


def test_everything_undecided_is_not_called_unchanged(three):
    edges, sizes = answers_of(three)
    lines = headline(three, settle(edges, verdict="undecided"), sizes)
    assert any("MS (all 91 undecided) and NMOSD (all 91 undecided)" in line for line in lines)
    assert "undecided does not mean unchanged" in lines[-1]


def test_one_connection_is_not_all_of_one():
    fit = fake_fit(sizes={"HC": 30, "MS": 25}, regions=["left thalamus", "right thalamus"])
    edges, sizes = answers_of(fit)
    lines = headline(fit, settle(edges, verdict="undecided"), sizes)
    assert any(line.endswith("in MS (the only one undecided).") for line in lines)


def test_counts_and_probability_are_those_of_the_answers(three):
    edges, sizes = answers_of(three)
    edges = edges.copy(deep=True)
    edges["n_added"].loc["MS"], edges["n_added_low"].loc["MS"], edges["n_added_high"].loc["MS"] = 22.4, 12, 34
    edges["n_missing"].loc["MS"], edges["n_missing_low"].loc["MS"], edges["n_missing_high"].loc["MS"] = (
        8,
        3,
        15,
    )
    edges["p_more_added_than_missing"].loc["MS"] = 0.968
    edges["p_more_missing_than_added"].loc["MS"] = 0.02
    line = next(x for x in headline(three, edges, sizes) if x.startswith("Connections, MS"))
    assert "of 91, 22 (12 to 34) added and 8 (3 to 15) missing (means and 95 % intervals)" in line
    assert line.endswith(
        "the probability that MS gained more connections than it lost is 0.97, that it lost more 0.02."
    )


def test_ties_are_not_taken_for_losses(three):
    edges, sizes = answers_of(three)
    edges = edges.copy(deep=True)
    edges["p_more_added_than_missing"].loc["MS"] = 0.13
    edges["p_more_missing_than_added"].loc["MS"] = 0.12
    line = next(x for x in headline(three, edges, sizes) if x.startswith("Connections, MS"))
    assert line.endswith(
        "the probability that MS gained more connections than it lost is 0.13, that it lost more 0.12, and that it gained as "
        "many as it lost 0.75."
    )


def test_patient_groups_are_compared_in_both_directions(three):
    edges, sizes = answers_of(three)
    edges = edges.copy(deep=True)
    edges["p_more_added_than_other"][:] = [[0, 0.2], [0.15, 0]]
    edges["p_more_missing_than_other"][:] = [[0, 0.7], [0.25, 0]]
    line = next(x for x in headline(three, edges, sizes) if x.startswith("Between"))
    assert line == (
        "Between patient groups: the probability that MS gained more connections than NMOSD is 0.20, that NMOSD gained more "
        "0.15; that MS lost more connections than NMOSD is 0.70, that NMOSD lost more 0.25."
    )


def test_a_shift_of_all_connections_is_said_where_it_is_probable(three):
    edges, sizes = answers_of(three)
    assert not any("all of them together" in line for line in headline(three, edges, sizes))
    for name, values in {
        "": (0.15, -0.1), "_low": (0.02, -0.2), "_high": (0.3, 0.0), "_p_stronger": (0.83, 0.0), "_p_weaker": (0.0, 0.79),
    }.items():  # fmt: skip
        edges[f"coupling{name}"] = ("population", np.array(values))
    found = [line for line in headline(three, edges, sizes) if "all of them together" in line]
    assert found == [
        "Connections, MS: all of them together are probably stronger than in HC (probability 0.83; shift +0.15, 95 % +0.02 to "
        "+0.30), as with one more cause that all regions share; such a shift says nothing of single connections."
    ]


def test_a_region_that_came_loose_is_said_where_it_is_probable(three):
    edges, sizes = answers_of(three)
    regions = np.unique(edges["region_a"].values)[:2]
    assert not any("at once (probability" in line for line in headline(three, edges, sizes))
    edges = edges.assign_coords(region=regions)
    edges["p_attenuated"] = ("population", "region"), np.array([[0.02, 0.91], [0.79, 0.0]])
    edges["attenuation"] = ("population", "region"), np.array([[0.8, 0.42], [0.7, np.nan]])
    found = [line for line in headline(three, edges, sizes) if "at once (probability" in line]
    assert found == [
        f"Connections, MS: {regions[1]} has probably lost a part of all its connections at once (probability 0.91; it keeps "
        "42 % of its correlations)."
    ]


def test_shifts_and_loose_regions_are_said_to_be_of_the_model_by_itself_where_there_are_special_cases(three):
    edges, sizes = answers_of(three)
    for name, value in {"": 0.15, "_low": 0.02, "_high": 0.3, "_p_stronger": 0.83, "_p_weaker": 0.0}.items():
        edges[f"coupling{name}"] = ("population", np.full(2, value))
    regions = list(three["posterior"]["region"].values)
    edges = edges.assign_coords(region=regions)
    for name in ("p_attenuated", "attenuation"):
        edges[name] = (("population", "region"), np.full((2, len(regions)), 0.86))
    about = ("all of them together", "probably lost a part")

    def told():
        return [x for x in headline(three, edges, sizes) if any(word in x for word in about)]

    apart = "this is of the model by itself, while the numbers of connections are averages with its special cases."
    assert len(told()) == 2 * (1 + len(regions))
    assert not any(line.endswith(apart) for line in told())
    edges.attrs["structures"] = "structure_pooled"
    assert all(line.endswith(apart) for line in told())


def test_named_connections_come_with_the_most_probable_first(three):
    edges, sizes = answers_of(three)
    edges = settle(edges, verdict="unchanged")
    edges["verdict"][0, [3, 7]] = "added"
    edges["verdict"][0, 5] = "reversed"
    edges["p_added"][0, 3], edges["p_added"][0, 7], edges["p_reversed"][0, 5] = 0.96, 0.99, 0.92
    line = next(x for x in headline(three, edges, sizes) if x.startswith("Named connections, MS"))
    first, second = (f"{edges['region_a'].values[e]} – {edges['region_b'].values[e]}" for e in (7, 3))
    assert f"2 added ({first} and {second})" in line
    assert "1 reversed (" in line
    assert line.endswith(", of which 0.1 are expected to be wrong; 88 unchanged, 0 undecided.")


@pytest.mark.parametrize(
    ("p", "said"),
    [
        ([0.88], "which is wrong with a probability of 0.12;"),
        ([1.0], "which is wrong with a probability of less than 0.01;"),
        ([0.99, 0.98], "of which fewer than 0.1 are expected to be wrong;"),
        ([0.8] * 9, "of which 1.8 are expected to be wrong;"),
    ],
)
def test_a_list_of_names_comes_with_how_many_are_expected_to_be_wrong(three, p, said):
    edges, sizes = answers_of(three)
    edges = settle(edges, verdict="unchanged")
    edges["verdict"][0, : len(p)] = "missing"
    edges["p_missing"][0, : len(p)] = p
    line = next(x for x in headline(three, edges, sizes) if x.startswith("Named connections, MS"))
    assert f", {said}" in line


def test_one_patient_group_is_not_compared_with_others():
    fit = fake_fit(sizes={"controls": 30, "UD": 25})
    lines = headline(fit, *answers_of(fit))
    assert not any(line.startswith("Between patient groups") for line in lines)
    assert sum(line.startswith("Connections, UD") for line in lines) == 1


def test_five_groups_get_a_sentence_each_and_one_comparison():
    fit = fake_fit(sizes={"HC": 30, "A": 22, "B": 21, "C": 25, "D": 24})
    edges, sizes = answers_of(fit)
    lines = headline(fit, edges, sizes)
    assert [line.split(":")[0] for line in lines if line.startswith("Connections")] == [
        f"Connections, {g}" for g in "ABCD"
    ]
    (between,) = [line for line in lines if line.startswith("Between")]
    for kind, verb in (("added", "gained"), ("missing", "lost")):
        chances = {
            (a, b): float(edges[f"p_more_{kind}_than_other"].sel(population=a, other=b))
            for a, b in itertools.permutations("ABCD", 2)
        }
        ahead, behind = max(chances, key=chances.__getitem__)
        assert f"that {ahead} {verb} more than {behind} is {chances[ahead, behind]:.2f}" in between
        assert f"that {behind} {verb} more {chances[behind, ahead]:.2f}" in between


def test_failed_diagnostics_come_first_with_their_figures():
    fit = fake_fit(spoil=True)
    lines = headline(fit, *answers_of(fit))
    assert lines[0].startswith("Do not rely on this yet")
    assert "R-hat up to 1." in lines[0]
    assert "effective draws where 400 are wanted" in lines[0]
    assert "3 divergent transitions" in lines[0]


def test_divergences_alone_ask_for_a_longer_warm_up(three):
    diverged = three.copy()
    diverged["sample_stats"] = three["sample_stats"].to_dataset().copy(deep=True)
    diverged["sample_stats"]["diverging"][0, :5] = True
    first = headline(diverged, *answers_of(diverged))[0]
    assert "(5 divergent transitions)" in first
    assert "longer warm-up" in first


def test_one_divergence_in_a_good_fit_is_judged_alike_everywhere(three, tmp_path):
    diverged = three.copy()
    diverged["sample_stats"] = three["sample_stats"].to_dataset().copy(deep=True)
    diverged["sample_stats"]["diverging"][0, 0] = True
    assert not any("rely" in line for line in headline(diverged, *answers_of(diverged)))
    page = bc.report(diverged, tmp_path / "r.html").read_text("utf-8")
    assert 'class="banner"' not in page
    assert "The chains agree and there are enough draws" in page
    assert "1 of 2,000 transitions diverged, which is few enough" in page
    assert "the chains met the criteria" in page
    assert "at most one divergent transition in 1,000 (1 of 2,000)" in page


def test_a_single_chain_cannot_be_judged():
    fit = fake_fit(chains=1, draws=2500)
    assert "single chain" in headline(fit, *answers_of(fit))[0]


def test_good_diagnostics_are_not_mentioned(three):
    assert not any("rely" in line for line in headline(three, *answers_of(three)))


def test_a_model_that_shares_nothing_warns_of_its_counts(three):
    lines = headline(three, *answers_of(three))
    assert sum(line.startswith("Caution") for line in lines) == 1
    shared = three.copy()
    shared.attrs = {**three.attrs, "model": bc.load_model("pooled").to_json()}
    assert not any(line.startswith("Caution") for line in headline(shared, *answers_of(shared)))


def test_what_cannot_be_known_shrinks_with_the_number_of_people():
    small, large = fake_fit(), fake_fit(sizes={"HC": 3000, "MS": 3000}, regions=list("abcdef"))
    assert "What cannot be known" in headline(small, *answers_of(small))[-1]
    assert not any("What cannot be known" in x for x in headline(large, *answers_of(large)))


@pytest.mark.parametrize(
    ("kind", "name", "held"), [("correlation", "correlation", 0), ("partial", "partial correlation", 4)]
)
def test_what_cannot_be_known_of_a_partial_correlation_is_more(kind, name, held):
    """Fisher's z of a correlation has variance 1 / (n - 3), less the covariates and the regions that a partial one holds (Fisher 1924)."""
    fit = fake_fit(sizes={"HC": 31, "MS": 37}, regions=list("abcdef"))
    taken = 3 + held + fit["constant_data"].sizes["covariate"]
    assert (
        uncertain(fit, kind, [31 - taken, 37 - taken], name)
        in headline(fit, bc.connections(fit, kind=kind), bc.volumes(fit))[-1]
    )


def test_what_cannot_be_known_is_more_where_people_come_from_several_sites():
    """All but one of the sites are as many covariates."""
    cohort = bc.simulate_study("ms-nmosd", seed=1)
    cohort.data["site"] = ("subject", np.resize(list("abcd"), len(cohort.subjects)))
    fit = bc.fit(
        bc.prepare(cohort, site="site"), "separate", seed=1, draws=50, tune=100, min_ess=0, progress=False
    )
    said = uncertain(fit, "correlation", [34 - 3 - 3, 35 - 3 - 3], "correlation")
    assert said in headline(fit, *answers_of(fit))[-1]


def uncertain(fit, kind, spare, name):
    """What is said of a typical correlation, in two groups with `spare` people more than is taken up."""
    typical = np.median(np.abs(bc.connections(fit, kind=kind)["control_mean"]))
    width = 1.96 * np.sqrt(sum(1 / n for n in spare)) * (1 - typical**2)
    return f"one typical {name} uncertain by ±{width:.2f}"
