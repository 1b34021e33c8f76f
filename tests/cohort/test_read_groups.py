"""Reading a table: who belongs to which group, and who are the controls."""

import pytest

from bayescov.cohort import read_cohort
from tests.cohort.people import problems, said, table


@pytest.mark.parametrize(
    "control",
    ["HC", "CON", "Ctrl", "control", "Healthy Controls", "cn", "NC", "TD", "HV", "Témoin", "Contrôle"],
)
def test_usual_names_of_controls_are_recognised(control):
    cohort = read_cohort(table(20, groups=("patient", control)))
    assert cohort.control == control
    assert control in said(cohort.checks, "groups").text


@pytest.mark.parametrize("column", ["group", "Diagnosis", "DX", "dx_group", "condit", "Case_Control"])
def test_usual_names_of_the_group_column_are_recognised(column):
    cohort = read_cohort(table(20).rename(columns={"group": column}))
    assert cohort.data.attrs["group_column"] == column


def test_siblings_of_controls_are_no_controls():
    cohort = read_cohort(table(40, groups=("SCZ", "CON", "CON-SIB", "SCZ-SIB")))
    assert cohort.groups == ("CON", "SCZ", "CON-SIB", "SCZ-SIB")


def test_an_absent_control_names_the_groups_that_are_there():
    text = problems(table(20), control="CTL2")
    assert "'CTL2' is not there" in text
    assert "'HC' (10)" in text
    assert "'MS' (10)" in text


def test_unknown_controls_name_the_groups():
    assert "give control=, one of: 'A' (10), 'B' (10)" in problems(table(20, groups=("A", "B")))


def test_two_groups_that_could_be_controls_are_not_guessed():
    text = problems(table(21, groups=("HC", "MS", "healthy")))
    assert "('HC', 'healthy'); give control=" in text
    assert "('HC', 'hc'); write them alike" in problems(table(21, groups=("HC", "MS", "hc")))


def test_no_group_column_names_the_columns_with_few_levels():
    text = problems(table(20).drop(columns="group"))
    assert "group=" in text
    assert "'sex'" in text


def test_a_misspelt_group_column_gets_the_nearest():
    assert "did you mean 'group'" in problems(table(20), group="grupo")


def test_a_group_of_one_person_is_left_out_and_said():
    frame = table(21)
    frame.loc[20, "group"] = "converted"
    cohort = read_cohort(frame)
    assert cohort.groups == ("HC", "MS")
    assert "sub-21" not in cohort.subjects
    result = said(cohort.checks, "groups of one person")
    assert result.passed is False
    assert "sub-21 (converted)" in result.text


def test_a_group_of_one_person_that_is_another_one_misspelt_is_asked_about():
    frame = table(21)
    frame.loc[20, "group"] = "hc"
    text = said(read_cohort(frame).checks, "groups of one person").text
    assert "sub-21 (hc; is it 'HC'?)" in text


def test_people_without_a_group_are_left_out_and_said():
    frame = table(20)
    frame.loc[3, "group"] = "n/a"
    cohort = read_cohort(frame)
    assert "sub-04" in said(cohort.checks, "people without a group").text
    assert len(cohort.subjects) == 19


@pytest.mark.parametrize("code", ["-9", "-99.0", "-999", "Missing", "?", "NULL"])
def test_a_code_for_missing_is_no_group(code):
    frame = table(24)
    frame.loc[[3, 7], "group"] = code
    cohort = read_cohort(frame)
    assert f"sub-04 ({code}), sub-08 ({code})" in said(cohort.checks, "people without a group").text
    assert cohort.groups == ("HC", "MS")


@pytest.mark.parametrize("name", ["none", "-", "x", "-1", "9"])
def test_what_may_be_a_group_is_one(name):
    frame = table(24, groups=(name, "MS"))
    assert name in read_cohort(frame, control=name).groups


def test_groups_that_differ_by_spelling_only_are_pointed_out():
    frame = table(24, groups=("HC", "MS", "ms"))
    result = said(read_cohort(frame).checks, "groups")
    assert result.passed is False
    assert "'MS' and 'ms'" in result.text


def test_numeric_groups_need_a_control():
    frame = table(20, groups=("0", "1"))
    assert "control=" in problems(frame)
    assert read_cohort(frame, control="0").groups == ("0", "1")
