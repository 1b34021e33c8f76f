"""The live view in a real browser: it computes what Python computes, filters, downloads, and answers to the keyboard."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.design.edges import edge_coordinates
from bayescov.posterior.events import CHANGES
from bayescov.posterior.structures import agreed
from bayescov.posterior.verdicts import verdicts
from bayescov.report.live import embed, recount
from tests.report.fake import FOURTEEN, fake_fit

# Waits without evaluating text as a script, which the page does not allow.
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

VERDICTS = ("added", "missing", "reversed", "unchanged", "undecided")


@pytest.fixture(scope="module")
def fit():
    return fake_fit(sizes={"HC": 80, "MS": 80, "NMOSD": 70}, structures=True)


@pytest.fixture(scope="module")
def live(fit):
    return embed(fit)


@pytest.fixture(scope="module")
def written(fit, tmp_path_factory):
    return bc.report(fit, tmp_path_factory.mktemp("report") / "report.html")


def move(page, **settings):
    """Set controls of the live view as a user's input would, and wait for the redraw."""
    page.evaluate(
        """(settings) => new Promise((done) => {
            for (const [name, value] of Object.entries(settings)) {
                const control = document.querySelector(`#live [name="${name}"]`);
                control.value = value;
                control.dispatchEvent(new Event("input", { bubbles: true }));
            }
            requestAnimationFrame(() => requestAnimationFrame(done));
        })""",
        settings,
    )


def text(page, part):
    return page.locator(f'[data-part="{part}"]').inner_text()


def table(page):
    with page.expect_download() as waiting:
        page.click('[data-do="csv"]')
    return pd.read_csv(io.BytesIO(waiting.value.path().read_bytes()))


def test_loads_without_error_and_without_network(open_page, written):
    page = open_page(written)
    page.wait_for_selector("#live .picture")
    assert page.seen["errors"] == []
    assert page.seen["console"] == []
    assert page.seen["requests"] == [written.as_uri()]


SETTINGS = [(1, 0.3, 0.1), (1, 0.0, 0.01), (2, 0.45, 0.2), (1, 0.07, 0.01), (2, 0.9, 0.5), (2, 0.29, 0.13)]


def test_moving_the_sliders_gives_exactly_what_python_computes(open_page, written, live):
    page = open_page(written)
    for group, threshold, margin in SETTINGS:
        move(page, group=group, threshold=round(100 * threshold), margin=round(100 * margin))
        twin = recount(live, group, threshold=threshold, margin=margin)
        assert_counts_agree(page, twin)
        assert_table_agrees(table(page), twin)


def test_a_margin_of_nothing_is_offered_only_where_the_report_has_it(open_page, written, tmp_path):
    # Rounded correlations tie where exact ones do not, and with a margin of zero ties decide.
    lowest = "document.querySelector('[name=\"margin\"]').min"
    assert open_page(written).evaluate(lowest) == "1"
    none = bc.report(
        fake_fit(sizes={"HC": 20, "MS": 20}, chains=2, draws=100), tmp_path / "r.html", margin=0.0
    )
    assert open_page(none).evaluate(lowest) == "0"


def assert_counts_agree(page, twin):
    for kind in ("added", "missing"):
        assert float(text(page, f"n-{kind}")) == pytest.approx(twin.counts[f"n_{kind}"], abs=0.05 + 1e-9)
        low, high = (int(twin.counts[f"n_{kind}_{end}"]) for end in ("low", "high"))
        assert text(page, f"n-{kind}-interval") == f"{low} to {high}"
    for verdict in VERDICTS:
        assert int(text(page, f"called-{verdict}")) == (twin.verdict == verdict).sum()


def assert_table_agrees(rows, twin):
    pairs = [f"{a} ~ {b}" for a, b in zip(rows["region_a"], rows["region_b"], strict=True)]
    order = pd.Index(edge_coordinates(FOURTEEN)["edge"]).get_indexer(pairs)
    assert sorted(order) == list(range(91))
    for kind in ("added", "missing", "reversed", "unchanged"):
        np.testing.assert_array_equal(rows[f"p_{kind}"], twin.edges[f"p_{kind}"][order])
    for name in ("control_mean", "mean", "difference", "difference_low", "difference_high"):
        np.testing.assert_allclose(rows[name], twin.edges[name][order], atol=1e-12)
    assert list(rows["verdict"]) == list(twin.verdict[order])


