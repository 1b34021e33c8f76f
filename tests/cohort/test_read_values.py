"""Reading a table: units, and values that cannot be."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import check, read_cohort
from bayescov.cohort.sizes import TO_MM3
from tests.cohort.people import problems, said, table
from tests.cohort.writers import NAMES

REGIONS = [n for n in NAMES if n != "icv"]


@pytest.mark.parametrize(("unit", "scale"), [("mm3", 1.0), ("cm3", 1e3), ("ml", 1e3), ("l", 1e6)])
def test_units_are_guessed_said_and_overridden(unit, scale):
    frame = table(20)
    truth = read_cohort(frame)
    frame[NAMES] /= scale
    for cohort, how in (
        (read_cohort(frame), "told from their size"),
        (read_cohort(frame, unit=unit), "as asked"),
    ):
        np.testing.assert_allclose(cohort.volumes, truth.volumes)
        np.testing.assert_allclose(cohort.covariates["icv"], truth.covariates["icv"])
        assert f"({how})" in said(cohort.checks, "unit").text
        assert TO_MM3[cohort.data.attrs["unit_of_source"]] == scale


def test_head_size_may_be_in_another_unit_than_the_regions():
    frame = table(20).assign(BrainSegVol=1.1e6, MaskVol=1.6e6)
    truth = frame["icv"].copy()
    frame["icv"] /= 1000
    np.testing.assert_allclose(read_cohort(frame).covariates["icv"], truth)


@pytest.mark.parametrize("stated", [True, False])
def test_a_unit_in_the_name_of_head_size_is_its_own(stated):
    frame = table(20)
    truth = read_cohort(frame)
    frame = frame.rename(columns={"icv": "TIV (ml)" if stated else "TIV"})
    frame.iloc[:, -1] /= 1000
    cohort = read_cohort(frame)
    np.testing.assert_allclose(cohort.volumes, truth.volumes)
    np.testing.assert_allclose(cohort.covariates["icv"], truth.covariates["icv"])
    result = said(cohort.checks, "unit")
    assert result.passed is True
    assert "Volumes are in mm3 (told from their size)" in result.text
    assert cohort.data.attrs["unit_of_source"] == "mm3"


def test_a_unit_in_the_name_of_head_size_is_not_that_of_regions_without_a_usual_volume():
    rng = np.random.default_rng(0)
    frame = (
        table(20)
        .iloc[:, :2]
        .assign(
            **{
                "TIV (ml)": rng.normal(1500, 50, 20),
                "myroiA": rng.normal(5000, 100, 20),
                "myroiB": rng.normal(3000, 100, 20),
            }
        )
    )
    cohort = read_cohort(frame, regions=["myroiA", "myroiB"])
    np.testing.assert_allclose(cohort.volumes, frame[["myroiA", "myroiB"]])
    assert "Volumes are in mm3 (taken for granted" in said(cohort.checks, "unit").text


def test_a_unit_in_the_names_of_regions_is_not_that_of_head_size():
    frame = table(20)
    truth = read_cohort(frame)
    frame[REGIONS] /= 1000
    frame = frame.rename(columns={n: f"{n} [cm3]" for n in REGIONS} | {"icv": "eTIV"})
    cohort = read_cohort(frame)
    np.testing.assert_allclose(cohort.volumes, truth.volumes)
    np.testing.assert_allclose(cohort.covariates["icv"], truth.covariates["icv"])
    assert said(cohort.checks, "unit").passed is True


def test_regions_that_state_a_unit_are_judged_apart_from_those_that_do_not():
    frame = table(20)
    truth = read_cohort(frame)
    frame[REGIONS[:4]] /= 1000
    frame = frame.rename(columns={n: f"{n} (ml)" for n in REGIONS[:4]})
    cohort = read_cohort(frame)
    np.testing.assert_allclose(cohort.volumes, truth.volumes)
    text = said(cohort.checks, "unit").text
    assert "Left-Thalamus, Left-Caudate, Left-Putamen and 1 more are in cm3 (as the source states)" in text
    assert cohort.data.attrs["unit_of_source"] == "cm3, mm3"


def test_a_region_without_usual_size_has_the_unit_that_other_columns_state():
    frame = table(20).assign(odd=np.linspace(1.0, 1.5, 20))
    frame[REGIONS] /= 1000
    frame = frame.rename(columns={n: f"{n} (cm3)" for n in REGIONS})
    cohort = read_cohort(frame, regions=["odd", "Left-Thalamus"])
    np.testing.assert_allclose(cohort.volumes["odd"], 1000 * frame["odd"])


def test_tables_of_several_units_can_be_joined(tmp_path):
    frame = table(20)
    truth = read_cohort(frame)
    people = frame[["participant_id", "icv"]].assign(icv=frame["icv"] / 1000)
    people.rename(columns={"icv": "TIV (ml)"}).to_csv(tmp_path / "head.csv", index=False)
    frame.drop(columns="icv").to_csv(tmp_path / "regions.csv", index=False)
    cohort = read_cohort([tmp_path / "regions.csv", tmp_path / "head.csv"])
    np.testing.assert_allclose(cohort.volumes, truth.volumes)
    np.testing.assert_allclose(cohort.covariates["icv"], truth.covariates["icv"])


def test_an_override_against_the_evidence_is_said():
    result = said(check(table(20), unit="cm3"), "unit")
    assert result.passed is False
    assert "in cm3 (as asked), though they look like mm3; leave unit= out if they are" in result.text


def test_percentages_of_the_head_are_refused():
    frame = table(20)
    for name in REGIONS:
        frame[name] = 100 * frame[name] / frame["icv"]
    assert problems(frame).endswith(
        "percent of the head's volume, not like volumes; give the volumes themselves"
    )


def test_standardised_volumes_are_refused():
    frame = table(20)
    frame[REGIONS] = (frame[REGIONS] - frame[REGIONS].mean()) / frame[REGIONS].std()
    assert problems(frame).endswith(
        "like z-scores or residuals; volumes are not; give the volumes themselves"
    )


@pytest.mark.parametrize("head", ["mm3", "ml", None])
def test_fractions_of_the_head_are_not_taken_for_litres(head):
    frame = table(20)
    frame[REGIONS] = frame[REGIONS].div(frame["icv"], axis=0)
    if head is None:
        frame = frame.drop(columns="icv")
    elif head == "ml":
        frame["icv"] /= 1000
    text = problems(frame)
    assert "look like fractions of the head's volume, or like litres" in text
    assert "give unit='l' if they are litres; if they are fractions, give the volumes themselves" in text


def test_litres_without_a_head_size_in_litres_are_litres_if_asked():
    frame = table(20)
    truth = read_cohort(frame)
    frame[REGIONS] /= 1e6
    assert "give unit='l' if they are litres" in problems(frame)
    cohort = read_cohort(frame, unit="l")
    np.testing.assert_allclose(cohort.volumes, truth.volumes)
    np.testing.assert_allclose(cohort.covariates["icv"], truth.covariates["icv"])


def test_rows_in_different_units_are_a_problem():
    frame = table(20)
    frame.loc[:4, REGIONS] /= 1000
    text = problems(frame)
    assert "5 of 20 people" in text
    assert "sub-01" in text


def test_a_column_in_another_unit_is_a_problem():
    frame = table(20)
    frame["Left-Putamen"] /= 1000
    assert "Left-Putamen" in problems(frame)


def test_impossible_values_are_named_and_stay():
    frame = table(20)
    frame.loc[2, "icv"], frame.loc[5, "Left-Accumbens-area"] = 4_995_231.0, 14.0
    cohort = read_cohort(frame)
    result = said(cohort.checks, "impossible values")
    assert result.passed is False
    assert "sub-03: icv = 4,995,231 mm3" in result.text
    assert "sub-06: Left-Accumbens-area = 14 mm3" in result.text
    assert cohort.covariates["icv"]["sub-03"] == 4_995_231.0


def test_zeros_and_negative_numbers_are_missing_and_said():
    frame = table(20)
    frame.loc[1, "Left-Caudate"], frame.loc[2, "Left-Caudate"], frame.loc[3, "Left-Caudate"] = (
        0.0,
        -3.5,
        -9999.0,
    )
    cohort = read_cohort(frame)
    assert cohort.volumes["Left-Caudate"].isna().sum() == 3
    assert "2 of them are zeros or negative" in said(cohort.checks, "missing volumes").text
    assert "-9999 in 'Left-Caudate' (1)" in said(cohort.checks, "missing codes").text
    frame.loc[1, "Left-Caudate"] = 3600.0
    assert (
        "1 of them is a zero or a negative number" in said(read_cohort(frame).checks, "missing volumes").text
    )


def test_people_without_any_volume_are_left_out_and_said():
    frame = table(20)
    frame.loc[7, REGIONS] = np.nan
    cohort = read_cohort(frame)
    assert "sub-08" not in cohort.subjects
    assert "sub-08" in said(cohort.checks, "people without volumes").text


def test_codes_of_nines_are_pointed_out():
    frame = table(20)
    frame.loc[[1, 2], "Left-Thalamus"] = 9999.0
    assert "9999" in said(read_cohort(frame).checks, "possible codes").text


def test_people_with_equal_volumes_are_pointed_out():
    frame = table(20)
    frame.loc[4, NAMES] = frame.loc[9, NAMES]
    assert "sub-05 = sub-10" in said(read_cohort(frame).checks, "equal people").text


def test_children_among_adults_are_pointed_out():
    frame = table(20)
    frame.loc[3, "age"] = 9.5
    result = said(read_cohort(frame).checks, "age")
    assert result.passed is False
    assert "youngest 9.5" in result.text


def test_versions_that_differ_are_pointed_out_with_the_groups():
    frame = table(20)
    frame["freesurfer_version"] = ["5.3"] * 9 + ["7.1"] * 11
    result = said(read_cohort(frame).checks, "tool versions")
    assert result.passed is False
    assert "putamen" in result.text
    assert result.table.to_numpy().sum() == 20
    assert list(result.table.columns) == ["HC", "MS"]


def test_whole_numbers_among_decimals_hint_at_two_versions():
    frame = table(20)
    frame.loc[:8, REGIONS] = frame.loc[:8, REGIONS].round()
    assert "9 people have whole numbers only" in said(read_cohort(frame).checks, "tool versions").text


def test_every_problem_is_listed_at_once():
    frame = table(20).astype(object)
    frame.loc[0, "Left-Caudate"] = "bad"
    frame.loc[1, "participant_id"] = ""
    frame = pd.concat([frame, frame.iloc[[5]].assign(age=1)])
    text = problems(frame, control="nobody", exclude=["ghost"])
    for part in (
        "'Left-Caudate'",
        "is empty in row 2",
        "'nobody' is not there",
        "ghost",
        "ids repeat: sub-06",
    ):
        assert part in text, part
