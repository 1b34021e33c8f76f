"""Reading a table: head size beside the volumes, in a table of participants or in a long one."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import check, read_cohort, read_volumes
from bayescov.design import prepare
from bayescov.errors import DesignError
from tests.cohort.people import said, table
from tests.cohort.writers import NAMES

PEOPLE = ["participant_id", "group", "age", "sex"]


def split(name: str = "eTIV", scale: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Volumes, people with their head size, and head size in mm3."""
    frame = table(20)
    people = frame[PEOPLE].assign(**{name: frame["icv"] / scale})
    return frame.drop(columns=[*PEOPLE[1:], "icv"]), people, frame["icv"]


def head_size(cohort) -> np.ndarray:
    prepare(cohort, covariates="age + log(icv)")
    return cohort.covariates["icv"].to_numpy()


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("eTIV", 1.0), ("TIV", 1e3), ("ICV", 1e3), ("icv", 1e3), ("icv", 1.0), ("EstimatedTotalIntraCranialVol", 1.0),
        ("TIV (ml)", 1e3), ("ICV_mm3", 1.0), ("ICV", 1e6),
    ],
)  # fmt: skip
def test_head_size_of_the_participants_is_icv_in_mm3(tmp_path, name, scale):
    volumes, people, truth = split(name, scale)
    people.to_csv(tmp_path / "participants.tsv", sep="\t", index=False)
    for participants in (people, tmp_path / "participants.tsv"):
        cohort = read_cohort(volumes, participants=participants)
        np.testing.assert_allclose(head_size(cohort), truth)
        assert [c for c in cohort.covariates if c not in ("age", "sex")] == ["icv"]
        assert said(cohort.checks, "impossible values").passed is True
        assert said(cohort.checks, "unit").passed is True
        told = [c.text for c in cohort.checks if c.name == "head size"]
        assert told == [f"Measures of the head under their usual names: {name} is called icv."] * (
            name != "icv"
        )


def test_head_size_of_the_participants_has_its_own_unit_whatever_the_volumes_state(tmp_path):
    from tests.cohort import writers

    volumes, people, truth = split("TIV", 1e3)
    path = writers.synthseg(volumes.set_index("participant_id"), tmp_path / "vol.csv")
    cohort = read_cohort(path, participants=people)
    np.testing.assert_allclose(head_size(cohort), truth)
    assert "Volumes are in mm3 (as the source states)" in said(cohort.checks, "unit").text


def test_head_size_of_a_long_table_is_icv_in_mm3(tmp_path):
    frame = table(20).rename(columns={"icv": "eTIV"})
    regions = [n for n in NAMES if n != "icv"]
    long = frame.melt([*PEOPLE, "eTIV"], regions, "region", "volume")
    long["eTIV"] /= 1000
    for sep, decimal in ((",", "."), (";", ",")):
        long.to_csv(tmp_path / "long.csv", sep=sep, decimal=decimal, index=False)
        np.testing.assert_allclose(head_size(read_cohort(tmp_path / "long.csv")), frame["eTIV"])
        np.testing.assert_allclose(read_volumes(tmp_path / "long.csv")["icv"], frame["eTIV"])
    np.testing.assert_allclose(head_size(read_cohort(long)), frame["eTIV"])


def test_a_formula_with_the_tables_own_name_is_told_what_it_is_called():
    volumes, people, _ = split("eTIV")
    cohort = read_cohort(volumes, participants=people)
    with pytest.raises(DesignError, match="asks for 'eTIV', which is called 'icv' here: write icv"):
        prepare(cohort, covariates="log(eTIV)")


@pytest.mark.parametrize("written", ["-9", "-999", "n/a", "x", "-", ""])
def test_codes_and_words_for_missing_head_sizes_are_missing(tmp_path, written):
    volumes, people, truth = split("TIV", 1e3)
    people = people.astype({"TIV": object})
    people.loc[3, "TIV"] = written
    people.to_csv(tmp_path / "p.csv", index=False)
    cohort = read_cohort(volumes, participants=tmp_path / "p.csv")
    seen = cohort.covariates["icv"].to_numpy()
    assert list(np.flatnonzero(np.isnan(seen))) == [3]
    np.testing.assert_allclose(seen[:3], truth[:3])
    coded = [c.text for c in cohort.checks if c.name == "missing codes"]
    assert coded == [f"Read as missing: TIV (1 time {written})."] * (written in ("-9", "-999"))