def test_exact_probability_of_more_added_and_ranges_over_structures(open_page, written, live):
    page = open_page(written)
    found = page.evaluate(
        """() => {
            const study = JSON.parse(document.getElementById("study").textContent);
            const blocks = decodeDraws(document.getElementById("draws").textContent, study);
            return recount(study, blocks, 2, 2500, 800);
        }"""
    )
    twin = recount(live, 2, threshold=0.25, margin=0.08)
    assert found["pMore"] == twin.counts["p_more_added_than_missing"]
    assert found["pFewer"] == twin.counts["p_more_missing_than_added"]
    assert found["added"]["mean"] == pytest.approx(twin.counts["n_added"], abs=1e-12)
    for kind in ("added", "missing", "reversed", "unchanged"):
        np.testing.assert_array_equal(found["low"][kind], twin.edges[f"p_{kind}_low"])
        np.testing.assert_array_equal(found["high"][kind], twin.edges[f"p_{kind}_high"])
    assert found["verdict"] == list(twin.verdict)


def test_the_page_names_by_the_same_rule(open_page, written):
    """Lists of one to five connections, many of which hold one or two names only; probabilities as counted from 200 draws."""
    page, rng, found = open_page(written), np.random.default_rng(1), set()
    for _ in range(150):
        n, weight = int(rng.integers(1, 6)), float(rng.choice([0.0, 0.3, 0.9]))
        # Structure by structure (stated, the fit by itself, a case): added, missing, reversed, unchanged of each connection.
        sure = rng.choice([1.0, 60.0], size=n)
        p = (
            np.array([rng.multinomial(200, rng.dirichlet([s, 1, 1, 2])) for _ in range(3) for s in sure])
            / 200
        )
        stated, own, case = p.reshape(3, n, 4).transpose(0, 2, 1)
        low = np.minimum(np.minimum(stated[3], own[3]), case[3])
        kinds = ("added", "missing", "reversed", "unchanged")
        tables = [dict(zip(kinds, t.tolist(), strict=True)) for t in (stated, own, case)]
        for several in (True, False):
            in_page = page.evaluate(
                "([p, own, cases, low]) => verdictsOf(p, own, cases, { unchanged: low }, 0.05)",
                [*tables[:2], [{"p": tables[2], "weight": weight}] if several else [], low.tolist()],
            )
            cases, weights = ({"case": case[:3]}, {"case": weight}) if several else ({}, {})
            sure = agreed(own[:3], cases, weights)
            twin = verdicts(
                CHANGES, stated[:3], stated[3], 0.05, agreed=sure, several=several, unchanged_low=low
            )
            assert in_page == twin.tolist()
            found.add((several, sum(v in CHANGES for v in in_page)))
    assert {(several, n) for several in (True, False) for n in range(4)} <= found


def test_curve_is_the_counts_at_every_threshold(open_page, written, live):
    page = open_page(written)
    curve = page.evaluate(
        """() => {
            const study = JSON.parse(document.getElementById("study").textContent);
            const blocks = decodeDraws(document.getElementById("draws").textContent, study);
            return countCurve(study, blocks[0], 1, 500, 91);
        }"""
    )
    for t in (0, 1, 17, 30, 55, 90):
        twin = recount(live, 1, threshold=t / 100, margin=0.05).counts
        assert curve[t]["pMore"] == twin["p_more_added_than_missing"]
        assert curve[t]["pFewer"] == twin["p_more_missing_than_added"]
        for kind in ("added", "missing"):
            assert curve[t][kind]["mean"] == pytest.approx(twin[f"n_{kind}"], abs=1e-12)
            assert (curve[t][kind]["low"], curve[t][kind]["high"]) == (
                twin[f"n_{kind}_low"],
                twin[f"n_{kind}_high"],
            )


def direction_of(p_more, p_fewer):
    """The rule in Python: each direction by its own probability, as in `sensitivity`."""
    gained, lost = ([p >= 0.9 for p in side] for side in (p_more, p_fewer))
    if all(gained) or all(lost):
        return f"it {'gained' if all(gained) else 'lost'} more at all of them"
    if not any(gained + lost):
        return "not decided which it did more"
    return f"gained more at {sum(gained)} of {len(gained)}, lost more at {sum(lost)}"


def test_the_direction_over_thresholds_is_decided_by_its_own_probability(open_page, written, live):
    page = open_page(written)
    cases = {
        "ties": ([0.02] * 51, [0.05] * 51),
        "gains": ([0.93] * 51, [0.01] * 51),
        "losses": ([0.0] * 51, [0.9] * 51),
        "mixed": ([0.95] * 20 + [0.3] * 31, [0.0] * 45 + [0.92] * 6),
    }
    for p_more, p_fewer in cases.values():
        curve = [
            {"threshold": (10 + k) / 100, "pMore": a, "pFewer": b}
            for k, (a, b) in enumerate(zip(p_more, p_fewer, strict=True))
        ]
        said = page.evaluate("(curve) => directionText(curve, 'MS', 0.9)", curve)
        assert direction_of(p_more, p_fewer) in said
    found = [recount(live, 1, threshold=t / 100, margin=0.1).counts for t in range(10, 61)]
    pairs = [[c[f"p_more_{way}"] for c in found] for way in ("added_than_missing", "missing_than_added")]
    assert direction_of(*pairs) in text(page, "hangs")
    assert text(page, "p-fewer") == f"{found[20]['p_more_missing_than_added']:.2f}".replace("0.00", "<0.01")


