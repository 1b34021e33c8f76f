"""Reading a table: which columns are regions, and which are one, copies or sums."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import read_cohort
from tests.cohort.people import problems, said, table
from tests.cohort.writers import NAMES

REGIONS = [n for n in NAMES if n != "icv"]


def test_old_and_new_names_are_one_region_and_the_empty_column_gives_way():
    frame = table(20)
    frame["Left-Thalamus-Proper"] = 0
    cohort = read_cohort(frame)
    assert (cohort.volumes["Left-Thalamus"].to_numpy() == frame["Left-Thalamus"].to_numpy()).all()
    assert "'Left-Thalamus-Proper'" in said(cohort.checks, "one region, two columns").text


def test_complementary_columns_are_put_together_and_the_mixture_of_versions_is_said():
    frame = table(20)
    frame["Left-Thalamus-Proper"] = frame["Left-Thalamus"].where(frame.index < 10)
    truth = frame["Left-Thalamus"].copy()
    frame["Left-Thalamus"] = frame["Left-Thalamus"].where(frame.index >= 10)
    cohort = read_cohort(frame)
    assert (cohort.volumes["Left-Thalamus"].to_numpy() == truth.to_numpy()).all()
    result = said(cohort.checks, "one region, two columns")
    assert result.passed is False
    assert "versions" in result.text


@pytest.mark.parametrize("name", ["Lthal", "Left-Thalamus.1"])
def test_columns_of_one_region_that_disagree_are_a_problem(name):
    frame = table(20)
    frame[name] = frame["Left-Thalamus"] * 1.1
    assert "both Left-Thalamus but disagree for 20 people" in problems(frame)


def test_empty_columns_without_a_name_are_no_covariates(tmp_path):
    lines = table(20).to_csv(index=False).splitlines()
    (tmp_path / "t.csv").write_text("".join(f"{line},,,\n" for line in lines))
    assert list(read_cohort(tmp_path / "t.csv").covariates) == ["age", "sex", "icv"]


def test_constant_and_empty_regions_are_left_out_and_said():
    frame = table(20)
    frame["Left-Putamen"], frame["Right-Putamen"], frame["Left-Caudate"] = 0.0, 5200.0, np.nan
    cohort = read_cohort(frame)
    text = said(cohort.checks, "constant regions").text
    assert "Left-Putamen (0 for everybody)" in text
    assert "Right-Putamen (5200 for everybody)" in text
    assert "Left-Caudate (empty)" in text
    assert len(cohort.regions) == 12


def test_regions_can_be_named_in_any_spelling_and_wholes_are_added_up():
    frame = table(20)
    cohort = read_cohort(frame, regions=["Lput", "Thalamus", "brainstem"])
    assert cohort.regions == ("Left-Putamen", "Thalamus", "Brain-Stem")
    np.testing.assert_allclose(cohort.volumes["Thalamus"], frame["Left-Thalamus"] + frame["Right-Thalamus"])
    assert "Added up from left and right: Thalamus" in said(cohort.checks, "regions").text


@pytest.mark.parametrize("nothing", [[], ()])
def test_no_region_at_all_is_said_and_nothing_else(nothing):
    assert problems(table(20), regions=nothing).startswith(
        "regions= names no region; use 'subcortical', 'all' or some of: Left-"
    )


def test_a_region_that_is_not_there_gets_the_nearest():
    assert "did you mean 'Left-Putamen'" in problems(table(20), regions=["Left-Putamne", "Left-Caudate"])


def test_a_column_that_no_atlas_knows_can_be_named():
    frame = table(20).assign(my_region=np.linspace(900, 1100, 20))
    cohort = read_cohort(frame, regions=["Left-Caudate", "my_region"])
    assert cohort.regions == ("Left-Caudate", "my_region")
    np.testing.assert_allclose(cohort.volumes["my_region"], frame["my_region"])


def test_all_regions_are_those_that_everybody_has():
    frame = table(20)
    frame["CSF"], frame["WM-hypointensities"], frame["TotalGrayVol"] = (
        np.linspace(900, 1300, 20),
        800.0,
        6.5e5,
    )
    cohort = read_cohort(frame, regions="all")
    assert set(cohort.regions) == {*REGIONS, "CSF"}
    assert "WM-hypointensities" in said(cohort.checks, "regions").text
    assert "TotalGrayVol" in cohort.covariates


def test_a_table_with_wholes_only_gives_wholes():
    frame = table(20)
    totals = {
        s: frame[f"Left-{s}"] + frame[f"Right-{s}"] for s in ("Thalamus", "Caudate", "Putamen", "Hippocampus")
    }
    cohort = read_cohort(pd.DataFrame({"id": frame["participant_id"], "group": frame["group"], **totals}))
    assert cohort.regions == ("Thalamus", "Caudate", "Putamen", "Hippocampus")


def test_copies_and_sums_are_left_out_and_said():
    frame = table(30)
    frame["copy"], frame["in_ml"] = frame["Left-Caudate"], frame["Left-Putamen"] / 1000
    frame["sum"] = (frame["Left-Caudate"] + frame["Right-Caudate"]).round()
    names = [*REGIONS, "copy", "in_ml", "sum"]
    cohort = read_cohort(frame, regions=names, unit="mm3")
    assert set(cohort.regions) == set(REGIONS)
    text = said(cohort.checks, "redundant regions").text
    assert "copy is a copy of Left-Caudate" in text
    assert "in_ml is a copy of Left-Putamen" in text
    assert "sum is the sum of Left-Caudate and Right-Caudate" in text


def test_a_sum_of_many_is_found():
    frame = table(60)
    parts = ["Left-Caudate", "Left-Putamen", "Left-Pallidum", "Left-Accumbens-area"]
    frame["striatum"] = frame[parts].sum(axis=1).round(1)
    cohort = read_cohort(frame, regions=[*REGIONS, "striatum"])
    assert "striatum" not in cohort.regions
    assert "striatum is the sum of" in said(cohort.checks, "redundant regions").text


def test_near_copies_stay():
    frame = table(60)
    rng = np.random.default_rng(3)
    frame["near"] = frame["Left-Caudate"] * np.exp(0.01 * rng.standard_normal(60))
    assert "near" in read_cohort(frame, regions=[*REGIONS, "near"]).regions
