"""Sections beyond connections: networks, telling diagnoses apart, sensitivity, models: their words and their place."""

import re

import matplotlib as mpl
import numpy as np
import pytest

import bayescov as bc
from bayescov.errors import AnswerError
from bayescov.report.apart import apart, apart_sentences, model_rows, model_sentence
from bayescov.report.fragility import direction, fragility, fragility_sentences
from bayescov.report.networks import network_sentences, network_tables
from bayescov.sampling.tree import design_of

from .fake import fake_fit

mpl.use("agg")
import matplotlib.pyplot as plt


@pytest.fixture(scope="module")
def fit():
    return fake_fit(draws=100, structures=True)


@pytest.fixture(scope="module")
def design(fit):
    return design_of(fit)


@pytest.fixture(scope="module")
def networks(fit):
    return bc.networks(fit, draws=50)


@pytest.fixture(scope="module")
def test_of_networks(design):
    return bc.network_test(design, n_permutations=99)


@pytest.fixture(scope="module")
def sensitivity(fit):
    return bc.sensitivity(fit, draws=400)


@pytest.fixture(scope="module")
def differentiation(design):
    quick = {"draws": 60, "tune": 100, "chains": 2, "min_ess": 0.0}
    return bc.differentiate(design, ("MS", "NMOSD"), model="separate", folds=2, settings=quick)


@pytest.fixture(scope="module")
def models(fit):
    other = fake_fit(draws=100)
    other["posterior"]["mean"] += 0.5
    return bc.compare_models({"as is": fit, "shifted": other}, draws=400)


