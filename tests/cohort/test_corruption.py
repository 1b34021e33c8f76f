"""Damaged files end in a cohort or in one clear error: never in a traceback, never in a number that was not written."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayescov.cohort import check, read_cohort, read_volumes
from bayescov.errors import TableError
from tests.cohort import writers
from tests.cohort.people import said, table, volumes
from tests.cohort.writers import NAMES

REGIONS = [n for n in NAMES if n != "icv"]
TABLE = table(12)
TEXT = TABLE.to_csv(index=False, lineterminator="\n")
few = settings(max_examples=15, deadline=None)


def read(raw: bytes, name: str = "t.csv"):
    """The cohort, or the error."""
    with TemporaryDirectory() as root:
        path = Path(root) / name
        path.write_bytes(raw)
        try:
            return read_cohort(path)
        except TableError as error:
            said_too = [c.text for c in check(path) if c.name == "problem"]
            outcome = error
    assert outcome.problems
    assert all(len(p) > 10 for p in outcome.problems)
    assert said_too or all("group" in p for p in outcome.problems)  # `check` needs no groups
    return outcome


def wrong_numbers(cohort, truth: pd.DataFrame = TABLE) -> list[tuple[str, str]]:
    """Cells that hold a number other than the one written (a missing value is no wrong number)."""
    expected = truth.set_index("participant_id")
    out = []
    frame = cohort.volumes
    for region in cohort.regions:
        got = frame[region]
        want = expected.loc[list(cohort.subjects), region]
        out += [(str(s), region) for s in got.index if np.isfinite(got[s]) and got[s] != want[s]]
    covariates = cohort.covariates
    for name in ("age", "icv"):
        got = covariates[name]
        want = expected.loc[list(cohort.subjects), name]
        out += [(str(s), name) for s in got.index if np.isfinite(got[s]) and got[s] != want[s]]
    return out


def test_the_whole_table_reads():
    cohort = read(TEXT.encode())
    assert len(cohort.subjects) == 12
    assert wrong_numbers(cohort) == []


@given(st.integers(0, len(TEXT)))
@settings(max_examples=40, deadline=None)
def test_a_truncated_file(length):
    outcome = read(TEXT[:length].encode())
    if isinstance(outcome, TableError):
        return
    wrong = wrong_numbers(outcome)
    if wrong:  # only the very last cell can be cut without a trace, and that is said
        assert wrong == [(outcome.subjects[-1], "icv")]
        assert said(outcome.checks, "end of file").passed is None


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_in_the_whole_table(delimiter):
    outcome = read(TEXT.replace(",", delimiter).encode())
    assert wrong_numbers(outcome) == []
    assert len(outcome.subjects) == 12


@given(st.sampled_from([";", "\t", "|", " "]), st.sets(st.integers(0, 12), min_size=1, max_size=12))
@few
def test_another_delimiter_in_some_lines(delimiter, where):
    lines = TEXT.rstrip("\n").split("\n")
    lines = [line.replace(",", delimiter) if i in where else line for i, line in enumerate(lines)]
    outcome = read("\n".join(lines).encode())
    assert isinstance(outcome, TableError)


@given(
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from(REGIONS)), min_size=1, max_size=5, unique=True),
    st.sampled_from(
        ["", "n/a", "NA", "NaN", "nan", "-9999", "-999", "-9", "0", "0.0", "x", "#N/A", ".", "NULL", " "]
    ),
)
@few
def test_missing_codes(cells, code):
    damaged = TABLE.astype(object).copy()
    for row, column in cells:
        damaged.loc[row, column] = code
    outcome = read(damaged.to_csv(index=False).encode())
    assert wrong_numbers(outcome) == []
    missing = outcome.volumes.isna()
    assert {(outcome.subjects[r], c) for r, c in cells} == {
        (s, c) for c in REGIONS for s in missing.index if missing.loc[s, c]
    }
    assert said(outcome.checks, "missing volumes").passed is False


@given(st.lists(st.integers(0, 11), min_size=1, max_size=6))
@few
def test_duplicated_rows(rows):
    damaged = pd.concat([TABLE, TABLE.iloc[rows]])
    outcome = read(damaged.to_csv(index=False).encode())
    assert len(outcome.subjects) == 12
    assert wrong_numbers(outcome) == []
    assert said(outcome.checks, "copied rows").passed is False


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le"])
def test_encodings(encoding):
    text = TEXT.replace(",F,", ",weiblich,").replace(",M,", ",männlich,")
    raw = text.encode(encoding)
    outcome = read(raw)
    if encoding == "utf-16-le":  # without its mark, this is no text
        assert "zero bytes" in outcome.problems[0]
        return
    assert wrong_numbers(outcome) == []
    assert set(outcome.covariates["sex"]) == {"weiblich", "männlich"}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends(end):
    assert wrong_numbers(read(TEXT.replace("\n", end).encode())) == []


def test_a_column_of_text_is_named():
    damaged = TABLE.astype(object).copy()
    damaged["Left-Putamen"] = "good"
    outcome = read(damaged.to_csv(index=False).encode())
    assert "'Left-Putamen'" in str(outcome)
    assert "sub-01" in str(outcome)
    assert "'good'" in str(outcome)


@given(
    st.integers(0, 11),
    st.sampled_from(REGIONS),
    st.sampled_from(["12.3.4", "1e999", "3 400", "ca. 3400", "0x1F", "1_000", "--5"]),
)
@few
def test_a_cell_that_is_no_number_is_named(row, column, cell):
    damaged = TABLE.astype(object).copy()
    damaged.loc[row, column] = cell
    outcome = read(damaged.to_csv(index=False).encode())
    assert isinstance(outcome, TableError)
    assert TABLE["participant_id"][row] in str(outcome)
    assert column in str(outcome)


def test_ten_thousand_columns():
    rng = np.random.default_rng(1)
    extra = pd.DataFrame(rng.random((12, 10_000)).round(3), columns=[f"feature_{i}" for i in range(10_000)])
    wide = pd.concat([TABLE, extra], axis=1)
    outcome = read(wide.to_csv(index=False).encode())
    assert wrong_numbers(outcome) == []


@given(st.binary(max_size=400))
@few
def test_random_bytes(raw):
    assert isinstance(read(raw), TableError)


@given(
    st.text(max_size=300),
    st.sampled_from(["t.csv", "t.tsv", "aseg.stats", "t.xml", "t.json", "report.sienax"]),
)
@settings(max_examples=40, deadline=None)
def test_random_text(text, name):
    assert isinstance(read(text.encode("utf-8", "surrogatepass"), name), TableError)


@given(st.lists(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_flipped_bytes_never_end_in_a_traceback(flips):
    raw = bytearray(TEXT.encode())
    for where, value in flips:
        raw[where] = value
    read(bytes(raw))


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_inserted_and_deleted_pieces_never_end_in_a_traceback(data):
    a, b = sorted(data.draw(st.lists(st.integers(0, len(TEXT)), min_size=2, max_size=2)))
    piece = data.draw(
        st.sampled_from(
            [
                "",
                ",",
                "\n",
                '"',
                ";",
                "\t",
                "sep=;\n",
                "#",
                "Left-Thalamus",
                '"""',
                "\r",
                "é",
                "1e5",
                "\n\n\n",
            ]
        )
    )
    read((TEXT[:a] + piece + TEXT[b:]).encode())


