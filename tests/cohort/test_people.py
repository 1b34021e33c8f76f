"""Visits, exclusions, and the participants' table."""

import json

import pandas as pd
import pytest

from bayescov.cohort import check, read_cohort
from bayescov.errors import TableError
from tests.cohort.people import said, table, volumes


def problems(*args, **kwargs) -> str:
    with pytest.raises(TableError) as error:
        read_cohort(*args, **kwargs)
    return " | ".join(error.value.problems)


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


def test_without_visits_the_age_decides_and_then_the_order():
    frame = visits("none")
    frame.loc[0, "age"], frame.loc[1, "age"] = 99.0, 1.0
    first = read_cohort(frame, visit="first")
    assert first.volumes.loc["sub-03", "Left-Caudate"] == frame["Left-Caudate"][4]
    assert first.volumes.loc["sub-07", "Left-Caudate"] == frame["Left-Caudate"][1]
    assert "by age" in said(first.checks, "repeated ids").text
    by_order = read_cohort(frame.drop(columns="age"), visit="first")
    assert by_order.volumes.loc["sub-03", "Left-Caudate"] == frame["Left-Caudate"][0]
    assert "order in the table" in said(by_order.checks, "repeated ids").text


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


# ---------------------------------------------------------------------------------------------- participants


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Volumes and people apart."""
    people = ["participant_id", "group", "age", "sex"]
    return frame.drop(columns=people[1:]), frame[people]


def test_participants_are_joined_on_the_id():
    frame = table(20)
    left, right = split(frame)
    cohort = read_cohort(left, participants=right.iloc[::-1])
    whole = read_cohort(frame)
    pd.testing.assert_frame_equal(cohort.volumes, whole.volumes)
    pd.testing.assert_series_equal(cohort.group, whole.group)
    assert said(cohort.checks, "participants").passed is True


def test_people_in_one_table_only_are_said():
    left, right = split(table(20))
    cohort = read_cohort(left.iloc[:18], participants=right.iloc[1:])
    assert len(cohort.subjects) == 17
    text = said(cohort.checks, "participants").text
    assert "Left out, for they are not among the participants: sub-01" in text
    assert "Participants without volumes: sub-19, sub-20" in text


@pytest.mark.parametrize(
    "spell", [lambda s: s.removeprefix("sub-"), lambda s: f"{s}_T1w", lambda s: f"{s}_ses-1_acq-x_T1w"]
)
def test_ids_may_be_spelt_as_files_are(spell):
    left, right = split(table(20))
    left["participant_id"] = left["participant_id"].map(spell)
    cohort = read_cohort(left, participants=right)
    assert len(cohort.subjects) == 20
    assert "without the prefix" in said(cohort.checks, "participants").text


def test_ids_that_lost_their_zeros_are_not_joined_but_explained():
    left, right = split(table(20))
    left["participant_id"] = [f"{i:04d}" for i in range(20)]
    right = right.assign(participant_id=[str(i) for i in range(20)]).iloc[:10]
    assert "leading zeros" in problems(left, participants=right)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [(None, "there is no such file; did you mean 'people.csv'"), ("", "the file is empty")],
)
def test_participants_that_cannot_be_read_are_not_blamed_on_the_volumes(tmp_path, written, sentence):
    (tmp_path / "people.csv").write_text("id,group\n")
    wrong = tmp_path / "peple.csv"
    if written is not None:
        wrong.write_text(written)
    left, _ = split(table(6))
    expected = f"the participants' table cannot be read: {sentence}"
    with pytest.raises(TableError) as refused:
        read_cohort(left, participants=wrong)
    assert refused.value.source == str(wrong)
    assert refused.value.problems[0].startswith(expected)
    assert [r.text for r in check(left, participants=wrong)] == list(refused.value.problems)


def test_participants_that_contradict_themselves_are_a_problem():
    left, right = split(table(20))
    again = pd.concat([right, right.iloc[[0]].assign(age=1.0)])
    assert "ids repeat with different values: sub-01" in problems(left, participants=again)
    assert len(read_cohort(left, participants=pd.concat([right, right.iloc[[0]]])).subjects) == 20


def test_a_column_in_both_tables_that_differs_is_said():
    frame = table(20)
    left, right = split(frame)
    cohort = read_cohort(left.assign(age=frame["age"] + 1), participants=right)
    assert (cohort.covariates["age"].to_numpy() == frame["age"].to_numpy()).all()
    result = said(cohort.checks, "participants")
    assert result.passed is False
    assert "'age' differs between the tables for 20 people" in result.text


def test_a_sidecar_says_who_the_controls_are(tmp_path):
    left, right = split(table(20, groups=("A", "B")))
    left.to_csv(tmp_path / "volumes.csv", index=False)
    right.to_csv(tmp_path / "participants.tsv", sep="\t", index=False)
    sidecar = {"group": {"Levels": {"A": "patients", "B": "healthy controls"}}, "age": {"Units": "years"}}
    (tmp_path / "participants.json").write_text(json.dumps(sidecar))
    cohort = read_cohort(tmp_path / "volumes.csv", participants=tmp_path / "participants.tsv")
    assert cohort.control == "B"
    assert "B: healthy controls" in said(cohort.checks, "groups").text
    (tmp_path / "participants.json").write_text("{broken")
    assert "control=" in problems(tmp_path / "volumes.csv", participants=tmp_path / "participants.tsv")


def test_the_participants_of_a_bids_data_set_are_found(tmp_path):
    from tests.cohort import writers

    frame = volumes(20)
    writers.subjects_dir(frame, tmp_path / "derivatives" / "freesurfer")
    people = table(20)[["participant_id", "group", "age"]]
    people.to_csv(tmp_path / "participants.tsv", sep="\t", index=False)
    cohort = read_cohort(tmp_path / "derivatives" / "freesurfer")
    assert cohort.groups == ("HC", "MS")
    assert "participants.tsv" in said(cohort.checks, "participants").text
    assert cohort.data.attrs["tool"] == "FreeSurfer"


def test_malformed_participants_are_named(tmp_path):
    left, right = split(table(20))
    path = tmp_path / "participants.tsv"
    right.to_csv(path, sep="\t", index=False)
    lines = path.read_text().splitlines()
    lines[3] = "sub-03\tHC"
    path.write_text("\n".join(lines) + "\n")
    text = problems(left, participants=path)
    assert "in the participants' table" in text
    assert "row 3 ('sub-03')" in text
