"""Reading a table: decimal commas in covariates, here and in a table of participants."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import read_cohort, read_volumes
from bayescov.cohort.readers.grid import read_grid
from bayescov.cohort.readers.marks import with_points
from bayescov.design import prepare
from bayescov.errors import DesignError
from tests.cohort.people import said, table
from tests.cohort.writers import NAMES

PEOPLE = ["participant_id", "group", "age", "sex", "edss"]


def study() -> pd.DataFrame:
    """A table whose covariates have decimals."""
    frame = table(20)
    frame.insert(4, "edss", np.round(frame["age"] / 7, 1))
    frame.loc[4, "edss"] = np.nan
    return frame


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("whole", [False, True], ids=["volumes with decimals", "whole volumes"])
def test_covariates_have_the_decimal_mark_of_the_table(tmp_path, delimiter, whole):
    frame = study()
    if whole:
        frame[NAMES] = frame[NAMES].round().astype(int)
    frame.to_csv(tmp_path / "t.csv", sep=delimiter, decimal=",", index=False)
    cohort = read_cohort(tmp_path / "t.csv")
    for name in ("age", "edss"):
        np.testing.assert_array_equal(cohort.covariates[name], frame[name])
    assert "commas" in said(cohort.checks, "decimal commas").text
    assert prepare(cohort, covariates="age").covariates == ("age",)
    data = read_volumes(tmp_path / "t.csv")
    np.testing.assert_array_equal(data["age"], frame["age"])


@pytest.mark.parametrize("volumes_decimal", [".", ","])
def test_participants_have_a_decimal_mark_of_their_own(tmp_path, volumes_decimal):
    frame = study()
    frame.drop(columns=PEOPLE[1:]).to_csv(tmp_path / "v.csv", sep=";", decimal=volumes_decimal, index=False)
    for decimal in ",.":
        frame[PEOPLE].to_csv(tmp_path / "p.csv", sep=";", decimal=decimal, index=False)
        cohort = read_cohort(tmp_path / "v.csv", participants=tmp_path / "p.csv")
        for name in ("age", "edss"):
            np.testing.assert_array_equal(cohort.covariates[name], frame[name])
        told = [c.text for c in cohort.checks if c.name == "decimal commas" and "'age', 'edss'" in c.text]
        assert len(told) == (decimal == ",")


@pytest.mark.parametrize("whole", [False, True], ids=["volumes with decimals", "whole volumes"])
def test_long_tables_may_have_decimal_commas_too(tmp_path, whole):
    frame = study()
    if whole:
        frame[NAMES] = frame[NAMES].round().astype(int)
    long = frame.melt(id_vars=PEOPLE, value_vars=NAMES, var_name="region", value_name="volume")
    long.to_csv(tmp_path / "long.csv", sep=";", decimal=",", index=False)
    cohort = read_cohort(tmp_path / "long.csv")
    np.testing.assert_array_equal(cohort.covariates["age"], frame["age"])
    np.testing.assert_array_equal(cohort.volumes["Left-Caudate"], frame["Left-Caudate"])
    assert "commas" in said(cohort.checks, "decimal commas").text


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (["20,5", "41.5"], "mixes decimal commas and points ('20,5' for sub-01, '41.5' for sub-02)"),
        (["20,5", "40,5", "41,5", "about 50"], "holds numbers, but 'about 50' for sub-04"),
    ],
)
def test_a_column_that_mixes_marks_or_holds_text_is_told(tmp_path, cells, sentence):
    frame = study().astype({"age": object})
    frame["age"] = cells * (20 // len(cells))
    frame.to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False)
    cohort = read_cohort(tmp_path / "t.csv")
    assert list(cohort.covariates["age"]) == list(frame["age"])
    result = said(cohort.checks, "covariates")
    assert result.passed is False
    assert sentence in result.text
    with pytest.raises(DesignError) as refused:
        prepare(cohort, covariates="age")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("id;a;b\nx;1,5;1,234\ny;2,5;2,345\n", ["1.234", "2.345"]),  # the other column tells
        ("id;a;b\nx;1.5;1,234\ny;2.5;2,345\n", ["1,234", "2,345"]),  # thousands
        ("id;a;b\nx;1;1,234\ny;2;2,345\n", ["1.234", "2.345"]),  # nothing tells; no comma parts the cells
        (
            'id,a,b\nx,1,"1,234"\ny,2,"2,345"\n',
            ["1,234", "2,345"],
        ),  # commas part the cells, so points are decimal
        ("id;a;b\nx;1;0,234\ny;2;0,345\n", ["0.234", "0.345"]),  # no thousands begin with a zero
        ("id;a;b\nx;1;1.234,5\ny;2;99,5\n", ["1234.5", "99.5"]),
        ("id;a;b\nx;1;1,5 mg\ny;2;2,5 mg\n", ["1,5 mg", "2,5 mg"]),
        ("id;a;b\nx;1;-\ny;2;2,5\n", ["-", "2,5"]),  # text among numbers: as it was written
        ("id;a;b\nx;1;n/a\ny;2;2,5\n", ["n/a", "2.5"]),
    ],
)
def test_commas_that_may_part_thousands_are_told_by_the_rest_of_the_table(text, numbers):
    grid = read_grid(text, "t", lambda name: False)
    columns, _ = with_points({"a": 1, "b": 2}, grid)
    assert columns["b"] == numbers


def test_numbers_of_a_frame_have_no_mark():
    frame = study().assign(dose=np.linspace(1.001, 2.234, 20).round(3), age=["20,5"] * 20)
    covariates = read_cohort(frame).covariates
    np.testing.assert_array_equal(covariates["dose"], frame["dose"])
    assert (covariates["age"] == 20.5).all()


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.234", "987"], ["1234", "987"]),
        (["1.234.567", "n/a"], ["1234567", "n/a"]),
        (["12.03.2020", "1.234"], ["12.03.2020", "1.234"]),
        (["0.234", "1.234"], ["0.234", "1.234"]),
        (["1.234", "1.5"], ["1.234", "1.5"]),
        (["1.234", "4321"], ["1.234", "4321"]),
    ],
)
def test_points_beside_decimal_commas_part_thousands_where_they_can(cells, numbers):
    for other in ("1,5", "1.5"):
        text = f"id;a;b\nx;{other};{cells[0]}\ny;{other};{cells[1]}\n"
        grid = read_grid(text, "t", lambda name: False)
        columns, checks = with_points({"a": 1, "b": 2}, grid)
        assert columns["b"] == (numbers if other == "1,5" else cells)
        told = [c for c in checks if c.name == "points beside decimal commas"]
        assert [c.passed for c in told] == [False] * (columns["b"] != cells)
        assert all(f"({cells[0]} was read as {numbers[0]})" in c.text for c in told)
