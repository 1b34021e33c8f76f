"""Any table written in any of the formats is read back: the same people, canonical names, and mm3."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayescov.cohort import read_volumes
from tests.cohort import writers
from tests.cohort.strategies import frames
from tests.cohort.writers import NAMES

LATERAL = [n for n in NAMES if n not in ("icv", "Brain-Stem")]
NO_HEAD = [n for n in NAMES if n != "icv"]
NO_STEM = [n for n in NAMES if n != "Brain-Stem"]


def csv(how):
    return lambda frame, root: how(frame, root / "table.csv")


def folder(how, **options):
    return lambda frame, root: how(frame, root / "out", **options)


def named(spelling, **options):
    def write(frame, root):
        return writers.delimited(
            frame, root / "t.csv", {n: spelling(n) for n in frame}, first="subject_id", **options
        )

    return write


# name: (writer, names it holds, whether cells may be missing, what recognises it)
FORMATS = {
    "FreeSurfer 7 subjects_dir": (folder(writers.subjects_dir), NAMES, True, "FreeSurfer"),
    "FreeSurfer 5.1 subjects_dir": (
        folder(writers.subjects_dir, version="$Id: mri_segstats.c,v 1.75 2011/03/02 00:04:24 nicks Exp $"), NAMES, True, "FreeSurfer"),
    "asegstats2table": (csv(writers.asegstats2table), NAMES, True, "asegstats2table"),
    "asegstats2table comma": (csv(lambda f, p: writers.asegstats2table(f, p, sep=",")), NAMES, True, "asegstats2table"),
    "asegstats2table transposed": (csv(lambda f, p: writers.asegstats2table(f, p, transposed=True)), NAMES, True, "transposed"),
    "FastSurfer": (folder(writers.fastsurfer), NO_HEAD, True, "FastSurfer"),
    "SynthSeg 2": (csv(writers.synthseg), NAMES, True, "SynthSeg, version 2"),
    "SynthSeg 1": (csv(lambda f, p: writers.synthseg(f, p, version=1)), NO_HEAD, True, "SynthSeg, version 1"),
    "SAMSEG": (folder(writers.samseg), NAMES, True, "SAMSEG"),
    "FIRST json": (folder(writers.first_json), NO_HEAD, False, "FIRST"),
    "volBrain": (csv(writers.volbrain), NAMES, False, "volBrain"),
    "volBrain old, decimal commas": (
        csv(lambda f, p: writers.volbrain(f, p, sep=";", decimal=",", old_spelling=True)), NAMES, False, "volBrain"),
    "CAT12 xml": (folder(writers.cat12), NAMES, False, "CAT12"),
    "CAT12 table": (csv(writers.cat12_table), NO_HEAD, True, "CAT12 table"),
    "ENIGMA": (csv(writers.enigma), NO_STEM, True, "ENIGMA"),
    "ENIGMA lower case": (csv(lambda f, p: writers.enigma(f, p, lower=True)), NO_STEM, True, "ENIGMA"),
    "ENIGMA blanks": (csv(lambda f, p: writers.enigma(f, p, blanks=True)), NO_STEM, True, "ENIGMA"),
    "long": (csv(writers.long), NO_HEAD, True, "long"),
    "long with hemisphere": (csv(lambda f, p: writers.long(f, p, hemisphere=True)), NO_HEAD, True, "long"),
    "wide tab": (named(writers.old, sep="\t"), NAMES, True, "table"),
    "wide semicolon": (named(writers.new, sep=";"), NAMES, True, "table"),
    "wide with units": (named(lambda n: f"{n} (mm3)"), NAMES, True, "table"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_what_was_written_is_read_back(name, data):
    write, columns, may_miss, tool = FORMATS[name]
    frame = data.draw(frames(missing=may_miss))
    with TemporaryDirectory() as root:
        read = read_volumes(write(frame, Path(root)))
    assert tool in read.attrs["tool"]
    assert sorted(read["subject"].values) == sorted(frame.index)
    for column in columns:
        if frame[column].isna().all():
            continue
        values = read["icv"] if column == "icv" else read["volume"].sel(region=column)
        got = values.to_series().reindex(frame.index).to_numpy(dtype=float)
        np.testing.assert_allclose(got, frame[column].to_numpy(), rtol=1e-12, err_msg=column)


@given(frame=frames(most=3), digits=st.sampled_from(["repr", "%.17g", "%.3e"]))
@settings(max_examples=25, deadline=None)
def test_numbers_are_read_to_the_last_bit(frame, digits):
    with TemporaryDirectory() as root:
        path = Path(root) / "t.csv"
        frame.to_csv(path, index_label="id", float_format=None if digits == "repr" else digits)
        read = read_volumes(path)
        for column in NO_HEAD:
            for who in frame.index:
                value = frame.loc[who, column]
                written = float(value if digits == "repr" else digits % value)
                got = float(read["volume"].sel(subject=who, region=column))
                assert got == written or (np.isnan(got) and np.isnan(written))


@given(frame=frames(missing=False, most=3), unit=st.sampled_from(["cm3", "l"]))
@settings(max_examples=15, deadline=None)
def test_the_unit_is_told_from_the_size(frame, unit):
    scale = {"cm3": 1e3, "l": 1e6}[unit]
    with TemporaryDirectory() as root:
        path = Path(root) / "t.csv"
        (frame / scale).to_csv(path, index_label="id")
        read = read_volumes(path)
    for column in NO_HEAD:
        got = read["volume"].sel(region=column).to_series().reindex(frame.index)
        np.testing.assert_allclose(got, frame[column], rtol=1e-9)
    np.testing.assert_allclose(read["icv"].to_series().reindex(frame.index), frame["icv"], rtol=1e-9)