@pytest.fixture(scope="module")
def page(fit, networks, test_of_networks, sensitivity, differentiation, models, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    bc.report(
        fit, path, networks=networks, network_test=test_of_networks, sensitivity=sensitivity,
        differentiation=differentiation, models=models,
    )  # fmt: skip
    return path.read_text(encoding="utf-8")


def section(page, name):
    return re.search(rf'<section id="{name}".*?</section>', page, flags=re.DOTALL).group(0)


def test_sections_stand_where_the_reader_expects_them(page):
    order = re.findall(r'<section id="(\w+)"', page)
    assert order == ["headline", "people", "volumes", "connections", "networks", "apart", "trust", "methods"]


def test_networks_show_every_measure_with_its_permutation_test(page, networks, test_of_networks):
    here = section(page, "networks")
    for k, name in enumerate(networks["measure"].values):
        spaced = name.replace("_", " ")
        assert here.count(f'<th scope="row">{spaced}</th>') == 2
        assert str(networks["measure_text"].values[k]).split("'")[0] in here
    rows = {row.measure: row for row in network_tables(networks, test_of_networks)[1].rows}
    p = float(test_of_networks["p_value"].sel(population="NMOSD", measure="strength"))
    assert rows["strength"].p_permutation == f"{p:.3f}"
    assert rows["modularity"].p_permutation == ""
    assert f'<td class="number">{p:.3f}</td>' in here


def test_the_section_says_how_many_draws_were_measured(page):
    assert "taken on 50 posterior draws, evenly spaced" in section(page, "networks")
    assert "every draw" not in section(page, "networks")


def test_hubs_name_the_most_probable_regions(networks):
    table = network_tables(networks)[0]
    best = str(networks["region"].values[int(np.argmax(networks["p_hub"].sel(population="MS").values))])
    assert f"in MS {best} (" in table.hubs


def test_network_sentences_name_what_is_clear_and_only_that(networks):
    clear = networks.copy(deep=True)
    clear["p_higher"][:] = 0.5
    assert all("none is higher or lower" in line for line in network_sentences(clear))
    clear["p_higher"].loc["MS", "strength"] = 0.99
    clear["p_higher"].loc["MS", "density"] = 0.01
    line = network_sentences(clear)[0]
    assert line.startswith("Networks, MS against HC: density lower (")
    assert "strength higher (" in line
    assert line.count("P 0.99") == 2


def test_a_network_test_of_something_else_is_refused(fit, networks, test_of_networks, design, tmp_path):
    def refused(test, match):
        with pytest.raises(AnswerError, match=match):
            bc.report(fit, tmp_path / "r.html", networks=networks, network_test=test)

    refused(
        networks,
        r"network_test= must be what bayescov\.network_test\(design\) returned, but got what networks",
    )
    other = bc.network_test(design, measures=["density"], threshold=0.2, n_permutations=9)
    refused(other, r"network_test= was made with threshold=0.2, and this report has threshold=0.3")
    refused(
        test_of_networks.isel(population=[1]),
        "its patient groups are NMOSD, those of this fit are MS and NMOSD",
    )
    with pytest.raises(AnswerError, match="network_test= is shown beside networks=, which is not given"):
        bc.report(fit, tmp_path / "r.html", network_test=test_of_networks)


def test_every_scenario_has_its_mark(page, sensitivity):
    here = section(page, "trust")
    trusted = int(sensitivity["trusted"].sum()) - 1  # the baseline is the line behind the marks
    assert here.count('<i class="mark"') + here.count('<i class="broken"') == 2 * trusted
    assert here.count('<i class="base"') == 2 * len(fragility(sensitivity)[0].rows)


def test_sentence_that_breaks_is_said_with_what_breaks_it(sensitivity):
    broken = sensitivity.copy(deep=True)
    person = int(np.flatnonzero(broken["kind"].values == "person")[3])
    broken["survives"][:] = True
    broken["trusted"][:] = True
    broken["survives"][person, 0] = False
    one, two = fragility(broken)
    row = next(r for r in one.rows if r.what == "without one person")
    assert row.kept == "108 of 109"
    assert row.broken_by == str(broken["scenario"].values[person])
    assert one.summary.startswith(f"The sentence holds in {broken.sizes['scenario'] - 2} of ")
    assert all(not r.broken_by for r in two.rows)
    assert f"does not hold with without one person: {row.broken_by}" in fragility_sentences(broken)[0]


def test_the_sentence_is_said_to_be_of_the_model_by_itself(page):
    assert "while the headline's numbers are averages with its special cases" in section(page, "trust")


def test_what_cannot_be_told_is_not_counted(sensitivity):
    unsure = sensitivity.copy(deep=True)
    unsure["trusted"][unsure["kind"].values == "likelihood"] = False
    one = fragility(unsure)[0]
    row = next(r for r in one.rows if r.what == "weaker and stronger data")
    assert (row.kept, row.marks, row.reach) == ("2 unclear", (), "–")
    assert "unclear (these draws cannot tell)" in one.summary


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("more added", "MS gained more connections than it lost."),
        ("more missing", "MS lost more connections than it gained."),
        ("not decided", "It is not decided whether MS gained or lost more connections."),
    ],
)
def test_each_sentence_in_words(sensitivity, sentence, words):
    other = sensitivity.copy(deep=True)
    other["sentence"][:] = sentence
    assert fragility(other)[0].sentence == words


def test_a_loss_stands_on_the_axis_by_its_own_probability(sensitivity, fit, tmp_path):
    lost = sensitivity.copy(deep=True)
    lost["p_more_added_than_missing"][:], lost["p_more_missing_than_added"][:] = (
        0.1,
        0.12,
    )  # the rest are ties
    lost["sentence"][:], lost["survives"][:] = "not decided", True
    one = fragility(lost)[0]
    assert (one.asked, one.at, one.rows[0].reach) == ("lost more connections than it gained", 12.0, "0.12")
    lost["p_more_missing_than_added"][:] = 0.05
    assert direction(lost.isel(population=0)).text == "gained more connections than it lost"
    here = section(bc.report(fit, tmp_path / "r.html", sensitivity=lost).read_text("utf-8"), "trust")
    rows = sum(len(group.rows) for group in fragility(lost))
    assert here.count('<i class="limit"') == rows
    assert '<i class="limit" style="left:10' not in here
    assert ">P(gained more)</th>" in here
    ax = bc.plot_sensitivity(lost, population="MS")
    assert [x.get_xdata()[0] for x in ax.lines if x.get_linestyle() == ":"] == [0.9]
    plt.close("all")


def test_priors_that_move_the_balance_are_named(sensitivity):
    moved = sensitivity.copy(deep=True)
    moved["psense_difference"][:] = 0.01
    assert "No single prior moves" in fragility(moved)[0].hangs_on
    moved["psense_difference"].loc["mean"] = 0.2
    assert "moves with the priors of the means: 0.20" in fragility(moved)[0].hangs_on