@pytest.mark.parametrize("width", [1180, 390])
def test_labels_of_the_curve_stay_inside_the_picture(open_page, written, width):
    page = open_page(written, viewport={"width": width, "height": 900})
    beyond = page.evaluate(
        """() => {
            const svg = document.querySelector('[data-part="curve"] svg'), edge = svg.viewBox.baseVal.width;
            return [...svg.querySelectorAll("text")].filter((t) => t.getBBox().x + t.getBBox().width > edge).map((t) => t.textContent);
        }"""
    )
    assert beyond == []


def test_negative_control_a_wrong_margin_gives_other_counts(open_page, written, live):
    page = open_page(written)
    move(page, threshold=30, margin=10)
    wrong = recount(live, 1, threshold=0.3, margin=0.11)
    assert abs(float(text(page, "n-added")) - wrong.counts["n_added"]) > 0.05


def test_verdict_and_region_filters(open_page, written, live):
    page = open_page(written)
    twin = recount(live, 1, threshold=0.3, margin=0.1)
    assert (twin.verdict == "added").sum() > 0
    for verdict in ("added", "undecided"):
        move(page, verdict=verdict)
        assert set(table(page)["verdict"]) == {verdict}
        assert len(table(page)) == (twin.verdict == verdict).sum()
    move(page, verdict="all", region=3)
    rows = table(page)
    name = FOURTEEN[3]
    assert len(rows) == 13
    assert ((rows["region_a"] == name) | (rows["region_b"] == name)).all()


def test_probability_slider_thins_the_picture(open_page, written, live):
    page = open_page(written)
    page.check('[name="layout"][value="circle"]')
    p = np.max([recount(live, 1, threshold=0.3, margin=0.1).edges[f"p_{k}"] for k in VERDICTS[:3]], axis=0)
    for cut in (20, 50, 90):
        move(page, probability=cut)
        assert page.locator("#live .line").count() == (p >= cut / 100).sum()


def test_every_picture_is_drawn_and_says_what_it_shows(open_page, written):
    page = open_page(written)
    for layout in ("matrix", "circle", "brain"):
        page.check(f'[name="layout"][value="{layout}"]')
        label = page.locator('[data-part="picture"] svg').get_attribute("aria-label")
        assert label.startswith("Connections of MS against HC: ")
    expect(page.locator("[data-part=picture] .node")).to_have_count(3 * 14)


def test_the_note_tells_of_the_marks_that_are_there(open_page, written, live):
    page = open_page(written)
    twin = recount(live, 1, threshold=0.3, margin=0.1)
    p = np.stack([twin.edges[f"p_{k}"] for k in VERDICTS[:3]])
    probable, marked = p.max(axis=0) >= 0.5, p.max(axis=0) >= 0.02
    note = text(page, "picture-note")
    assert note.startswith(
        f"{probable.sum()} of 91 connections drawn in full colour (P at least 0.50). {(marked & ~probable).sum()} less probable "
    )
    assert page.locator("#live .mark.faint").count() > 0
    reversal = (p[2] >= 0.02) & (p[2] >= p[:2].max(axis=0))
    assert ("in its own colour reversed" in note) == reversal.any()
    move(page, verdict="unchanged", threshold=90, probability=5)
    assert text(page, "picture-note").endswith("Upper right: unchanged (squares).")
    assert "added" not in text(page, "picture-note")
    page.check('[name="layout"][value="circle"]')
    expect(page.locator('[data-part="picture-note"]')).to_contain_text("drawn. Solid: unchanged.")
    move(page, verdict="undecided", threshold=30)
    assert text(page, "picture-note").endswith("drawn. Short dashes: undecided.")
    move(page, verdict="added")
    assert text(page, "picture-note").endswith("drawn. Solid: added.")
    move(page, verdict="unchanged", threshold=0, margin=0)
    assert text(page, "picture-note").startswith("No connection passes the filters")


def test_the_brain_counts_and_steps_through_what_it_draws(open_page, tmp_path):
    """Two of five regions have no place: three connections of ten can be drawn."""
    regions = ["left thalamus", "right thalamus", "left caudate", "somewhere", "elsewhere"]
    some = fake_fit(sizes={"HC": 30, "MS": 30}, regions=regions, chains=2, draws=200)
    page = open_page(bc.report(some, tmp_path / "r.html", margin=0.0, threshold=0.0))
    page.check('[name="layout"][value="brain"]')
    move(page, probability=5)
    note = text(page, "picture-note")
    assert (
        "3 of 10 connections drawn. 2 regions have no known place in the brain, so 7 more connections cannot"
        in note
    )
    assert page.locator("#live .line").count() == 3 * 3
    page.focus('[data-part="picture"]')
    seen = set()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        seen.add(page.locator('[data-part="detail"] h4').inner_text())
        assert page.locator("#live .line.selected").count() == 3
    assert len(seen) == 3


