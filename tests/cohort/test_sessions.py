"""Volumes of several visits beside participants of several visits: each row gets what is said of its own visit."""

import pandas as pd
import pytest

from bayescov.cohort import read_cohort
from tests.cohort.people import problems, said, table

N = 20


def two_visits() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Volumes, the second visit first, and participants, who are 30 at the first and 35 at the second."""
    frame = table(N)
    regions = [c for c in frame if c not in ("group", "age", "sex")]
    later = table(N, seed=5)[regions]
    measured = pd.concat([later.assign(session_id="ses-02"), frame[regions].assign(session_id="ses-01")])
    who = frame[["participant_id", "group", "sex"]]
    people = pd.concat([who.assign(session_id="ses-01", age=30), who.assign(session_id="ses-02", age=35)])
    return measured.reset_index(drop=True), people.reset_index(drop=True)


def of_visit(measured: pd.DataFrame, visit: str) -> list[float]:
    return measured.loc[measured["session_id"] == visit, "Left-Caudate"].tolist()


CHOICES = [
    ("first", "ses-01", 30),
    ("last", "ses-02", 35),
    ("ses-01", "ses-01", 30),
    ("ses-02", "ses-02", 35),
]


@pytest.mark.parametrize(("visit", "taken", "age"), CHOICES)
def test_each_visit_has_its_own_age_and_volumes(visit, taken, age):
    measured, people = two_visits()
    cohort = read_cohort(measured, participants=people, visit=visit)
    assert cohort.volumes["Left-Caudate"].tolist() == of_visit(measured, taken)
    assert cohort.covariates["age"].tolist() == [age] * N
    assert cohort.covariates["session_id"].tolist() == [taken] * N
    result = said(cohort.checks, "participants")
    assert result.text.startswith(
        f"{N} people were joined with the participants' frame on their id and visit ('session_id')."
    )
    assert result.passed is True


@pytest.mark.parametrize(
    "spell",
    [
        lambda people: people.assign(session_id=people["session_id"].str.removeprefix("ses-")),
        lambda people: people.assign(session_id=people["session_id"].str.replace("ses-0", "")),
        lambda people: people.rename(columns={"session_id": "visit"}),
        lambda people: people.assign(participant_id=people["participant_id"].str.removeprefix("sub-")),
        lambda people: people.assign(session=1),
        lambda people: pd.concat([people, people.iloc[:3]]),
    ],
)
def test_visits_meet_in_other_spellings(spell):
    measured, people = two_visits()
    cohort = read_cohort(measured, participants=spell(people), visit="last")
    assert cohort.volumes["Left-Caudate"].tolist() == of_visit(measured, "ses-02")
    assert cohort.covariates["age"].tolist() == [35] * N


@pytest.mark.parametrize(("only", "age"), [(None, 35), ("ses-01", 30), ("ses-02", 35)])
def test_visits_may_stand_in_the_ids_of_the_volumes(only, age):
    measured, people = two_visits()
    measured["participant_id"] += "_" + measured["session_id"]
    measured = measured if only is None else measured[measured["session_id"] == only]
    cohort = read_cohort(measured.drop(columns="session_id"), participants=people, visit="last")
    assert cohort.volumes["Left-Caudate"].tolist() == of_visit(measured, only or "ses-02")
    assert cohort.covariates["age"].tolist() == [age] * N


def test_a_visit_that_is_not_among_the_participants_gets_what_does_not_change():
    measured, people = two_visits()
    people = people.drop(index=[N + 1, N + 2])  # sub-02 and sub-03 have no second row
    cohort = read_cohort(measured, participants=people, visit="last")
    assert cohort.group.tolist() == people["group"].iloc[:N].tolist()
    assert cohort.covariates["sex"].tolist() == people["sex"].iloc[:N].tolist()
    assert cohort.covariates["age"].isna().tolist() == [i in (1, 2) for i in range(N)]
    result = said(cohort.checks, "participants")
    assert result.passed is False
    assert (
        "Visits of the volumes that are not there (2) got only what does not change between visits (group, sex): "
        "sub-02 ses-02, sub-03 ses-02."
    ) in result.text


def test_who_changed_the_group_has_none_at_a_visit_that_is_not_there():
    measured, people = two_visits()
    third = measured.iloc[:N].assign(session_id="ses-03")
    people.loc[N, "group"] = "MS" if people["group"][0] == "HC" else "HC"
    cohort = read_cohort(pd.concat([measured, third]), participants=people, visit="ses-03")
    assert cohort.subjects == tuple(people["participant_id"][1:N])
    assert "sub-01" in said(cohort.checks, "people without a group").text


def test_participants_of_one_visit_leave_the_visits_of_the_volumes_alone():
    measured, people = two_visits()
    cohort = read_cohort(measured, participants=people.iloc[:N], visit="last")
    assert cohort.volumes["Left-Caudate"].tolist() == of_visit(measured, "ses-02")
    assert cohort.covariates["session_id"].tolist() == ["ses-02"] * N
    result = said(cohort.checks, "participants")
    assert result.passed is False
    assert (
        f"{N} rows of volumes are of another visit than the participants' row (its column 'session_id')"
        in result.text
    )


@pytest.mark.parametrize("visit", [None, "first", "last"])
def test_volumes_that_do_not_say_their_visit_are_not_guessed_at(visit):
    measured, people = two_visits()
    one = measured.iloc[:N].drop(columns="session_id")
    text = problems(one, participants=people, visit=visit)
    assert f"{N} ids repeat with different values: sub-01" in text
    assert "add a column 'session_id' to the volumes" in text
    text = problems(measured, participants=people.drop(columns="session_id"), visit=visit)
    assert "add a column of visits, which the volumes have" in text


def test_a_visit_with_two_rows_that_differ_is_a_problem():
    measured, people = two_visits()
    again = pd.concat([people, people.iloc[[0]].assign(age=31)])
    text = problems(measured, participants=again, visit="first")
    assert "visits ('session_id') repeat with different values: sub-01 ses-01; keep one row each" in text
