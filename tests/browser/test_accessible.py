"""Readable by everyone: axe-core finds no violation, in light and dark, on a desk and on a phone; nothing overflows."""

import json

import pytest

import bayescov as bc
from bayescov.sampling.tree import design_of
from tests.report.fake import fake_fit

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every section there is, and the warning banner."""
    fit = fake_fit(spoil=True, structures=True)
    design = design_of(fit)
    quick = {"draws": 60, "tune": 100, "chains": 2, "min_ess": 0.0}
    sensitivity = bc.sensitivity(fit, draws=400)
    sensitivity["survives"][5:8] = False  # marks of both kinds
    return bc.report(
        fit,
        tmp_path_factory.mktemp("accessible") / "report.html",
        classical=bc.fisher_z(design),
        networks=bc.networks(fit, draws=50),
        network_test=bc.network_test(design, n_permutations=19),
        sensitivity=sensitivity,
        differentiation=bc.differentiate(
            design, ("MS", "NMOSD"), model="separate", folds=2, rivals=False, settings=quick
        ),
        models=bc.compare_models({"one": fit, "two": fit}, draws=200),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_violation(open_page, written, scheme, device):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    page = open_page(written, color_scheme=scheme, bypass_csp=True, **device)
    page.focus('[data-part="picture"]')
    page.keyboard.press("ArrowRight")
    results = axe.Axe().run(page)
    found = [(v["id"], v["nodes"][0]["html"][:120]) for v in results.response["violations"]]
    assert found == []


def test_page_does_not_overflow_a_phone(open_page, written):
    page = open_page(written, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.fixture(scope="module")
def long_names(tmp_path_factory):
    """A report of regions with long names, read from a file whose path is long, and repeated by a long command."""
    regions = [
        f"{side}-Cerebellum-{part}"
        for part in ("White-Matter", "Cortex", "Vermis")
        for side in ("Left", "Right")
    ]
    fit = fake_fit(sizes={"HC": 30, "MS": 30}, regions=regions, chains=2, draws=200)
    cohort = json.loads(fit.attrs["cohort"]) | {
        "source": "/home/somebody" + "/a_folder_of_tables" * 9 + "/volumes.csv"
    }
    fit.attrs["cohort"] = json.dumps(cohort)
    command = "bayescov fit " + " ".join(f"--exclude sub-{k:03d}" for k in range(60))
    return bc.report(fit, tmp_path_factory.mktemp("long") / "r.html", command=command)


def test_a_long_path_does_not_overflow_a_phone(open_page, long_names):
    page = open_page(long_names, **PHONE)
    assert "a_folder_of_tables/volumes.csv" in page.locator("#methods .facts").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_command_is_whole_on_paper(open_page, long_names):
    page = open_page(long_names, viewport={"width": 680, "height": 900})
    overhang = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('#methods pre'))"
    assert page.evaluate(overhang) > 0
    page.emulate_media(media="print")
    assert page.evaluate(overhang) <= 0


@pytest.mark.parametrize("layout", ["matrix", "circle", "brain"])
def test_no_name_leaves_the_picture_chosen_or_not(open_page, long_names, layout):
    page = open_page(long_names)
    page.check(f'[name="layout"][value="{layout}"]')
    page.focus('[data-part="picture"]')
    for _ in range(3):
        outside = page.evaluate("""() => {
          const box = document.querySelector('[data-part="picture"] svg').getBoundingClientRect();
          return [...document.querySelectorAll('[data-part="picture"] text.name')].map((t) => [t.textContent, t.getBoundingClientRect()])
            .filter(([, r]) => r.left < box.left || r.right > box.right || r.top < box.top || r.bottom > box.bottom).map(([name]) => name);
        }""")
        assert outside == []
        page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("width", [360, 720, 800, 900, 1040, 1280])
def test_verdicts_of_volumes_are_in_sight(open_page, written, width):
    page = open_page(written, viewport={"width": width, "height": 900})
    hidden = page.evaluate(
        "[...document.querySelectorAll('#volumes .scroll')].map(e => e.scrollWidth - e.clientWidth)"
    )
    assert max(hidden) <= 0


def test_every_section_was_looked_at(open_page, written):
    page = open_page(written)
    names = page.evaluate("[...document.querySelectorAll('section')].map(s => s.id)")
    assert names == [
        "headline",
        "people",
        "volumes",
        "connections",
        "networks",
        "apart",
        "twin",
        "trust",
        "methods",
    ]
    assert page.locator("#trust .broken").count() > 0


def test_warning_comes_before_the_findings(open_page, written):
    page = open_page(written)
    banner = page.locator("#headline > *").nth(1)
    assert banner.get_attribute("role") == "alert"
    assert banner.inner_text().startswith("Warning. Do not rely on this yet")


def test_print_leaves_out_what_paper_cannot_do(open_page, written):
    page = open_page(written)
    page.emulate_media(media="print")
    assert not page.locator("#live .controls").is_visible()
    assert page.locator('[data-part="curve"]').is_visible()
    settings = page.locator('[data-part="settings"]')
    assert settings.is_visible()
    assert settings.inner_text() == (
        "MS against HC: threshold 0.30, margin 0.10. In the picture and the table: all connections, all regions; drawn if P is "
        "at least 0.50."
    )
    assert page.get_by_text("than above").or_(page.get_by_text("those above")).first.is_visible()
    page.emulate_media(media="screen")
    assert not settings.is_visible()
    assert page.locator("#methods .paste").is_visible()