def test_classifiers_and_calibration_are_shown(page, differentiation):
    here = section(page, "apart")
    assert "Telling MS from NMOSD" in here
    for name in differentiation["classifier"].values:
        assert f"{float(differentiation['auc'].sel(classifier=name)):.2f}</td>" in here
    found = apart(differentiation)
    had = sum(int(row.people.split(" of ")[0]) for row in found.calibration)
    assert had == int(differentiation["positive"].sum())
    assert here.count('<i class="found"') == len(found.calibration)


def test_covariance_that_may_add_nothing_is_said_so(differentiation):
    answers = differentiation.copy(deep=True)
    for low, words in (
        (-0.01, "does not exclude that it adds nothing"),
        (0.01, "the interval is above zero"),
    ):
        answers["auc_gain_low"].loc["both"] = low
        assert words in apart_sentences(answers)[1]
    untrained = answers.copy(deep=True).assign_attrs(untrained="lda: the matrix is singular")
    untrained["auc"].loc["lda"] = np.nan
    assert not re.search(r"\bnan\b", " ".join(apart_sentences(untrained)))
    assert apart_sentences(untrained)[-1] == "Not trained: lda: the matrix is singular."
    alone = answers.isel(classifier=[0, 1, 2])
    assert not any("ordinary classifiers" in line for line in apart_sentences(alone))


def test_models_are_ranked_with_their_uncertainty(page, models):
    rows = model_rows(models)
    assert rows[0].difference == "best"
    assert rows[1].difference.startswith("−")
    assert model_sentence(models) in section(page, "trust").replace("&#39;", "'")
    close = models.copy(deep=True)
    close["elpd_difference"][1], close["elpd_difference_se"][1] = -1.0, 3.0
    assert "neither can be ruled out" in model_sentence(close)
    close["elpd_difference"][1] = -10.0
    assert "more than twice its standard error" in model_sentence(close)


def test_answers_of_another_kind_are_refused(fit, networks, tmp_path):
    with pytest.raises(AnswerError, match=r"bayescov\.differentiate"):
        bc.report(fit, tmp_path / "r.html", differentiation=networks)
    with pytest.raises(AnswerError, match=r"bayescov\.compare_models"):
        bc.report(fit, tmp_path / "r.html", models=networks)


@pytest.fixture(scope="module")
def elsewhere():
    """Fits of other studies: of other groups, controls, regions and people."""
    return {
        "groups": fake_fit(sizes={"HC": 34, "MS": 40, "UD": 35}, draws=30),
        "controls": fake_fit(sizes={"CTRL": 34, "MS": 40, "NMOSD": 35}, draws=30),
        "regions": fake_fit(regions=["left thalamus", "right thalamus", "pons"], draws=30),
        "people": fake_fit(sizes={"HC": 34, "MS": 39, "NMOSD": 35}, draws=30),
    }


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("groups", "another fit: its patient groups are MS and UD, those of this fit are MS and NMOSD"),
        (
            "controls",
            "another fit: its controls are CTRL, those of this fit are HC; make it anew with bayescov.",
        ),
        ("regions", "another fit: its regions include pons, those of this fit do not; make it anew"),
    ],
)
def test_answers_of_another_fit_are_refused(fit, elsewhere, tmp_path, other, sentence):
    theirs = elsewhere[other]
    own = bc.connections(fit), bc.volumes(fit)
    with pytest.raises(AnswerError, match=f"^connections= was made from {sentence}"):
        bc.headline(fit, bc.connections(theirs), own[1])
    with pytest.raises(AnswerError, match=f"^volumes= was made from {sentence}"):
        bc.headline(fit, own[0], bc.volumes(theirs))
    with pytest.raises(AnswerError, match=f"^networks= was made from {sentence}"):
        bc.report(fit, tmp_path / "r.html", networks=bc.networks(theirs, draws=50))
    with pytest.raises(AnswerError, match=f"^checks= was made from {sentence}"):
        bc.report(fit, tmp_path / "r.html", checks=bc.posterior_predictive_checks(theirs, draws=2))
    assert not (tmp_path / "r.html").exists()


