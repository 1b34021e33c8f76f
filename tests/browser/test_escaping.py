"""Whatever a table holds is shown as text, and nothing of it runs."""

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from tests.report.fake import fake_fit

SCRIPT = "<script>alert(1)</script>"
QUOTES = "the \"quoted\" & 'other' <b>bold</b>"
EMOJI = "brain 🧠 stem"
CLOSING = "</script></style></noscript><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def page_of_names(tmp_path_factory):
    fit = fake_fit(
        sizes={f"HC {SCRIPT}": 40, f"MS {QUOTES}": 41},
        regions=[SCRIPT, QUOTES, EMOJI, CLOSING],
        chains=2,
        draws=200,
    )
    fit.attrs["cohort"] = f'{{"source": "{SCRIPT}", "tool": "{EMOJI}"}}'
    path = tmp_path_factory.mktemp("names") / "report.html"
    return bc.report(
        fit, path, title=f"Title {SCRIPT}", command=f"bayescov fit {CLOSING}",
        networks=bc.networks(fit, draws=50), sensitivity=bc.sensitivity(fit, draws=200),
        models=bc.compare_models({SCRIPT: fit, CLOSING: fit}, draws=200),
    )  # fmt: skip


def test_names_are_text(open_page, page_of_names):
    page = open_page(page_of_names)
    for layout in ("matrix", "circle", "brain"):
        if page.locator(f'[name="layout"][value="{layout}"]').is_enabled():
            page.check(f'[name="layout"][value="{layout}"]')
    page.locator('[data-part="rows"] button').first.focus()
    page.wait_for_timeout(100)
    assert page.seen["dialogs"] == []
    assert page.seen["errors"] == []
    assert page.seen["requests"] == [page_of_names.as_uri()]
    assert page.locator("img").count() == 0
    assert page.locator("b").count() == 5  # the page's own: numbers of called connections
    body = page.locator("body").inner_text()
    for name in (SCRIPT, QUOTES, EMOJI, CLOSING):
        assert name in body
    assert page.title() == f"Title {SCRIPT}"
    detail = page.locator('[data-part="detail"] h4').inner_text()
    assert any(name in detail for name in (SCRIPT, QUOTES, EMOJI, CLOSING))


def test_names_survive_the_downloaded_table(open_page, page_of_names):
    page = open_page(page_of_names)
    with page.expect_download() as waiting:
        page.click('[data-do="csv"]')
    rows = pd.read_csv(waiting.value.path())
    assert set(rows["region_a"]) | set(rows["region_b"]) == {SCRIPT, QUOTES, EMOJI, CLOSING}
    assert set(rows["population"]) == {f"MS {QUOTES}"}
    assert np.isfinite(rows["p_added"]).all()


def test_policy_stops_a_script_that_is_not_ours(open_page, page_of_names):
    """The negative control: even markup put into the page by force cannot run or load anything."""
    page = open_page(page_of_names)
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "https://example.org/x.png";
            document.body.append(image);
        }"""
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in page.seen["console"])
