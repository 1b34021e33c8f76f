"""The first and the last visit of a person: by what they are told, and when they are not."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import read_cohort
from bayescov.cohort.visits.dates import readings_of_dates
from bayescov.cohort.visits.order import rank_visits
from tests.cohort.people import problems, said, table


def twice(
    n: int = 20, *, column: str = "visit", first: str | None = None, second: str | None = None
) -> pd.DataFrame:
    """Everybody at two visits, the later one above the earlier one; no age, for it would tell them too."""
    earlier = table(n).drop(columns="age")
    later = table(n, seed=5).drop(columns="age").assign(group=earlier["group"], sex=earlier["sex"])
    if first is not None:
        earlier[column], later[column] = first, second
    return pd.concat([later, earlier], ignore_index=True)


def caudate(frame: pd.DataFrame, *, last: bool) -> list[float]:
    """What should be taken of a frame that `twice` made."""
    half = len(frame) // 2
    return frame["Left-Caudate"].iloc[:half].tolist() if last else frame["Left-Caudate"].iloc[half:].tolist()


IN_ORDER = [
    ("baseline", "12 months"),
    ("Baseline", "1 year"),
    ("pre", "post"),
    ("pre-op", "post-op"),
    ("sc", "m12"),
    ("screening", "baseline"),
    ("bl", "m06"),
    ("w12", "m06"),
    ("6 months", "1 year"),
    ("month 6", "y2"),
    ("6-month follow-up", "12-month follow-up"),
    ("first visit", "second visit"),
    ("1st", "2nd"),
    ("ses-2", "ses-10"),
    ("ses-baseline", "ses-followup"),
    ("BL", "FU1"),
    ("baseline_arm_1", "month_6_arm_1"),
    ("visit_2_arm_1", "visit_10_arm_1"),
    ("T0", "T1"),
    ("-1", "0"),
    ("2019-12-31", "2020-01-01"),
    ("ses-20191231", "ses-20200101"),
    ("13/03/2020", "01/04/2021"),
    ("12/03/2020", "01/04/2021"),
]

NO_ORDER = [
    ("baseline", "later"),
    ("ses-01", "baseline"),
    ("A", "B"),
    ("V1", "M12"),
    ("12 months before", "6 months before"),
    ("-6 months", "6 months"),
    ("T-2", "T-1"),
    ("day -7", "day -1"),
    ("pre-op", "post-chemo"),
    ("V1.2", "V1.10"),
    ("ses-010220", "ses-120319"),
    ("12 months", "1 year"),
    ("", "12 months"),
    ("-9", "1"),
]


@pytest.mark.parametrize(("first", "second"), IN_ORDER)
def test_visits_follow_each_other_as_they_are_called(first, second):
    frame = twice(first=first, second=second)
    for visit, name in (("first", first), ("last", second)):
        cohort = read_cohort(frame, visit=visit)
        assert cohort.volumes["Left-Caudate"].tolist() == caudate(frame, last=visit == "last")
        text = said(cohort.checks, "repeated ids").text
        assert (
            f"the {visit} was taken of each, by visit (the column 'visit'), in the order {first}, {second}."
            in text
        )
        assert f"Taken: {name} (20)." in text


@pytest.mark.parametrize(("first", "second"), NO_ORDER)
def test_where_the_names_do_not_tell_nothing_is_taken(first, second):
    frame = twice(first=first, second=second)
    for visit in ("first", "last"):
        text = problems(frame, visit=visit)
        assert f"which row is the {visit} of 20 people (sub-01, " in text
        assert f"Give visit= one of the visits: {second} (20)" in text
    assert len(read_cohort(frame, visit=second).subjects) == 20


def test_an_event_of_a_database_is_a_visit():
    frame = twice(column="redcap_event_name", first="baseline_arm_1", second="month_6_arm_1")
    assert read_cohort(frame, visit="first").volumes["Left-Caudate"].tolist() == caudate(frame, last=False)


def test_the_visits_taken_are_counted():
    frame = twice(first="baseline", second="12 months").drop(index=[0, 1])
    text = said(read_cohort(frame, visit="last").checks, "repeated ids").text
    assert "18 people with several rows" in text
    assert "Taken: 12 months (18), baseline (2)." in text
    assert "18 rows were left out" in text


def test_days_and_months_that_may_be_swapped_must_not_decide():
    assert "day or month may come first in visit" in problems(
        twice(first="01/04/2021", second="12/03/2021"), visit="last"
    )
    frame = twice(first="01/04/2021", second="12/03/2021")
    frame.loc[len(frame)] = {**frame.iloc[0].to_dict(), "participant_id": "x", "visit": "31/01/2021"}
    assert "day or month" in problems(frame, visit="last")  # who came once says nothing of the others
    frame.loc[len(frame)] = {**frame.iloc[0].to_dict(), "participant_id": "x", "visit": "30/01/2021"}
    cohort = read_cohort(frame, visit="last")  # days come first, for there is no month 31
    assert cohort.volumes["Left-Caudate"].tolist()[:20] == caudate(frame.iloc[:40], last=False)


@pytest.mark.parametrize("name", ["scan_date", "acq_time", "date", "EXAMDATE"])
def test_dates_of_scans_decide_where_the_age_is_the_same(name):
    frame = twice(column=name, first="2019-06-15T13:45:30", second="2019-06-15T14:45:30").assign(age=40.0)
    cohort = read_cohort(frame, visit="last")
    assert cohort.volumes["Left-Caudate"].tolist() == caudate(frame, last=True)
    assert f"by date (the column {name!r})" in said(cohort.checks, "repeated ids").text


def test_ages_must_differ_within_each_person():
    frame = twice()
    ages = [*np.arange(40.0, 60), *np.arange(30.0, 50)]
    cohort = read_cohort(frame.assign(age=ages), visit="first")
    assert cohort.volumes["Left-Caudate"].tolist() == caudate(frame, last=False)
    assert "by age." in said(cohort.checks, "repeated ids").text
    ages[0] = 30.0
    assert "age is the same in several rows of sub-01" in problems(frame.assign(age=ages), visit="first")
    ages[0] = float("nan")
    assert "age is empty in a row of sub-01" in problems(frame.assign(age=ages), visit="first")


def test_a_clue_that_says_otherwise_is_told():
    frame = twice(first="baseline", second="12 months")
    frame["age"] = [39.0, *np.arange(42.0, 61), *np.arange(40.0, 60)]
    cohort = read_cohort(frame, visit="last")
    assert cohort.volumes["Left-Caudate"].tolist() == caudate(frame, last=True)
    text = said(cohort.checks, "repeated ids").text
    assert "By age it would be another row of 1 person: sub-01." in text


def test_another_column_of_visits_decides_where_the_surest_is_the_same_for_all():
    frame = twice(column="viscode", first="sc", second="m12").assign(session="1")
    cohort = read_cohort(frame, visit="last")
    assert cohort.volumes["Left-Caudate"].tolist() == caudate(frame, last=True)
    assert "Taken: m12 (20)" in said(cohort.checks, "repeated ids").text


def test_without_repeated_ids_the_visits_are_said():
    cohort = read_cohort(table(20).assign(visit="bl"), visit="last")
    assert "No id repeats" in said(cohort.checks, "visits").text
    assert "bl (20)" in said(cohort.checks, "visits").text


def test_visits_of_mixed_units_are_in_one_order():
    ranks = rank_visits(["6 months", "1 year", "w12", "d1", "y2", "screening", "bl"])
    assert sorted(ranks, key=ranks.get) == ["screening", "bl", "d1", "w12", "6 months", "1 year", "y2"]


def test_dates_are_read_in_every_way_there_is():
    assert len(readings_of_dates(["12/03/2020", "01/04/2021"])) == 2
    assert len(readings_of_dates(["12/13/2020", "01/04/2021"])) == 1
    assert len(readings_of_dates(["01/02/03"])) == 3
    assert readings_of_dates(["12-Mar-2020"]) == readings_of_dates(["2020-03-12"])
    (noon, evening) = readings_of_dates(["1/13/20 12:30 PM", "1/13/20 9:30 PM"])[0]
    assert evening - noon == 9 * 3600
    assert readings_of_dates(["2020-03-12", "later"]) == readings_of_dates(["13:45:00"]) == []