def test_answers_about_other_people_are_refused(fit, elsewhere, models, differentiation, tmp_path):
    fewer = elsewhere["people"]
    said = "another fit: its people are without sub-108, those of this fit are not"
    with pytest.raises(AnswerError, match=f"sensitivity= was made from {said}"):
        bc.report(fit, tmp_path / "r.html", sensitivity=bc.sensitivity(fewer, draws=100))
    said = "another fit: its people include sub-108, those of this fit do not"
    for name, answer in (("models", models), ("differentiation", differentiation)):
        with pytest.raises(AnswerError, match=f"{name}= was made from {said}"):
            bc.report(fewer, tmp_path / "r.html", **{name: answer})


def test_answers_from_other_volumes_of_the_same_people_are_refused(fit, models, differentiation, tmp_path):
    theirs = fit.copy(deep=True)
    theirs["observed_data"]["y"].values[0, 0] += 1e-3
    said = "another fit: its people, volumes, covariates or sites, or their order, are others, those of this fit are not these"
    with pytest.raises(AnswerError, match=f"^networks= was made from {said}"):
        bc.report(fit, tmp_path / "r.html", networks=bc.networks(theirs, draws=50))
    for name, answer in (("models", models), ("differentiation", differentiation)):
        with pytest.raises(AnswerError, match=f"^{name}= was made from {said}"):
            bc.report(theirs, tmp_path / "r.html", **{name: answer})
    test = bc.network_test(design_of(theirs), n_permutations=20)
    with pytest.raises(AnswerError, match=f"^network_test= was made from {said}"):
        bc.report(fit, tmp_path / "r.html", networks=bc.networks(fit, draws=50), network_test=test)
    for classical in (
        bc.fisher_z(design_of(theirs)),
        bc.permutation_test(design_of(theirs), n_permutations=20),
    ):
        with pytest.raises(
            AnswerError, match=r"^classical= was made for another design: its people, volumes,"
        ):
            bc.report(fit, tmp_path / "r.html", classical=classical)


def test_answers_by_another_rule_are_refused(fit, networks, sensitivity, tmp_path):
    with pytest.raises(
        AnswerError,
        match=r"^networks= was made with threshold=0\.3, and this report has threshold=0\.4; give both the same, for "
        r"instance report\(\.\.\., threshold=0\.3\)",
    ):
        bc.report(fit, tmp_path / "r.html", networks=networks, threshold=0.4)
    with pytest.raises(AnswerError, match=r"^sensitivity= was made with margin=0\.1, and this report"):
        bc.report(fit, tmp_path / "r.html", sensitivity=sensitivity, margin=0.05)
    with pytest.raises(
        AnswerError, match=r"^networks= was made with kind='correlation', and this report has kind='partial'"
    ):
        bc.report(fit, tmp_path / "r.html", networks=networks, kind="partial")


def test_answers_to_other_questions_are_refused(fit, networks, sensitivity, tmp_path):
    with pytest.raises(
        AnswerError, match=r"networks= must be what bayescov\.networks\(fit\) returned, but got what sens"
    ):
        bc.report(fit, tmp_path / "r.html", networks=sensitivity)
    with pytest.raises(AnswerError, match=r"sensitivity= must be what .* returned, but got str"):
        bc.report(fit, tmp_path / "r.html", sensitivity="more")
    with pytest.raises(AnswerError, match=r"volumes= must be what bayescov\.volumes\(fit\) returned"):
        bc.headline(fit, bc.connections(fit), networks)


def test_picture_of_sensitivity_draws_each_scenario_once(sensitivity):
    ax = bc.plot_sensitivity(sensitivity, population="NMOSD")
    marks = [line for line in ax.lines if line.get_marker() in ("|", "D", "x")]
    assert sum(len(line.get_xdata()) for line in marks) == sensitivity.sizes["scenario"] - 1
    _, changed, unsure = (len(line.get_xdata()) for line in marks)
    assert unsure == int((~sensitivity["trusted"]).sum())
    here = sensitivity.sel(population="NMOSD")
    assert changed == int((here["trusted"] & ~here["survives"]).sum())
    assert ax.get_yticklabels()[0].get_text() == "other thresholds and margins"
    plt.close("all")


def test_picture_of_sensitivity_needs_its_answers(networks):
    with pytest.raises(AnswerError, match="sensitivity"):
        bc.plot_sensitivity(networks)
