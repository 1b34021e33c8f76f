"""Reading a pandas frame: recognised like a file."""

import numpy as np
import pandas as pd
import pytest

from bayescov.cohort import read_cohort, read_volumes
from tests.cohort import writers
from tests.cohort.people import said, table, volumes
from tests.cohort.writers import NAMES

PEOPLE = ["participant_id", "group", "age", "sex"]


def long(**names: str) -> pd.DataFrame:
    """A row a person and region, with the person's own columns."""
    names = {"var_name": "region", "value_name": "volume", **names}
    return table(20).melt(id_vars=PEOPLE, value_vars=NAMES, **names)


def assert_same(read, whole):
    pd.testing.assert_frame_equal(read.volumes[list(whole.regions)], whole.volumes)
    pd.testing.assert_frame_equal(read.covariates[list(whole.covariates)], whole.covariates)
    assert list(read.group) == list(whole.group)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        lambda t: t.set_index("participant_id"),
        lambda t: t.set_index(["participant_id", "region"]),
        lambda t: t[t["volume"] > 0].iloc[::-1].sort_index(kind="stable"),
        lambda t: t.astype({"region": "category", "participant_id": "category"}),
        lambda t: t.rename(columns={"region": "variable", "volume": "value"}),
        lambda t: t.rename(columns={"participant_id": "subject", "region": "ROI", "volume": "volume_mm3"})[
            ["ROI", "volume_mm3", "subject", "group", "age", "sex"]
        ],
    ],
    ids=[
        "columns",
        "ids in the index",
        "two levels",
        "rows picked",
        "categories",
        "as melt",
        "as SAMSEG begins",
    ],
)
def test_a_long_frame_is_what_it_is_as_a_wide_one(change):
    assert_same(read_cohort(change(long())), read_cohort(table(20)))


def test_a_long_frame_is_what_it_is_as_a_file(tmp_path):
    frame = long()
    frame["volume"] = frame["volume"] / 3
    frame.loc[5, "volume"] = np.nan
    frame.to_csv(tmp_path / "long.csv", index=False)
    read = read_cohort(frame)
    assert_same(read, read_cohort(tmp_path / "long.csv"))
    np.testing.assert_array_equal(read.volumes["Left-Caudate"], table(20)["Left-Caudate"] / 3)
    assert read.volumes.isna().to_numpy().sum() == 1


@pytest.mark.parametrize("unit", ["mm3", "ml"])
def test_a_long_frame_may_state_its_unit(unit):
    frame = long(value_name=f"volume_{unit}")
    frame[f"volume_{unit}"] /= 1 if unit == "mm3" else 1000
    data = read_volumes(frame)
    np.testing.assert_allclose(data["volume"].sel(region="Left-Caudate"), table(20)["Left-Caudate"])
    assert "as the source states" in data.attrs["quirks"]


def test_a_frame_with_regions_in_rows_is_turned():
    frame = volumes(4)
    for turned in (frame.T, frame.T.rename_axis("structure").reset_index()):
        data = read_volumes(turned)
        assert list(data["subject"].values) == list(frame.index)
        np.testing.assert_array_equal(data["volume"].sel(region="Left-Caudate"), frame["Left-Caudate"])


def test_ids_of_a_frame_may_be_a_level_of_its_index():
    frame = table(20)
    cohort = read_cohort(frame.set_index(["participant_id", "sex"]))
    assert cohort.subjects == tuple(frame["participant_id"])
    assert list(cohort.covariates["sex"]) == list(frame["sex"])


@pytest.mark.parametrize("spelled", [writers.enigma_name, writers.synthseg_name], ids=["ENIGMA", "SynthSeg"])
def test_a_frame_of_a_tools_names_may_have_been_converted_and_widened(spelled):
    frame = table(20)
    truth = read_cohort(frame).volumes
    frame[NAMES] /= 1000
    frame["mine"] = np.linspace(0.9, 1.1, 20)
    frame = frame[["group", "age", "participant_id", *NAMES, "mine"]].rename(
        columns={n: spelled(n) for n in NAMES if n != "Brain-Stem"}
    )
    cohort = read_cohort(frame, control="HC", regions=["Left-Caudate", "Right-Caudate", "mine"])
    assert cohort.subjects == tuple(truth.index)
    np.testing.assert_allclose(cohort.volumes["Left-Caudate"], truth["Left-Caudate"])
    assert said(cohort.checks, "unit").passed is True
    assert "mine" in cohort.regions


@pytest.mark.parametrize("first", ["Measure:volume", "lh.aparc.volume"])
def test_a_stats_table_has_its_ids_in_the_first_column_whatever_those_of_the_people_are_called(first):
    frame = table(20)
    measured = frame.drop(columns=PEOPLE[1:]).rename(columns={"participant_id": first})
    cohort = read_cohort(measured, participants=frame[PEOPLE], id="participant_id")
    assert cohort.subjects == tuple(frame["participant_id"])
