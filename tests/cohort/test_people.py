"""Visits and exclusions."""

import pandas as pd

from bayescov.cohort import read_cohort
from tests.cohort.people import problems, said, table


def visits(how: str) -> pd.DataFrame:
    """Twenty people, of whom sub-03 and sub-07 came twice (and one of them ten times, to sort 10 after 2)."""
    first = table(20)
    again = table(20, seed=9).iloc[[2, 6]]
    again["participant_id"], again["group"] = ["sub-03", "sub-07"], first["group"].iloc[[2, 6]].to_numpy()
    frame = pd.concat([again, first], ignore_index=True)
    if how == "column":
        frame["session"] = ["ses-10", "ses-2"] + ["ses-2" if i in (2,) else "ses-1" for i in range(20)]
    if how == "id":
        frame["participant_id"] += ["_ses-02", "_ses-02"] + ["_ses-01"] * 20
    return frame


def test_repeated_ids_are_named_and_paired_designs_refused():
    text = problems(visits("none"))
    assert "2 ids repeat: sub-03, sub-07" in text
    assert "paired designs are not supported" in text
    assert "visit='first'" in text


def test_first_and_last_by_a_column_of_visits():
    frame = visits("column")
    first, last = (read_cohort(frame, visit=v) for v in ("first", "last"))
    assert len(first.subjects) == len(last.subjects) == 20
    assert (
        first.volumes.loc["sub-03", "Left-Caudate"] == frame["Left-Caudate"][4]
    )  # ses-2 comes before ses-10
    assert last.volumes.loc["sub-03", "Left-Caudate"] == frame["Left-Caudate"][0]
    assert last.volumes.loc["sub-07", "Left-Caudate"] == frame["Left-Caudate"][1]
    result = said(first.checks, "repeated ids")
    assert result.passed is False
    assert "sub-03, sub-07" in result.text
    assert "by visit" in result.text


def test_visits_in_the_id_are_seen():
    frame = visits("id")
    assert "2 ids repeat: sub-03, sub-07 (their visits: ses-01, ses-02)" in problems(frame)
    cohort = read_cohort(frame, visit="last")
    assert len(cohort.subjects) == 20
    assert cohort.volumes.loc["sub-03", "Left-Caudate"] == frame["Left-Caudate"][0]
    assert "sub-01_ses-01" in cohort.subjects  # who came once keeps the id as written


def test_without_visits_the_age_decides_and_nothing_else():
    frame = visits("none")
    frame.loc[0, "age"], frame.loc[1, "age"] = 99.0, 1.0
    first = read_cohort(frame, visit="first")
    assert first.volumes.loc["sub-03", "Left-Caudate"] == frame["Left-Caudate"][4]
    assert first.volumes.loc["sub-07", "Left-Caudate"] == frame["Left-Caudate"][1]
    assert "by age" in said(first.checks, "repeated ids").text
    text = problems(frame.drop(columns="age"), visit="first")
    assert (
        "which row is the first of 2 people (sub-03, sub-07) is not certain: there is no column of visits"
        in text
    )


def test_a_visit_by_name():
    frame = visits("column")
    cohort = read_cohort(frame, visit="ses-1")
    assert len(cohort.subjects) == 19
    assert "(1 people have no such visit)" in said(cohort.checks, "visits").text
    assert "did you mean 'ses-1'" in problems(frame, visit="ses-01")
    assert "no column of visits" in problems(table(20), visit="baseline")


def test_equal_rows_are_one_person():
    frame = pd.concat([table(20), table(20).iloc[[3, 3, 4]]])
    cohort = read_cohort(frame)
    assert len(cohort.subjects) == 20
    assert "sub-04, sub-05" in said(cohort.checks, "copied rows").text


# -------------------------------------------------------------------------------------------------- exclude


def test_excluded_people_are_gone_said_and_kept_in_the_attributes():
    cohort = read_cohort(table(20), exclude=["sub-03", "sub-04"])
    assert not {"sub-03", "sub-04"} & set(cohort.subjects)
    assert cohort.data.attrs["excluded"] == "sub-03, sub-04"
    assert "sub-03, sub-04" in said(cohort.checks, "excluded").text


def test_what_was_found_and_left_out_travels_into_the_fit():
    from bayescov.design import Design, prepare

    stored = Design.from_dataset(prepare(read_cohort(table(40), exclude=["sub-03"])).to_dataset())
    assert "sub-03" in said(stored.checks, "excluded").text
    assert {"unit", "regions", "outlying people"} <= {c.name for c in stored.checks}


def test_one_id_may_be_excluded_as_text_and_unknown_ones_are_a_problem():
    assert len(read_cohort(table(20), exclude="sub-03").subjects) == 19
    text = problems(table(20), exclude=["sub-3"])
    assert "'sub-3'" not in text
    assert "sub-3, who is not in the table" in text
    assert "did you mean" in text


def test_all_visits_of_a_person_can_be_excluded():
    cohort = read_cohort(visits("id"), exclude=["sub-03", "sub-07_ses-02"])
    assert len(cohort.subjects) == 19
