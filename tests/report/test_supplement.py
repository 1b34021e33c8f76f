"""Formatted tables for a supplement."""

import re

import pytest

import bayescov as bc

from .fake import fake_fit


@pytest.fixture(scope="module")
def fit():
    return fake_fit(sizes={"HC": 30, "<b>MS</b>": 30}, regions=["a & b", "c", "d", "e"], draws=100)


@pytest.mark.parametrize(("question", "rows"), [("connections", 6), ("volumes", 4)])
def test_every_row_is_there_and_escaped(fit, question, rows):
    html = bc.supplement(getattr(bc, question)(fit)).to_html()
    assert html.count("<tr>") == rows + 1
    assert "&lt;b&gt;MS&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "a &amp; b" in html


def test_intervals_share_a_cell(fit):
    sizes = bc.volumes(fit)
    first = sizes.isel(population=0, region=0)
    cell = f"{float(first['difference_sd_low']):.2f} to {float(first['difference_sd_high']):.2f}"
    html = bc.supplement(sizes).to_html()
    assert cell in html
    assert "difference sd, 95 %" in html


def test_latex_is_escaped_for_itself_and_has_no_colours(fit):
    text = bc.supplement(bc.connections(fit)).to_latex()
    assert r"a \& b" in text
    assert r"$<$b$>$MS$<$/b$>$" in text
    assert r"difference, 95 \%" in text
    assert r"$|$rho\_g$|$ $>$ threshold" in text
    assert not re.search(r"&(amp|lt|gt);", text)
    assert not re.search(r"color|font-weight", text)
    assert not re.search(r"(?<!\\)[%_#]", text)
    assert not re.search(r"[<>|](?!\$)", text)
    columns = bc.supplement(bc.connections(fit)).data.shape[1]
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 7
    assert all(len(re.findall(r"(?<!\\)&", row)) == columns - 1 for row in rows)


def test_no_probability_is_a_false_zero_or_one_and_no_zero_is_negative(fit):
    sizes = bc.volumes(fit)
    sizes["p_smaller"][:] = 1.0
    sizes["p_unchanged"][:] = 0.0
    sizes["difference_sd"][:] = -0.001
    sizes["difference_sd_low"][:] = -0.002
    made = bc.supplement(sizes)
    html = made.to_html()
    assert "&gt;0.99" in html
    assert "&lt;0.01" in html
    assert "-0.00" not in html
    assert "$>$0.99 & $<$0.01" in made.to_latex()


def test_the_caption_says_the_rule_with_its_values(fit):
    html = bc.supplement(bc.connections(fit, threshold=0.4, margin=0.15, fdr=0.1)).to_html()
    assert "Against HC, with threshold 0.4, margin 0.15, fdr 0.1." in html
    assert "|rho| &gt; threshold" in html


def test_ranges_over_special_cases_are_no_intervals():
    several = fake_fit(sizes={"HC": 30, "MS": 30}, regions=["a", "b", "c"], draws=100, structures=True)
    html = bc.supplement(bc.connections(several)).to_html()
    assert "p added, range" in html
    assert "p added, 95 %" not in html
