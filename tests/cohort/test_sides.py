"""Sides and homologues of regions: the atlas's for regions it knows, else by their names."""

import pytest

from bayescov.cohort.regions import default_atlas
from bayescov.cohort.sides import homologous_pairs, side_and_structure


def test_of_the_atlas_every_region_has_its_homologue():
    regions = default_atlas().regions
    names = list(regions)
    pairs = {(names[i], names[j]) for i, j in homologous_pairs(names)}
    assert pairs == {(n, r.homologue) for n, r in regions.items() if r.hemisphere == "left" and r.homologue}


def test_of_other_regions_the_side_is_in_the_name():
    names = [
        "lh_area-7",
        "CA1_R",
        "rh_area-7",
        "L CA1",
        "Left Putamen",
        "Right-Putamen",
        "vermis",
        "leftover",
    ]
    assert [side_and_structure(n)[0] for n in names] == [
        "left", "right", "right", "left", "left", "right", "midline", "midline",
    ]  # fmt: skip
    assert homologous_pairs(names) == [(0, 2), (3, 1), (4, 5)]


@pytest.mark.parametrize("names", [["left-a", "left-b"], ["left-a", "lh_a", "right-a"], ["a", "right-a"], []])
def test_without_one_region_on_either_side_there_is_no_pair(names):
    assert homologous_pairs(names) == []
