"""User atlases: further regions, described by a CSV file."""

import numpy as np
import pytest

from bayescov.cohort import read_atlas, read_cohort, read_volumes
from bayescov.errors import TableError
from tests.cohort.people import said, table

LINES = """name,hemisphere,structure,homologue,kind,x,y,z,typical_mm3,low_mm3,high_mm3,synonyms
Left-CA1,left,CA1,Right-CA1,subcortical,-26,-20,-15,650,100,2000,lh_CA1;ca1 links
Right-CA1,right,CA1,Left-CA1,subcortical,26,-20,-15,650,100,2000,rh_CA1
CA1,both,CA1,,subcortical,,,,1300,200,4000,
"""


@pytest.fixture
def atlas(tmp_path):
    path = tmp_path / "atlas.csv"
    path.write_text(LINES)
    return path


def test_regions_of_a_user_atlas_are_read_beside_the_packaged_ones(atlas, tmp_path):
    frame = table(20).assign(**{"CA1 links": np.linspace(600, 700, 20), "rh_CA1": np.linspace(650, 610, 20)})
    cohort = read_cohort(frame, atlas=atlas, regions=["Left-CA1", "Left-Caudate", "CA1"])
    assert cohort.regions == ("Left-CA1", "Left-Caudate", "CA1")
    np.testing.assert_allclose(cohort.volumes["CA1"], frame["CA1 links"] + frame["rh_CA1"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = read_volumes(tmp_path / "t.csv", atlas=atlas)
    assert str(data["hemisphere"].sel(region="Right-CA1").item()) == "right"


def test_names_in_any_script_are_told_apart(tmp_path):
    path = tmp_path / "atlas.csv"
    path.write_text(
        "name,hemisphere,structure\n海马左,left,海马\n海马右,right,海马\nТаламус,both,Таламус\n",
        encoding="utf-8",
    )
    frame = table(20).assign(
        **{"海马 左": np.linspace(4000, 4100, 20), "海马 右": np.linspace(4200, 4100, 20), "таламус": 7000.0}
    )
    volumes = read_volumes(frame, atlas=path)["volume"].sel(region=["海马左", "海马右", "Таламус"])
    np.testing.assert_allclose(volumes, frame[["海马 左", "海马 右", "таламус"]])


def test_bounds_of_a_user_atlas_are_checked(atlas):
    frame = table(20).assign(lh_CA1=[5000.0, *np.linspace(600, 700, 19)])
    cohort = read_cohort(frame, atlas=atlas, regions=["Left-CA1", "Left-Caudate"])
    assert (
        "sub-01: Left-CA1 = 5,000 mm3 (possible: 100 to 2,000)"
        in said(cohort.checks, "impossible values").text
    )


def test_without_the_atlas_the_region_is_unknown():
    with pytest.raises(TableError, match="Left-CA1"):
        read_cohort(table(20).assign(lh_CA1=600.0), regions=["Left-CA1"])


def test_every_line_that_cannot_be_used_is_named(tmp_path):
    path = tmp_path / "atlas.csv"
    path.write_text(
        "name,hemisfere,hemisphere,homologue,x\nA,left,up,,\nB,,left,C,\nB,,right,,\n,,left,,\nD,,left,,east\n"
    )
    with pytest.raises(TableError) as error:
        read_atlas(path)
    text = " | ".join(error.value.problems)
    for part in (
        "did you mean 'hemisphere'",
        "line 2 (A)",
        "'B' is there 2 times",
        "line 5 has no name",
        "x is 'east'",
    ):
        assert part in text, part


def test_an_atlas_needs_names(tmp_path):
    path = tmp_path / "atlas.csv"
    path.write_text("region\nA\n")
    with pytest.raises(TableError, match="needs a column 'name'"):
        read_atlas(path)


def test_a_number_may_be_part_of_a_region_of_ones_own(tmp_path):
    path = tmp_path / "atlas.csv"
    path.write_text("name,hemisphere,structure\nA8,left,A8\nA8.1,left,A8.1\n")
    frame = table(20).assign(A8=np.linspace(400, 500, 20), **{"A8.1": np.linspace(700, 600, 20)})
    volumes = read_volumes(frame, atlas=path)["volume"]
    np.testing.assert_allclose(volumes.sel(region="A8.1"), frame["A8.1"])
