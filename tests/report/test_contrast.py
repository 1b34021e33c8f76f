"""Colours: WCAG AA contrast wherever they carry text, in light and dark, and change told apart without colour vision."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import bayescov.report

STYLE = (Path(bayescov.report.__file__).parent / "page" / "style.css").read_text(encoding="utf-8")
TEXT = ("text", "soft", "added", "missing", "reversed", "unchanged", "undecided", "link")
# Brettel, Viénot and Mollon's simulation for linear RGB, as tabulated by Viénot, Brettel and Mollon (1999).
BLIND = {
    "protan": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deutan": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


def palette(scheme):
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark)) if scheme == "dark" else {})


def linear(colour):
    channels = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_formula():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_at_least_four_and_a_half(scheme):
    colours = palette(scheme)
    for name, ground in itertools.product(TEXT, ("page", "raised")):
        assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    assert contrast(colours["warn"], colours["warn-page"]) >= 4.5
    assert contrast(colours["strong"], colours["page"]) >= 3.0  # lines that mean something


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", list(BLIND))
def test_added_and_missing_stay_apart_without_red_or_green(scheme, kind):
    colours = palette(scheme)
    matrix = np.array(BLIND[kind])

    def seen(one, other):
        return float(np.abs(matrix @ one - matrix @ other).max())

    assert seen(linear(colours["added"]), linear(colours["missing"])) > 0.15
    # the negative control: a red and a green that such a reader cannot tell apart
    red = np.array([0.6, 0.0, 0.0])
    green = np.array([0.0, 0.6 * matrix[0, 0] / matrix[0, 1], 0.0])
    assert np.abs(red - green).max() > 0.5
    assert seen(red, green) < 0.05
