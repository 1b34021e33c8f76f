"""`read_cohort` and `check` as wholes: one cohort from any source, and nothing dropped without a word."""

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.cohort import check, read_cohort
from bayescov.errors import BayescovError
from tests.cohort.people import problems, said, table, volumes
from tests.cohort.writers import NAMES

REGIONS = [n for n in NAMES if n != "icv"]


def test_a_frame_a_csv_and_a_tsv_are_one_cohort(tmp_path):
    frame = table(20)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    cohorts = [read_cohort(s) for s in (frame, tmp_path / "a.csv", str(tmp_path / "a.tsv"))]
    for cohort in cohorts:
        assert cohort.regions == tuple(n for n in cohorts[0].regions)
        pd.testing.assert_frame_equal(cohort.volumes, cohorts[0].volumes)
        pd.testing.assert_series_equal(cohort.group, cohorts[0].group)
        pd.testing.assert_frame_equal(cohort.covariates, cohorts[0].covariates)
    assert set(cohorts[0].regions) == set(REGIONS)
    assert list(cohorts[0].covariates) == ["age", "sex", "icv"]
    assert cohorts[0].groups == ("HC", "MS")


def test_the_cohort_can_be_prepared():
    design = bc.prepare(read_cohort(table(40)), covariates="age + sex + log(icv)")
    assert design.covariates == ("age", "sex[T.M]", "log(icv)")


def test_check_needs_no_groups_and_reads_like_the_cohort():
    frame = table(20)
    assert not [c for c in check(frame.drop(columns="group")) if c.name == "problem"]
    assert [c.text for c in check(frame)] == [c.text for c in read_cohort(frame).checks]
    assert check(read_cohort(frame)) == list(read_cohort(frame).checks)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[(frame["group"] == "MS") | (frame.index < 4)],
        lambda frame: frame.drop(columns=[n for n in REGIONS if n != "Left-Putamen"]),
        lambda frame: frame.assign(**{"Left-Putamen": frame["Left-Putamen"].where(frame.index > 16)}),
    ],
    ids=["two controls", "one region", "one region of one control"],
)
def test_check_names_what_a_fit_will_refuse_in_its_words(change):
    frame = change(table(20))
    cohort = read_cohort(frame, regions=[n for n in ("Left-Putamen", "Left-Caudate") if n in frame])
    with pytest.raises(BayescovError) as refused:
        bc.fit(bc.prepare(cohort))
    for results in (check(frame, regions=list(cohort.regions)), check(cohort)):
        assert [r.text for r in results if r.name == "problem"] == [str(refused.value)]


def test_check_says_where_text_stands_among_numbers():
    frame = table(20).astype({"age": object})
    frame.loc[[4, 7], "age"] = "forty"
    result = said(check(frame), "covariates")
    assert result.passed is False
    assert "'age' holds numbers, but 'forty' for sub-05 (2 such values)" in result.text
    assert said(check(table(20)), "covariates").passed is True


def test_checks_of_one_region_blame_no_lack_of_people_and_count_one():
    text = " ".join(c.text for c in check(table(20), regions=["Left-Putamen"]))
    assert "Too few regions to judge all regions together" in text
    assert "1 region was taken as asked: Left-Putamen" in text
    assert "1 regions" not in text


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (problem,) = check(tmp_path)
    assert problem.name == "problem"
    assert f"{tmp_path / 'loop.csv'} cannot be opened (" in problem.text


@pytest.mark.parametrize("source", [None, 3, [None]])
def test_what_is_no_table_at_all_is_said(source):
    assert "a table is a path, a list of paths or a pandas frame, not " in problems(source)
    assert [r.name for r in check(source)] == ["problem"]


def test_check_never_raises_for_a_missing_file(tmp_path):
    results = check(tmp_path / "nothing.csv")
    assert [r.name for r in results] == ["problem"]
    assert "no such file" in results[0].text


def test_a_missing_file_gets_the_nearest_name(tmp_path):
    (tmp_path / "volumes.csv").write_text("a,b\n1,2\n")
    assert "did you mean 'volumes.csv'" in problems(tmp_path / "volume.csv")


def test_nothing_is_dropped_without_a_word():
    """Everybody and every region that a check does not name is in the cohort."""
    frame = table(24, groups=("HC", "MS", "NMOSD"))
    frame.loc[0, "group"], frame.loc[1, "group"] = "", "alone"
    frame.loc[2, REGIONS] = np.nan
    frame["Left-Caudate"] = 0.0
    cohort = read_cohort(frame, exclude=["sub-10"])
    text = " ".join(c.text for c in cohort.checks if c.passed is not None)
    gone = set(frame["participant_id"]) - set(cohort.subjects)
    assert gone == {"sub-01", "sub-02", "sub-03", "sub-10"}
    assert all(who in text for who in gone)
    assert set(REGIONS) - set(cohort.regions) == {"Left-Caudate"}
    assert "Left-Caudate (0 for everybody)" in text


def test_volumes_are_not_shared_with_the_source():
    frame = volumes(6).reset_index(names="id").assign(group=["HC", "MS"] * 3)
    cohort = read_cohort(frame)
    before = cohort.volumes
    frame.loc[0, "Left-Caudate"] = 1.0
    pd.testing.assert_frame_equal(cohort.volumes, before)