@pytest.mark.parametrize("thousands", [False, True])
def test_decimal_commas_of_head_sizes_are_read(tmp_path, thousands):
    volumes, people, truth = split("TIV", 1e3)
    cells = [f"{v:,.1f}".translate(str.maketrans(",.", ".,")) for v in people["TIV"]]
    people = people.assign(TIV=cells if thousands else [c.replace(".", "") for c in cells])
    people.to_csv(tmp_path / "p.csv", sep=";", decimal=",", index=False)
    np.testing.assert_allclose(
        head_size(read_cohort(volumes, participants=tmp_path / "p.csv")), truth, rtol=1e-4
    )


def test_the_volumes_head_size_is_kept_and_said_where_the_participants_differs():
    volumes, people, truth = split("ICV", 1e3)
    volumes = volumes.assign(eTIV=truth)
    alike = read_cohort(volumes, participants=people)
    assert not [c for c in alike.checks if c.name == "head size"]
    people.loc[2, "ICV"] *= 1.1
    cohort = read_cohort(volumes, participants=people)
    np.testing.assert_allclose(head_size(cohort), truth)
    np.testing.assert_array_equal(cohort.covariates["ICV"], people["ICV"])
    result = said(cohort.checks, "head size")
    assert result.passed is False
    assert result.text == (
        f"The column 'ICV' differs from icv of the volumes for 1 person (the first: sub-03, {truth[2]:,.0f} and "
        f"{1.1 * truth[2]:,.0f} mm3); the volumes' was kept."
    )


def test_an_empty_head_size_of_the_volumes_gives_way():
    volumes, people, truth = split("TIV", 1e3)
    np.testing.assert_allclose(head_size(read_cohort(volumes.assign(icv=np.nan), participants=people)), truth)


def test_of_two_head_sizes_the_one_of_that_name_is_taken_and_none_where_they_differ():
    volumes, people, truth = split("eTIV")
    again = people.assign(TIV=people["eTIV"] / 1000)
    cohort = read_cohort(volumes, participants=again)
    np.testing.assert_allclose(head_size(cohort), truth)
    differing = people.assign(TIV=people["eTIV"] * 0.95)
    checks = check(volumes, participants=differing)
    assert (
        "'eTIV', 'TIV' are all icv, but differ for 20 people (the first: sub-01, "
        in said(checks, "head size").text
    )
    cohort = read_cohort(volumes, participants=differing)
    assert {"eTIV", "TIV"} <= set(cohort.covariates)
    assert "icv" not in cohort.covariates
    named = differing.rename(columns={"TIV": "ICV"})
    np.testing.assert_allclose(head_size(read_cohort(volumes, participants=named)), 0.95 * truth)


def test_what_is_no_size_stays_what_it_is():
    volumes, people, truth = split("icv")
    z = (truth - truth.mean()) / truth.std()
    cohort = read_cohort(volumes, participants=people.assign(icv=z))
    np.testing.assert_array_equal(cohort.covariates["icv"], z)
    text = people.astype({"icv": object})
    text.loc[0, "icv"] = "1500 ml"
    cohort = read_cohort(volumes, participants=text)
    assert cohort.covariates["icv"].iloc[0] == "1500 ml"
    assert "'icv' holds numbers, but '1500 ml' for sub-01" in said(cohort.checks, "covariates").text


def test_head_size_of_a_table_that_lacks_people_is_missing_for_these(tmp_path):
    frame = table(20).rename(columns={"icv": "eTIV"})
    frame.drop(columns=["eTIV", "Left-Caudate"]).to_csv(tmp_path / "wide.csv", index=False)
    long = frame.iloc[:18].melt(["participant_id", "eTIV"], ["Left-Caudate"], "region", "volume")
    long.to_csv(tmp_path / "long.csv", index=False)
    data = read_volumes([tmp_path / "wide.csv", tmp_path / "long.csv"])
    np.testing.assert_allclose(data["icv"].values, frame["eTIV"].where(frame.index < 18))
