"""The page: made from a fit alone, complete, self-contained, quick and small; what is given to it shows up."""

import json
import re
import time

import numpy as np
import pytest

import bayescov as bc
from bayescov.classical import fisher_z
from bayescov.cohort import Cohort
from bayescov.report.context import _structure_note
from bayescov.report.methods import methods
from bayescov.report.repeating import repeating
from bayescov.sampling.tree import design_of

from .fake import fake_cohort, fake_fit


@pytest.fixture(scope="module")
def fit():
    return fake_fit(structures=True)


@pytest.fixture(scope="module")
def page(fit, tmp_path_factory):
    path = bc.report(fit, tmp_path_factory.mktemp("page") / "deeper" / "report.html")
    return path.read_text(encoding="utf-8")


def section(page, name):
    return re.search(rf'<section id="{name}".*?</section>', page, flags=re.DOTALL).group(0)


def test_sections_stand_in_their_order(page):
    order = re.findall(r'<section id="(\w+)"', page)
    assert order == ["headline", "people", "volumes", "connections", "trust", "methods"]


def test_every_sentence_of_the_headline_is_on_the_page(fit, page):
    from markupsafe import escape

    head = section(page, "headline")
    for sentence in bc.headline(fit, bc.connections(fit), bc.volumes(fit)):
        assert str(escape(sentence)) in head


def test_nothing_is_loaded_from_anywhere(page):
    outside = re.sub(r'xmlns="http://www.w3.org/2000/svg"', "", page)
    assert not re.search(r'(src|href)\s*=\s*"(?!#)', outside)
    assert "url(" not in outside
    assert "@import" not in outside


def test_banner_only_where_diagnostics_failed(page, tmp_path):
    assert 'class="banner"' not in page
    spoiled = bc.report(fake_fit(spoil=True), tmp_path / "spoiled.html").read_text("utf-8")
    assert spoiled.index('class="banner"') < spoiled.index('class="findings"')


def test_people_are_counted_and_described(fit, page):
    people = section(page, "people")
    for size in (34, 40, 35):
        assert f"<td>{size}</td>" in people
    design = design_of(fit)
    age = design.x.values[:, 0] * float(design.covariate_scale[0]) + float(design.covariate_center[0])
    controls = age[design.population.values == 0]
    assert f"{controls.mean():.3g} ({controls.std(ddof=1):.3g})" in people


def test_volumes_show_the_answers(fit, page):
    row = bc.volumes(fit).sel(population="MS", region="left hippocampus")
    percent = f"{abs(float(row['difference_percent'])):.1f} %"
    assert percent in section(page, "volumes")


def test_methods_say_how_to_repeat_it(page):
    methods = section(page, "methods")
    assert "bc.fit(design, model=&#39;separate&#39;, seed=1, draws=500, chains=4)" in methods
    assert "Vehtari" in methods
    assert "numpy" in methods


def test_a_given_command_is_shown_after_what_made_the_fit(fit, tmp_path):
    def repeated(of, command=None):
        text = bc.report(of, tmp_path / "r.html", command=command).read_text("utf-8")
        return re.search(r"<code>(.*?)</code>", section(text, "methods"), flags=re.DOTALL).group(1)

    assert repeated(fit, "bayescov report here").splitlines()[-2:] == [
        "fit = bc.fit(design, model=&#39;separate&#39;, seed=1, draws=500, chains=4)", "bayescov report here",
    ]  # fmt: skip
    typed = fit.copy()
    typed.attrs["command"] = "bayescov fit t.csv --seed 1"
    assert repeated(typed) == "bayescov fit t.csv --seed 1"
    assert repeated(typed, "bayescov fit t.csv --seed 1") == "bayescov fit t.csv --seed 1"
    assert repeated(typed, "bayescov report here") == "bayescov fit t.csv --seed 1\nbayescov report here"


def test_the_calls_in_python_are_those_that_made_the_fit():
    cohort = fake_cohort(
        {"HC": 12, "MS": 12}, regions=["a", "b"], control="HC", change=0.2, atrophy=0.5, seed=1
    )
    place = np.resize(np.array(["x", "y"], dtype=object), 24)
    cohort = Cohort(cohort.data.assign(place=("subject", place)), control="HC", checks=())
    design = bc.prepare(cohort, covariates="age", site="place")
    quick = {"draws": 60, "tune": 100, "chains": 2, "min_ess": 0.0, "progress": False}
    made = bc.fit(
        design, model="separate", seed=3, cohort_attrs={"group_column": "dx", "excluded": "p, q"}, **quick
    )
    made.attrs["settings"] = '{"draws": 75, "thin": 2}'
    lines = repeating(made, bc.connections(made, threshold=0.4), design, None).splitlines()
    assert lines[1].endswith("control='HC', group='dx', regions=['a', 'b'], exclude=['p', 'q'])")
    assert lines[2] == "design = bc.prepare(cohort, covariates='age', site='place')"
    assert (
        lines[3]
        == "fit = bc.fit(design, model='separate', seed=3, draws=60, tune=100, chains=2, min_ess=0.0)"
    )
    assert (
        lines[5] == "bc.report(fit, 'report.html', threshold=0.4, margin=0.1, kind='correlation', fdr=0.05)"
    )


def test_the_report_is_callable_after_its_room_was_imported(fit, tmp_path):
    import bayescov.report.words  # noqa: F401

    assert callable(bc.report)
    assert bc.report(fit, tmp_path / "again.html").stat().st_size > 1e5


