"""Where regions stand: homologues mirrored, every name placed, outlines of the brain as the template has them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescov.report.layout import circle_angles, places
from bayescov.report.outline import make_outlines, outlines

names = st.lists(
    st.one_of(
        st.builds("{}-{}".format, st.sampled_from(["Left", "Right"]), st.sampled_from("ABCDEFG")),
        st.sampled_from(["Brain-Stem", "x", "y", "lh_q", "q.rh"]),
    ),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(names)
def test_no_two_regions_share_a_place(regions):
    angles = np.sort(circle_angles(regions))
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    assert gaps.min() > 1e-6
    assert ((angles >= 0) & (angles < 2 * np.pi + 1e-9)).all()


@given(st.lists(st.sampled_from("ABCDEFGHIJ"), min_size=1, max_size=10, unique=True))
def test_homologues_are_mirrored(structures):
    regions = [f"{side}-{s}" for s in structures for side in ("Left", "Right")]
    angles = circle_angles(regions)
    np.testing.assert_allclose(angles[0::2] + angles[1::2], 2 * np.pi)
    assert (np.sin(angles[1::2]) > 0).all()


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("Left-Thalamus", "left"),
        ("rh_bankssts", "right"),
        ("Brain-Stem", "midline"),
        ("right mystery", "right"),
        ("mystery.lh", "left"),
        ("leftover", "midline"),
    ],
)
def test_sides(name, side):
    assert places([name])[0].side == side


def test_centres_lie_on_their_side():
    left, right = places(["Left-Putamen", "Right-Putamen"])
    assert left.mni[0] < 0 < right.mni[0]
    assert left.structure == right.structure


def test_stored_outlines_are_those_of_the_template():
    stored, made = outlines(), make_outlines()
    for view in ("sagittal", "coronal", "axial"):
        assert area(stored[view]) == pytest.approx(area(made[view]), rel=0.02)
    assert area(stored["sagittal"]) > area(stored["coronal"]) > 8000  # mm2: a brain is longer than wide


def area(points):
    x, y = np.array(points).T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
