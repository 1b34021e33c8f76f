"""`read_cohort`: groups, controls, regions, units, ids, and what is said about them."""

import numpy as np
import pandas as pd
import pytest

import bayescov as bc
from bayescov.cohort import check, read_cohort
from bayescov.cohort.units import TO_MM3
from bayescov.errors import TableError
from tests.cohort.people import said, table, volumes
from tests.cohort.writers import NAMES

REGIONS = [n for n in NAMES if n != "icv"]


def problems(*args, **kwargs) -> str:
    with pytest.raises(TableError) as error:
        read_cohort(*args, **kwargs)
    return " | ".join(error.value.problems)


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


# ---------------------------------------------------------------------------------------------------- groups


@pytest.mark.parametrize(
    "control", ["HC", "CON", "Ctrl", "control", "Healthy Controls", "cn", "NC", "TD", "HV"]
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
    assert "'HC', 'healthy'" in problems(table(21, groups=("HC", "MS", "healthy")))


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


def test_people_without_a_group_are_left_out_and_said():
    frame = table(20)
    frame.loc[3, "group"] = "n/a"
    cohort = read_cohort(frame)
    assert "sub-04" in said(cohort.checks, "people without a group").text
    assert len(cohort.subjects) == 19


def test_groups_that_differ_by_spelling_only_are_pointed_out():
    frame = table(24, groups=("HC", "MS", "ms"))
    result = said(read_cohort(frame).checks, "groups")
    assert result.passed is False
    assert "'MS' and 'ms'" in result.text


def test_numeric_groups_need_a_control():
    frame = table(20, groups=("0", "1"))
    assert "control=" in problems(frame)
    assert read_cohort(frame, control="0").groups == ("0", "1")


# --------------------------------------------------------------------------------------------------- regions


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


def test_columns_of_one_region_that_disagree_are_a_problem():
    frame = table(20)
    frame["Lthal"] = frame["Left-Thalamus"] * 1.1
    assert "both Left-Thalamus but disagree for 20 people" in problems(frame)


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


# --------------------------------------------------------------------------------------------- units, values


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


def test_an_override_against_the_evidence_is_said():
    result = said(check(table(20), unit="cm3"), "unit")
    assert result.passed is False
    assert "look like mm3" in result.text


def test_percentages_of_the_head_are_refused():
    frame = table(20)
    for name in REGIONS:
        frame[name] = 100 * frame[name] / frame["icv"]
    assert "percent of the head's volume" in problems(frame)


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


# ------------------------------------------------------------------------------------------------------- ids


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_ids_are_text(tmp_path, suffix):
    frame = table(20)
    frame["participant_id"] = [f"{i:04d}" for i in range(10)] + [
        str(1234567890123456700 + i) for i in range(10)
    ]
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False, sep="," if suffix == "csv" else "\t")
    assert read_cohort(path).subjects == tuple(frame["participant_id"])


def test_ids_of_a_frame_may_stand_in_its_index():
    frame = table(20).set_index("participant_id")
    assert read_cohort(frame).subjects[0] == "sub-01"


def test_whole_number_ids_of_a_frame_keep_their_digits():
    frame = table(20)
    frame["participant_id"] = [9007199254740993 + i for i in range(20)]
    assert read_cohort(frame).subjects[0] == "9007199254740993"


def test_ids_that_a_spreadsheet_damaged_are_refused(tmp_path):
    frame = table(20)
    frame.loc[0, "participant_id"] = "1.23457E+18"
    assert "spreadsheet" in problems(frame)


def test_a_table_without_ids_counts_its_rows_and_says_so():
    cohort = read_cohort(table(20).drop(columns="participant_id"))
    assert cohort.subjects[0] == "row-1"
    assert said(cohort.checks, "ids").passed is None


def test_another_column_can_be_the_id():
    frame = table(20).assign(scan=[f"x{i}" for i in range(20)])
    assert read_cohort(frame, id="scan").subjects[0] == "x0"
    assert "did you mean 'scan'" in problems(frame, id="scam")


# ------------------------------------------------------------------------------------------------- covariates


def test_codes_with_leading_zeros_and_long_digits_stay_text():
    frame = table(20)
    frame["scanner"], frame["case"] = (
        [f"0{i % 2 + 1}" for i in range(20)],
        [str(10**18 + i) for i in range(20)],
    )
    covariates = read_cohort(frame).covariates
    assert covariates["scanner"].iloc[0] == "01"
    assert covariates["case"].iloc[3] == str(10**18 + 3)


def test_missing_covariates_are_said():
    frame = table(20).astype(object)
    frame.loc[2, "age"], frame.loc[3, "age"] = "n/a", "-9999"
    cohort = read_cohort(frame)
    assert cohort.covariates["age"].isna().sum() == 2
    assert "age (2)" in said(cohort.checks, "covariates").text
    assert "-9999" in said(cohort.checks, "missing codes").text


def test_age_and_sex_get_their_usual_names():
    cohort = read_cohort(table(20).rename(columns={"age": "AGE", "sex": "Gender"}))
    assert {"age", "sex"} <= set(cohort.covariates)
    assert "Gender is called sex" in said(cohort.checks, "names").text


# ------------------------------------------------------------------------------------------------------ check


def test_check_needs_no_groups_and_reads_like_the_cohort():
    frame = table(20)
    assert not [c for c in check(frame.drop(columns="group")) if c.name == "problem"]
    assert [c.text for c in check(frame)] == [c.text for c in read_cohort(frame).checks]
    assert check(read_cohort(frame)) == list(read_cohort(frame).checks)


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
