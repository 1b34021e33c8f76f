"""The real tables: what is known to be wrong with them is reported, and they can be fitted."""

import numpy as np
import pytest

import bayescov as bc
from bayescov.cohort import check, default_atlas, read_cohort, read_volumes
from bayescov.errors import TableError
from tests.cohort.people import said


def test_depression(shared):
    folder = shared / "data" / "ds003653_depression"
    cohort = read_cohort(folder / "ds003653_volumes.csv")
    assert repr(cohort) == "<Cohort: 47 HC, 39 UD (control HC); 15 regions>"
    assert "sub-719313 (HCconvertedMDD)" in said(cohort.checks, "groups of one person").text
    empty = [c for c in cohort.checks if c.name == "one region, two columns"]
    assert "'Left-Thalamus-Proper'" in empty[0].text
    assert "'group_dx'" in said(cohort.checks, "groups").text
    assert bc.prepare(cohort, covariates="age + sex + log(icv)").sizes.tolist() == [47.0, 39.0]
    joined = read_cohort(folder / "ds003653_volumes.csv", participants=folder / "participants.tsv")
    assert repr(joined) == repr(cohort)
    assert joined.covariates["session"].eq(1).all()


def test_schizophrenia(shared):
    path = shared / "data" / "ds000115_schizophrenia" / "ds000115_volumes.csv"
    cohort = read_cohort(path)
    assert cohort.groups[0] == "CON"
    assert sorted(cohort.group.value_counts()) == [20, 21, 23, 35]
    assert bc.prepare(cohort, covariates="age + sex + log(icv)").sizes.sum() == 99


def test_six_sites(shared):
    path = shared / "data" / "openneuro_multisite" / "openneuro_six_sites.csv"
    results = check(path)
    problem = said(results, "problem")
    assert "28 ids repeat: sub-ds003416cIVs085" in problem.text
    assert "sub-ds003826_62: icv = 4,995,231 mm3" in said(results, "impossible values").text
    assert "children" in said(results, "age").text
    equal = said(results, "equal people")  # each pair of rows has two ages and one scan
    assert equal.text.startswith(
        "28 ids repeat with the same volumes, though other cells differ: sub-ds003416cIVs085, "
    )
    assert equal.passed is False
    with pytest.raises(TableError, match="'site'"):
        read_cohort(path)
    cohort = read_cohort(path, group="sex", control="F", visit="first", exclude=["sub-ds003826_62"])
    assert len(cohort.subjects) == 546 - 28 - 1
    design = bc.prepare(cohort, covariates="age + log(icv)", site="site")
    assert len(design.sites) == 6


def test_every_example_of_every_tool_reads(shared):
    """Files that hold volumes read to canonical names and mm3; the others end in one sentence."""
    formats = shared / "formats"
    no_volumes = ("participants", "companion_covariates", "summary_", "LandRvolumes_wiki")
    read = 0
    for path in sorted(p for p in formats.rglob("*") if p.is_file() and p.name != "SOURCE.txt"):
        if any(mark in path.name for mark in no_volumes):
            with pytest.raises(TableError):
                read_volumes(path)
            continue
        data = read_volumes(path)
        read += 1
        if "Left-Thalamus" in data["region"] and "SYNTHETIC" not in path.name:
            thalamus = data["volume"].sel(region="Left-Thalamus").values
            assert ((thalamus > 3000) & (thalamus < 12000) | np.isnan(thalamus)).all(), path
        if "icv" in data:
            assert ((data["icv"] > 1.1e6) & (data["icv"] < 2.1e6)).all(), path
        assert all(r in default_atlas() for r in data["region"].values), path
    assert read >= 30


def test_ragged_and_implausible_examples_say_so(shared):
    with pytest.raises(TableError, match=r"'subj01'\) has 17 cells"):
        read_volumes(shared / "formats" / "enigma" / "LandRvolumes_wiki_example.csv")
    results = check(shared / "formats" / "asegstats2table" / "transposed_single_subject_SYNTHETIC_VALUES.txt")
    assert "one person only" in said(results, "problem").text


def test_the_same_brain_in_three_layouts(shared):
    """One real table as TSV and as CSV; one real folder of statistics files."""
    folder = shared / "formats" / "asegstats2table"
    tsv, csv = (read_volumes(folder / f"aseg_table_{n}") for n in ("fs51_head.tsv", "comma_delimiter.csv"))
    np.testing.assert_array_equal(tsv["volume"], csv["volume"])
    stats = read_volumes(shared / "formats" / "freesurfer_stats" / "fs7.0_aseg.stats")
    assert float(stats["volume"].sel(region="Left-Thalamus").item()) == 8178.8
    assert float(stats["icv"].item()) == 1420434.160521
