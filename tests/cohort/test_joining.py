"""The participants' table beside the volumes."""

import json
import unicodedata

import pandas as pd
import pytest

from bayescov.cohort import check, read_cohort
from bayescov.errors import TableError
from tests.cohort.people import problems, said, table, volumes


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


def test_who_has_no_volumes_is_named_where_rows_are_repeated_too():
    left, right = split(table(20))
    again = pd.concat([right.iloc[[0, 0]], right])
    text = said(read_cohort(left.iloc[:18], participants=again).checks, "participants").text
    assert "Participants without volumes: sub-19, sub-20." in text


def test_people_with_two_visits_are_counted_once():
    measured, people = split(table())
    twice = pd.concat([measured, measured], ignore_index=True).assign(
        session=["1"] * len(measured) + ["2"] * len(measured)
    )
    ids = measured.iloc[:, 0].astype(str)
    people = people.assign(
        **{people.columns[0]: [s if k < 6 else s.upper() + "X" for k, s in enumerate(ids)]}
    )
    text = next(c.text for c in check(twice, participants=people, visit="first") if c.name == "participants")
    assert text.startswith(f"6 of {len(ids)} people were joined")
    left = text.split("among the participants: ")[1].split(".")[0]
    assert left.count(ids.iloc[7]) == 1


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


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        (lambda i: f"{i:03d}", lambda i: f"{i}", "leading zeros, which a spreadsheet takes away"),
        (lambda i: f"S{i:03d}", lambda i: f"S{i}", "leading zeros"),
        (lambda i: f"{i}", lambda i: f"{i}.0" if i < 100 else f"{i}", "decimals, which a spreadsheet adds"),
        (
            lambda i: f"sub-{i:03d}",
            lambda i: f"SUB-{i:03d}" if i < 100 else f"sub-{i}",
            "upper and lower case",
        ),
        (
            lambda i: f"sub-{i:03d}",
            lambda i: f"{i:03d}" if i < 100 else f"sub-{i}",
            "what surrounds the person",
        ),
        (
            lambda i: f"sub-{i:03d}",
            lambda i: f"{i}.0" if i < 100 else f"sub-{i}",
            "leading zeros, decimals, case and",
        ),
    ],
)
def test_people_whose_ids_are_spelt_otherwise_are_not_joined_but_explained(mine, theirs, why):
    left, right = split(table(109))
    left["participant_id"] = [mine(i) for i in range(1, 110)]
    right = right.assign(participant_id=[theirs(i) for i in range(1, 110)])
    cohort = read_cohort(left, participants=right)
    assert cohort.subjects == tuple(mine(i) for i in range(100, 110))
    result = said(cohort.checks, "participants")
    assert result.passed is False
    assert "10 of 109 people were joined with the participants' frame" in result.text
    assert f"99 ids would meet if it were not for {why}" in result.text
    assert list(result.table["id"]) == [f(i) for f in (mine, theirs) for i in range(1, 100)]


@pytest.mark.parametrize(
    ("spell", "why"),
    [
        (lambda s: s.replace("-0", "-"), "leading zeros"),
        (lambda s: f"{s}.0", "decimals"),
        (str.upper, "upper and lower case"),
    ],
)
def test_the_same_where_nobody_is_joined(spell, why):
    left, right = split(table(9))
    text = problems(left, participants=right.assign(participant_id=right["participant_id"].map(spell)))
    assert text.startswith("no id of the volumes is in the participants' frame: the volumes have sub-01, ")
    assert f"9 ids would meet if it were not for {why}" in text


def test_ids_that_are_others_whatever_the_spelling_get_no_hint():
    left, right = split(table(20))
    cohort = read_cohort(left, participants=right.assign(participant_id=["x", *right["participant_id"][1:]]))
    assert "would meet" not in said(cohort.checks, "participants").text


def test_an_error_after_a_join_that_left_people_out_says_so(tmp_path):
    left, right = split(table(109, groups=("HC", "MS")))
    left["participant_id"] = [f"{i:03d}" for i in range(1, 110)]
    right = right.assign(participant_id=[str(i) for i in range(1, 110)], group=["MS"] * 5 + ["HC"] * 104)
    right.to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(TableError) as refused:
        read_cohort(left, participants=tmp_path / "people.csv")
    first, second = refused.value.problems
    assert "10 of 109 people were joined with people.csv on their id" in first
    assert "99 ids would meet if it were not for leading zeros" in first
    assert "the column 'group' holds one group only ('HC')" in second
    results = check(left, participants=tmp_path / "people.csv")
    assert [r.text for r in results if "people.csv" in r.text] == [first]


def test_an_error_of_something_else_does_not_blame_the_join():
    left, right = split(table(20))
    assert "joined" not in problems(left, participants=right, control="nobody")
    fewer = left.iloc[:18]  # participants without volumes are usual
    assert "joined" not in problems(fewer, participants=right, control="nobody")


@pytest.mark.parametrize(("mine", "theirs"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_ids_with_accents_meet_however_they_are_stored(mine, theirs):
    left, right = split(table(20))
    left["participant_id"] = [unicodedata.normalize(mine, f"M\u00fcller-{i}") for i in range(20)]
    right["participant_id"] = [unicodedata.normalize(theirs, f"M\u00fcller-{i}") for i in range(20)]
    cohort = read_cohort(left, participants=right, exclude=[unicodedata.normalize("NFD", "M\u00fcller-3")])
    assert len(cohort.subjects) == 19
    assert said(cohort.checks, "participants").passed is True


def test_what_the_participants_do_not_say_is_filled_from_the_volumes():
    frame = table(20)
    left, right = split(frame)
    right = right.assign(age=["n/a", *right["age"][1:].astype(str)])
    cohort = read_cohort(left.assign(age=frame["age"]), participants=right)
    assert cohort.covariates["age"].tolist() == frame["age"].tolist()
    assert said(cohort.checks, "participants").passed is True