def test_plain_correlations_are_not_called_partial(page):
    here = section(page, "connections")
    assert "Posterior mean correlation of every pair of regions, covariates removed." in here
    assert "artial" not in here


def test_twin_networks_and_sensitivity_appear_where_given(fit, tmp_path):
    twin = fisher_z(design_of(fit))
    networks = bc.networks(fit, draws=50)
    text = bc.report(fit, tmp_path / "more.html", classical=twin, networks=networks).read_text("utf-8")
    assert re.findall(r'<section id="(\w+)"', text)[4:6] == ["networks", "twin"]
    assert "Benjamini" in section(text, "methods")
    assert "Beside Fisher&#39;s z</h2>" in section(text, "twin")
    assert "the Fisher" not in section(text, "twin")
    assert "ermutation" not in section(text, "methods") + section(text, "twin")
    assert "Fisher, R. A. (1921)" in section(text, "methods")
    assert ">Beside Fisher&#39;s z</a>" in text


def test_the_note_on_structures_is_of_any_change(fit):
    edges = bc.connections(fit)
    width = (edges["p_unchanged_high"] - edges["p_unchanged_low"]).values
    assert f"moves by {np.median(width):.2f} in the median and at most {width.max():.2f};" in _structure_note(
        edges
    )


def test_what_the_methods_cite_is_among_their_references(page):
    methods = section(page, "methods")
    assert "Yao et al. 2018" in methods
    assert "<li>Yao, Y., Vehtari" in methods


def test_a_covariate_with_three_levels_is_named_once():
    cohort = fake_cohort(
        {"HC": 20, "MS": 20}, regions=["a", "b"], control="HC", change=0.2, atrophy=0.5, seed=1
    )
    hand = np.resize(np.array(["left", "right", "both"], dtype=object), 40)
    cohort = Cohort(cohort.data.assign(hand=("subject", hand)), control="HC", checks=())
    design = bc.prepare(cohort, covariates="age * hand")
    quick = {"draws": 60, "tune": 100, "chains": 1, "min_ess": 0.0, "progress": False}
    made = bc.fit(design, model="separate", seed=3, **quick)
    said = methods(made, bc.connections(made), bc.volumes(made), design, bc.diagnose(made)).paragraph
    assert "with regression on age, hand and age:hand, effects" in said


def test_partial_correlations_and_other_settings_reach_the_page(fit, tmp_path):
    text = bc.report(fit, tmp_path / "p.html", kind="partial", threshold=0.2, margin=0.05).read_text("utf-8")
    assert "partial correlation" in section(text, "headline")
    here = section(text, "connections")
    assert "<h3>Partial correlations in each group</h3>" in here
    assert (
        "Posterior mean partial correlation of every pair of regions, given all other regions, covariates"
        in here
    )
    assert "Partial correlations of regional volumes in MS, posterior means" in here
    assert '"measure": "partial correlation"' in text
    assert not re.search(
        "[^l] correlations? of|Correlations", re.sub("<script.*?</script>", "", here, flags=re.DOTALL)
    )
    assert '"threshold": 2000' in text
    assert '"margin": 500' in text


def test_a_file_that_cannot_be_written_gets_a_sentence(fit, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(bc.BayescovError, match="cannot be written"):
        bc.report(fit, tmp_path / "file" / "report.html")


def test_three_groups_of_fourteen_regions_are_small_and_quick(fit, tmp_path):
    bc.report(fit, tmp_path / "warm.html")
    start = time.process_time()
    path = bc.report(fit, tmp_path / "r.html")
    assert time.process_time() - start < 5.0
    assert path.stat().st_size < 8e6


def test_sixty_eight_regions_stay_below_twenty_megabytes(tmp_path):
    regions = [f"{h}_area{k:02d}" for k in range(34) for h in ("lh", "rh")]
    fit = fake_fit(sizes={"HC": 90, "A": 80, "B": 85}, regions=regions, draws=250, structures=True)
    assert bc.report(fit, tmp_path / "r.html").stat().st_size < 20e6


def test_pages_of_one_fit_are_equal(fit, tmp_path):
    one, two = (bc.report(fit, tmp_path / f"{k}.html").read_bytes() for k in range(2))
    assert one == two


def test_missing_volumes_are_counted(tmp_path):
    fit = fake_fit()
    fit["observed_data"]["y"][2, 3] = np.nan
    text = bc.report(fit, tmp_path / "r.html", checks=bc.posterior_predictive_checks(fit, draws=20))
    assert "Missing volumes" in section(text.read_text("utf-8"), "people")


def test_a_check_that_says_its_name_is_not_named_twice(tmp_path):
    fit = fake_fit()
    data = fit["constant_data"]
    checks = [
        ["missing volumes", False, "Missing volumes: 3, of 2 people."],
        ["groups", False, "Few people in MS."],
    ]
    data.attrs["checks"] = json.dumps(checks)
    people = section(bc.report(fit, tmp_path / "r.html").read_text("utf-8"), "people")
    assert '<p class="note">Missing volumes: 3, of 2 people.</p>' in people
    assert "<strong>groups:</strong> Few people in MS." in people


def test_words_hold_in_dark_mode_and_where_all_is_well(page, tmp_path):
    assert "darker" not in section(page, "connections")
    assert "Quantities closest to failing" in section(page, "trust")
    assert ">added, mean</dt>" in section(page, "connections")
    spoiled = bc.report(fake_fit(spoil=True), tmp_path / "spoiled.html").read_text("utf-8")
    assert "Quantities furthest from passing" in section(spoiled, "trust")