def test_one_region_without_a_place_is_one(open_page, tmp_path):
    regions = ["left thalamus", "right thalamus", "left caudate", "somewhere"]
    some = fake_fit(sizes={"HC": 30, "MS": 30}, regions=regions, chains=2, draws=200)
    page = open_page(bc.report(some, tmp_path / "r.html"))
    page.check('[name="layout"][value="brain"]')
    expect(page.locator('[data-part="picture-note"]')).to_contain_text(
        "1 region has no known place in the brain"
    )


def test_downloads(open_page, written):
    page = open_page(written)
    page.check('[name="layout"][value="circle"]')
    page.wait_for_selector("#live .line")
    for action in ("svg", "curve"):
        with page.expect_download() as waiting:
            page.click(f'[data-do="{action}"]')
        drawing = waiting.value.path().read_text("utf-8")
        assert ElementTree.fromstring(drawing).tag.endswith("svg")
        assert "var(" not in drawing
        assert waiting.value.suggested_filename.endswith("-MS.svg")
    with page.expect_download() as waiting:
        page.click('[data-do="png"]')
    image = waiting.value.path().read_bytes()
    assert image.startswith(b"\x89PNG\r\n")
    assert len(image) > 20_000
    assert page.seen["console"] == []


def test_keyboard_alone(open_page, written):
    page = open_page(written)
    page.focus('[name="threshold"]')
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-part="threshold-value"]')).to_have_text("0.31")
    page.focus('[data-part="picture"]')
    page.keyboard.press("ArrowRight")
    first = page.locator('[data-part="detail"] h4').inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator('[data-part="detail"] h4').inner_text() != first
    page.focus('[data-sort="missing"] button')
    page.keyboard.press("Enter")
    assert page.locator('[data-sort="missing"]').get_attribute("aria-sort") == "descending"
    p_missing = table(page)["p_missing"].to_numpy()
    assert (np.diff(p_missing) <= 0).all()


@pytest.mark.parametrize(("threshold", "margin"), [(0.255, 0.6), (0.95, 0.0375)])
def test_settings_between_and_beyond_the_steps_are_said_as_they_are(
    open_page, fit, live, tmp_path, threshold, margin
):
    page = open_page(bc.report(fit, tmp_path / "r.html", threshold=threshold, margin=margin))
    for name, value in {"threshold": threshold, "margin": margin}.items():
        said = f"{value:.2f}" if round(100 * value, 6).is_integer() else str(value)
        assert text(page, f"{name}-value") == said
        assert page.locator(f'[name="{name}"]').get_attribute("aria-valuetext") == said
        assert float(page.locator(f'[name="{name}"]').input_value()) == pytest.approx(100 * value, abs=0.51)
        assert f"{name} {said}" in page.locator('[data-part="summary"]').text_content()
    rows = table(page)
    assert set(rows["threshold"]) == {threshold}
    assert set(rows["margin"]) == {margin}
    assert_counts_agree(page, recount(live, 1, threshold=threshold, margin=margin))
    move(page, margin=20)
    assert text(page, "margin-value") == "0.20"
    page.click('[data-do="reset"]')
    assert_counts_agree(page, recount(live, 1, threshold=threshold, margin=margin))


def test_every_slider_has_a_name_that_leads_to_it(open_page, written):
    page = open_page(written)
    names = {
        "threshold": "Threshold: present above",
        "margin": "Margin: changed by more than",
        "probability": "Drawn if P is at least",
    }
    for control, name in names.items():
        page.get_by_text(name, exact=True).click()
        assert page.evaluate("document.activeElement.name") == control
        assert page.get_by_role("slider", name=name, exact=True).get_attribute("name") == control


def test_hover_shows_the_posterior_in_both_groups(open_page, written, live):
    page = open_page(written)
    mark = page.locator('[data-part="picture"] [data-e="0"]').first
    mark.hover()
    shown = page.locator('[data-part="detail"]').inner_text()
    mean = recount(live, 1, threshold=0.3, margin=0.1).edges["mean"][0]
    assert "left thalamus – right thalamus" in shown
    assert f"{mean:+.2f}".replace("-", "−") in shown
    assert page.locator('[data-part="detail"] .dens').count() == 2


def test_without_scripts_the_tables_and_pictures_are_there(open_page, written):
    page = open_page(written, java_script_enabled=False)
    assert page.locator("noscript table.edges").count() + page.locator("table.edges tbody tr").count() > 0
    assert page.locator("svg.matrix").count() == 5
    assert not page.locator("#live").is_visible()
