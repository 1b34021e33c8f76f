"""Reading a table: ids and covariates."""

import pytest

from bayescov.cohort import read_cohort
from tests.cohort.people import problems, said, table


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_ids_are_text(tmp_path, suffix):
    frame = table(20)
    frame["participant_id"] = [f"{i:04d}" for i in range(10)] + [
        str(1234567890123456700 + i) for i in range(10)
    ]
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False, sep="," if suffix == "csv" else "\t")
    assert read_cohort(path).subjects == tuple(frame["participant_id"])


def test_ids_of_a_frame_may_stand_in_its_index():
    frame = table(20).set_index("participant_id")
    assert read_cohort(frame).subjects[0] == "sub-01"


def test_whole_number_ids_of_a_frame_keep_their_digits():
    frame = table(20)
    frame["participant_id"] = [9007199254740993 + i for i in range(20)]
    assert read_cohort(frame).subjects[0] == "9007199254740993"


def test_ids_that_a_spreadsheet_damaged_are_refused(tmp_path):
    frame = table(20)
    frame.loc[0, "participant_id"] = "1.23457E+18"
    assert "spreadsheet" in problems(frame)


def test_a_row_of_means_is_pointed_out():
    frame = table(20)
    frame.loc[20] = {**frame.mean(numeric_only=True), "participant_id": "Mean", "group": "HC"}
    assert "summarise a table are: Mean." in said(read_cohort(frame).checks, "summaries").text
    assert "summaries" not in [c.name for c in read_cohort(frame, exclude=["Mean"]).checks]


def test_ids_that_may_be_one_person_are_pointed_out():
    frame = table(20)
    frame.loc[[4, 7], "participant_id"] = ["SUB-03", "sub-009"]
    assert "sub-03 = SUB-03, sub-009 = sub-09." in said(read_cohort(frame).checks, "ids alike").text
    assert "ids alike" not in [c.name for c in read_cohort(table(20)).checks]


def test_a_table_without_ids_counts_its_rows_and_says_so():
    cohort = read_cohort(table(20).drop(columns="participant_id"))
    assert cohort.subjects[0] == "row-1"
    assert said(cohort.checks, "ids").passed is None


def test_another_column_can_be_the_id():
    frame = table(20).assign(scan=[f"x{i}" for i in range(20)])
    assert read_cohort(frame, id="scan").subjects[0] == "x0"
    assert "did you mean 'scan'" in problems(frame, id="scam")


def test_codes_with_leading_zeros_and_long_digits_stay_text():
    frame = table(20)
    frame["scanner"], frame["case"] = (
        [f"0{i % 2 + 1}" for i in range(20)],
        [str(10**18 + i) for i in range(20)],
    )
    covariates = read_cohort(frame).covariates
    assert covariates["scanner"].iloc[0] == "01"
    assert covariates["case"].iloc[3] == str(10**18 + 3)


def test_missing_covariates_are_said():
    frame = table(20).astype(object)
    frame.loc[2, "age"], frame.loc[3, "age"] = "n/a", "-9999"
    cohort = read_cohort(frame)
    assert cohort.covariates["age"].isna().sum() == 2
    assert "age (2)" in said(cohort.checks, "covariates").text
    assert "-9999" in said(cohort.checks, "missing codes").text


def test_numbers_with_their_unit_are_told_and_few_levels_with_one_are_levels():
    frame = table(20).assign(field=["1.5T", "3T"] * 10)
    frame["age"] = [f"{age:.0f} y" for age in frame["age"]]
    result = said(read_cohort(frame).checks, "covariates")
    assert result.passed is False
    assert "'age' has a unit behind its numbers (" in result.text
    assert "field'" not in result.text


def test_age_and_sex_get_their_usual_names():
    cohort = read_cohort(table(20).rename(columns={"age": "AGE", "sex": "Gender"}))
    assert {"age", "sex"} <= set(cohort.covariates)
    assert "Gender is called sex" in said(cohort.checks, "names").text