# ------------------------------------------------------------------------------------------------ tools' own files

ROW = volumes(1).iloc[0]
STATS = writers.aseg_stats(ROW)


@given(st.integers(0, len(STATS)))
@settings(max_examples=40, deadline=None)
def test_a_truncated_statistics_file(length):
    with TemporaryDirectory() as root:
        stats = Path(root) / "sub-01" / "stats"
        stats.mkdir(parents=True)
        (stats / "aseg.stats").write_text(STATS[:length])
        try:
            got = read_volumes(root)
        except TableError:
            return
    lost = False
    for name, value in ROW.items():
        if name == "icv":
            number = float(got["icv"].item()) if "icv" in got else np.nan
        else:
            number = float(got["volume"].sel(region=name).item()) if name in got["region"] else np.nan
        assert number == value or np.isnan(number), name
        lost = lost or np.isnan(number)
    if lost:
        assert "incomplete" in got.attrs["quirks"]


def test_a_truncated_xml_names_the_file(tmp_path):
    root = writers.cat12(volumes(2), tmp_path / "out")
    file = root / "label" / "catROI_sub-01.xml"
    file.write_text(file.read_text()[:400])
    with pytest.raises(TableError, match=r"catROI_sub-01\.xml is damaged"):
        read_volumes(root)


@pytest.mark.parametrize("cut", ["WHITE              6", "GREY               "])
def test_a_truncated_sienax_report_is_refused(tmp_path, cut):
    path = writers.sienax(tmp_path / "report.sienax", scale=1.3, gray=538000.0, white=488000.0)
    text = path.read_text()
    path.write_text(text[: text.index(cut) + len(cut)])
    with pytest.raises(TableError):
        read_volumes(path)


def test_a_file_that_is_no_table_says_what_it_is(tmp_path):
    path = tmp_path / "volumes.csv"
    buffer = io.BytesIO(b"PK\x03\x04rest")
    path.write_bytes(buffer.getvalue())
    with pytest.raises(TableError, match="Excel workbook"):
        read_cohort(path)
