"""Reading a table: some columns in mm3, others in ml."""

import numpy as np
import pytest

from bayescov.cohort import check, read_cohort
from tests.cohort.people import problems, said, table
from tests.cohort.writers import NAMES

REGIONS = [n for n in NAMES if n != "icv"]
RIGHT = [n for n in REGIONS if n.startswith("Right")]
LEFT = [n for n in REGIONS if n.startswith("Left")]


@pytest.mark.parametrize("in_ml", [[*RIGHT, "Brain-Stem"], RIGHT, LEFT[:2]], ids=["most", "half", "a few"])
def test_columns_of_two_units_are_named_as_they_are_written(in_ml):
    frame = table(20)
    frame[in_ml] /= 1000
    text = problems(frame)
    assert text.startswith("the volumes are in different units: ")
    one, other = (
        f"{n} (median {frame[n].median():g}, usual "
        for n in (in_ml[0], next(n for n in LEFT if n not in in_ml))
    )
    in_mm3, ml = text.split(" look like mm3")[0], text.split(" look like ml")[0]
    assert one in ml
    assert other in in_mm3
    assert "e+06" not in text
    assert text.endswith(")")
    assert "write all of them in one unit, or say the unit in the name of each column ('" in text
    assert "Volumes are in different units." in said(check(frame), "unit").text


def test_what_is_advised_of_columns_of_two_units_helps():
    frame = table(20)
    truth = read_cohort(frame)
    frame[RIGHT] /= 1000
    assert "('Left-Thalamus (mm3)', 'Right-Thalamus (ml)')" in problems(frame)
    assert problems(frame, unit="mm3").endswith("'Right-Thalamus (ml)') and leave unit= out")
    named = {n: f"{n} (ml)" if n in RIGHT else f"{n} (mm3)" for n in REGIONS}
    np.testing.assert_allclose(
        read_cohort(frame.rename(columns=named)).volumes[truth.volumes.columns], truth.volumes
    )


def test_files_of_two_units_are_named_as_they_are_written(tmp_path):
    frame = table(20)
    frame[RIGHT] /= 1000
    frame.drop(columns=RIGHT).to_csv(tmp_path / "left.csv", index=False)
    frame[["participant_id", *RIGHT]].to_csv(tmp_path / "right.csv", index=False)
    text = problems([tmp_path / "left.csv", tmp_path / "right.csv"])
    assert f"Right-Thalamus (median {frame['Right-Thalamus'].median():g}, usual 7500 mm3)" in text
    assert f"Left-Thalamus (median {frame['Left-Thalamus'].median():g}, usual 7500 mm3)" in text


def test_a_column_of_something_else_is_named_as_it_is_written():
    frame = table(20)
    frame["Left-Putamen"] = np.linspace(50.0, 60.0, 20)
    text = problems(frame)
    assert (
        "taken for mm3, are in another unit than the others, or in the wrong column: Left-Putamen (median 55, usual "
        in text
    )


def test_people_of_two_units_are_no_columns_of_two_units():
    frame = table(21)
    frame.loc[:9, REGIONS] /= 1000
    frame.loc[20, LEFT] = frame.loc[19, LEFT] = np.nan
    text = problems(frame)
    assert "different units: Left" not in text
    assert "the rows are in different units" in text
