"""Files of every tool, damaged at random: a result or one clear error, from every public function."""

import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayescov.cohort import check, read_cohort, read_volumes
from bayescov.errors import TableError
from tests.cohort import writers
from tests.cohort.people import table, volumes

PIECES = [b"", b",", b";", b"\t", b"\n", b'"', b"#", b"nan", b"1e5", b"-9999", b"\r", b"\xff", b"\x00", b"Left-Thalamus", b"group",
          b"NA", b" ", b"|", b"{", b"<", b"]", b"%", b"1,5", b"inf", b"sep=;\n", b"0", b",,,,\n"]  # fmt: skip


@cache
def originals() -> dict[str, bytes]:
    """One sound file of every kind; the name is what it is saved under."""
    people, wide = volumes(5), table(14).to_csv(index=False)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        writers.cat12(people.iloc[:1], root / "cat")
        writers.first_json(people.iloc[:1], root / "json")
        files = {
            "aseg.tsv": writers.asegstats2table(people, root / "1"),
            "transposed.tsv": writers.asegstats2table(people, root / "2", transposed=True),
            "synthseg.csv": writers.synthseg(people, root / "3"),
            "synthseg1.csv": writers.synthseg(people, root / "4", version=1),
            "volbrain.csv": writers.volbrain(people, root / "5", sep=";", decimal=","),
            "LandRvolumes.csv": writers.enigma(people, root / "6"),
            "ROI_Vgm.csv": writers.cat12_table(people, root / "7"),
            "long.csv": writers.long(people, root / "8", hemisphere=True),
            "sub_firstSeg.txt": writers.first_txt(people.iloc[0], root / "9"),
            "samseg.csv": writers.samseg_csv(people.iloc[0], root / "10"),
            "report.sienax": writers.sienax(root / "11", scale=1.2, gray=6e5, white=5e5, peripheral=5e5),
            "catROI_a.xml": root / "cat" / "label" / "catROI_sub-01.xml",
            "cat_a.xml": root / "cat" / "report" / "cat_sub-01.xml",
            "a_segstats.json": root / "json" / "sub-01_segstats.json",
        }
        read = {name: path.read_bytes() for name, path in files.items()}
    return read | {
        "wide.csv": wide.encode(),
        "aseg.stats": writers.aseg_stats(people.iloc[0]).encode(),
        "lh.aparc.stats": writers.aparc_stats({"bankssts": 2500.0, "insula": 7000.0}, "lh", "s").encode(),
    }


@st.composite
def mutants(draw, raw: bytes) -> bytes:
    """A file with a few pieces cut, doubled, replaced or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.sampled_from([0, 0, 1, 2, 5, 20, 200])))
        what = draw(st.sampled_from(["replace", "cut the rest", "double"]))
        if what == "replace":
            raw = raw[:start] + draw(st.sampled_from(PIECES)) + raw[end:]
        elif what == "cut the rest":
            raw = raw[:start]
        else:
            raw = raw[:end] + raw[start:]
    return raw


def survives(name: str, raw: bytes) -> None:
    """Every public function returns or raises a TableError, and warns of nothing."""
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / name
        path.write_bytes(raw)
        for function in (read_cohort, read_volumes):
            for source in (path, path.parent):
                try:
                    function(source)
                except TableError as error:
                    assert error.problems  # noqa: PT017 (the call may also succeed)
        assert check(path)


@pytest.mark.parametrize("name", originals())
def test_the_originals_are_sound(name):
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(originals()[name])
        assert read_volumes(path)["volume"].notnull().any() or "icv" in read_volumes(path)


@pytest.mark.parametrize("name", originals())
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_a_few_mutants(name, data):
    survives(name, data.draw(mutants(originals()[name])))


@pytest.mark.slow
@pytest.mark.parametrize("name", originals())
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_many_mutants(name, data):
    survives(name, data.draw(mutants(originals()[name])))
