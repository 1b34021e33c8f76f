"""Formatted tables for a supplement."""

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
