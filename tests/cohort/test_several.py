"""Several files of the same people: what they say of a person must agree, and fills where one is silent."""

import unicodedata

import pandas as pd
import pytest

from bayescov.cohort import read_cohort
from tests.cohort.people import problems, said, table


def two_files(tmp_path, first: pd.DataFrame, second: pd.DataFrame) -> list:
    paths = [tmp_path / "A.csv", tmp_path / "B.csv"]
    for frame, path in zip((first, second), paths, strict=True):
        frame.to_csv(path, index=False)
    return paths


def halves(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Left regions and right regions, with all that is known of the people in both."""
    people = ["participant_id", "group", "age", "sex"]
    left = [c for c in frame if c.startswith("Left")]
    return frame[[*people, *left]], frame.drop(columns=left)


def test_files_that_disagree_on_group_or_age_are_refused(tmp_path):
    a, b = halves(table(20))
    flipped = b.assign(group=b["group"].map({"HC": "MS", "MS": "HC"}), age=[*b["age"][:19], 7.5])
    text = problems(two_files(tmp_path, a, flipped))
    assert (
        "B.csv disagrees with another table on 'group' of 20 people (first: sub-01, 'MS' in it and 'HC' there)"
        in text
    )
    assert f"'age' of 1 person (first: sub-20, '7.5' in it and '{a['age'][19]}' there)" in text
    assert "take the column out" in text


@pytest.mark.parametrize(
    "spell",
    [
        lambda b: b.assign(age=[f"{v:.3f}" for v in b["age"]]),
        lambda b: b.assign(sex=b["sex"].map({"F": "female", "M": "male"})),
        lambda b: b.iloc[::-1],
        lambda b: b.assign(group=["n/a", *b["group"][1:]], age=["NA", *b["age"][1:].astype(str)]),
    ],
)
def test_the_same_written_otherwise_agrees(tmp_path, spell):
    a, b = halves(table(20))
    whole = read_cohort(table(20))
    joined = read_cohort(two_files(tmp_path, a, spell(b)))
    assert joined.group.tolist() == whole.group.tolist()
    assert joined.covariates["age"].tolist() == whole.covariates["age"].tolist()
    assert joined.covariates["sex"].tolist() == whole.covariates["sex"].tolist()


@pytest.mark.parametrize("empty", ["", "n/a", "NA", "missing"])
def test_what_one_file_does_not_say_is_filled_from_the_other(tmp_path, empty):
    a, b = halves(table(20))
    gaps = a.assign(group=[empty, *a["group"][1:]], age=[empty, *a["age"][1:].astype(str)])
    joined = read_cohort(two_files(tmp_path, gaps, b.iloc[:15]))
    assert joined.subjects == tuple(a["participant_id"])
    assert joined.covariates["age"].tolist() == a["age"].tolist()


def test_columns_that_differ_by_case_are_one(tmp_path):
    a, b = halves(table(20))
    assert "'age' of 20 people" in problems(
        two_files(tmp_path, a, b.assign(age=b["age"] + 7).rename(columns={"age": "Age"}))
    )
    cohort = read_cohort(two_files(tmp_path, a, b.rename(columns={"age": "Age", "sex": "SEX"})))
    assert not {"Age", "SEX"} & set(cohort.covariates)


def test_names_of_files_may_differ_and_that_is_said(tmp_path):
    a, b = halves(table(20))
    names = [f"t1_{i}.nii" for i in range(20)]
    cohort = read_cohort(two_files(tmp_path, a.assign(filename="x"), b.assign(filename=names)))
    assert "'filename'" in said(cohort.checks, "joined tables").text
    assert cohort.covariates["filename"].tolist() == ["x"] * 20


def test_visits_that_differ_are_refused(tmp_path):
    a, b = halves(table(20))
    text = problems(two_files(tmp_path, a.assign(session="ses-01"), b.assign(session="ses-02")))
    assert "'session' of 20 people (first: sub-01, 'ses-02' in it and 'ses-01' there)" in text


def test_files_whose_ids_repeat_cannot_be_joined(tmp_path):
    a, b = halves(table(20))
    text = problems(two_files(tmp_path, a, pd.concat([b, b.iloc[[0]].assign(age=1.0)])))
    assert "B.csv: ids repeat (sub-01), so tables cannot be joined" in text


def test_accents_are_no_difference_between_files(tmp_path):
    a, b = halves(table(20, groups=("T\u00e9moin", "MS")))
    a["participant_id"] = b["participant_id"] = [f"M\u00fcller-{i}" for i in range(20)]
    decomposed = b.map(lambda c: unicodedata.normalize("NFD", c) if isinstance(c, str) else c)
    cohort = read_cohort(two_files(tmp_path, a, decomposed), control="Témoin")
    assert len(cohort.subjects) == 20
    assert cohort.control == "T\u00e9moin"
