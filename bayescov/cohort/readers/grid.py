"""Text files -> a grid of cells: encoding, delimiter, decimal mark, ragged rows."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bayescov.cohort.numbers import MISSING_WORDS, decimal_mark
from bayescov.cohort.readers.title import require_no_title
from bayescov.cohort.table import CheckResult
from bayescov.errors import TableError

__all__ = ["Grid", "decode", "read_grid", "read_text"]

# Before pandas 3.1 the parser rounded the last bit unless asked; since then it is exact, and asking warns.
_EXACT: dict[str, Any] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)
_DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars"}
_BINARY = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; export the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; export the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"%PDF": "a PDF; the table must be text (CSV or TSV)",
    b"\x89PNG": "a picture; the table must be text (CSV or TSV)",
}


@dataclass(frozen=True)
class Grid:
    """Cells of a delimited file.

    Attributes
    ----------
    names : list of str
        The header, as written, without outer blanks.
    frame : pandas.DataFrame
        Columns are positions (0, 1, ...). Numbers where the column was read as numbers, else text (``""`` if empty).
    delimiter, decimal : str
    quirks : tuple of CheckResult
    problems : tuple of str
    source : str
    """

    names: list[str]
    frame: pd.DataFrame
    delimiter: str = ","
    decimal: str = "."
    quirks: tuple[CheckResult, ...] = ()
    problems: tuple[str, ...] = ()
    source: str = ""

    def text(self, position: int) -> pd.Series:
        """A column as stripped text."""
        return pd.Series(self.cells(position), dtype=object)

    def cells(self, position: int) -> list[str]:
        """A column as a list of stripped text."""
        column = self.frame[position]
        values = column.tolist()
        if pd.api.types.is_numeric_dtype(column):
            return ["" if math.isnan(v) else repr(v) if v % 1 else f"{v:.17g}" for v in values]
        return [c.strip() if isinstance(c, str) else "" for c in values]


def read_text(path: Path) -> tuple[str, tuple[CheckResult, ...]]:
    """The text of a file, whatever its encoding, and what was met.

    Raises
    ------
    TableError
        If the file is empty, cannot be opened, or is no text.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TableError(f"cannot be opened: {error.strerror or error}", source=str(path)) from error
    return decode(raw, str(path))


def decode(raw: bytes, source: str) -> tuple[str, tuple[CheckResult, ...]]:
    """Bytes as text with plain line ends."""
    for magic, what in _BINARY.items():
        if raw.startswith(magic):
            raise TableError(f"the file is {what}", source=source)
    quirks: list[CheckResult] = []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise TableError(
                "the file begins as UTF-16 text but is damaged; save it as UTF-8", source=source
            ) from error
        quirks.append(CheckResult("encoding", True, "The file is UTF-16; it was read as such."))
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", errors="replace")
            quirks.append(
                CheckResult(
                    "encoding",
                    None,
                    "The file is not UTF-8; it was read as Windows-1252. If names look wrong, save it as UTF-8.",
                )
            )
    if "\x00" in text:
        raise TableError("the file holds zero bytes, so it is no text table (or damaged)", source=source)
    if not text.strip():
        raise TableError("the file is empty", source=source)
    return text.replace("\r\n", "\n").replace("\r", "\n"), tuple(quirks)


def read_grid(text: str, source: str, is_number: Callable[[str], bool]) -> Grid:
    """The cells of a delimited table.

    Parameters
    ----------
    text : str
    source : str
        Named in messages.
    is_number : callable
        Of a column's name: whether it should hold numbers. Everything else stays the text that was written.

    Raises
    ------
    TableError
        If there is no header, none in the first row, or no row under it.
    """
    whole, text = text, _below_preamble(text)
    if not text.strip():
        raise TableError("there is no header", source=source)
    require_no_title(text, source, above=whole.count("\n") - text.count("\n"))
    delimiter = _delimiter(text, source)
    if delimiter == " ":
        text, delimiter = re.sub(r"[ \t]+", "\t", re.sub(r"(?m)^[ \t]+|[ \t]+$", "", text)), "\t"
    lines = [line for line in text.split("\n") if line.strip(f" {delimiter}")]
    if not lines:
        raise TableError("every line is empty but for delimiters", source=source)
    quoted = '"' in text
    quirks: list[CheckResult] = []
    problems: list[str] = []
    if text.count('"') % 2:
        problems.append("a quotation mark is opened and never closed, so cells cannot be told apart")
        lines, quoted = [line.replace('"', "") for line in lines], False
    names = [n.strip() for n in next(csv.reader([lines[0]], delimiter=delimiter))]
    names, lines = _without_trailing(names, lines, delimiter, quoted)
    if len(lines) < 2:
        raise TableError("there is a header but no row under it", source=source)
    lines, repeated = _without_repeated_headers(lines)
    if repeated:
        quirks.append(
            CheckResult(
                "repeated header", True, f"The header is repeated {repeated} times inside the file; skipped."
            )
        )
    lines, ragged = _without_ragged(lines, len(names), delimiter, quoted)
    problems += ragged
    if not text.endswith("\n"):
        last = lines[-1].rsplit(delimiter, 1)[-1][:40]
        quirks.append(
            CheckResult(
                "end of file",
                None,
                f"The last line has no line end. If the file was cut off, its last value ({last!r}) is incomplete.",
            )
        )
    numeric = [i for i, name in enumerate(names) if is_number(name)]
    sample = [row for row in csv.reader(lines[1:200], delimiter=delimiter) if len(row) == len(names)]
    decimal = decimal_mark((row[i] for row in sample for i in numeric), delimiter)
    if decimal == ",":
        points = sum("." in row[i] and "," not in row[i] for row in sample for i in numeric)
        text = "Numbers are written with decimal commas"
        text += (
            f", but {points} in the first {len(sample)} rows with points; both were read as decimals."
            if points
            else "."
        )
        quirks.append(CheckResult("decimal commas", not points, text))
    frame = _frame("\n".join(lines[1:]), len(names), numeric, delimiter, decimal)
    return Grid(names, frame, delimiter, decimal, tuple(quirks), tuple(problems), source)


def _below_preamble(text: str) -> str:
    """Without Excel's ``sep=;`` and without comment lines above the header."""
    lines = text.split("\n")
    start = 0
    if re.fullmatch(r'"?sep=.?"?\s*', lines[0], re.IGNORECASE):
        start = 1
    while start + 1 < len(lines) and lines[start].startswith("#"):
        widest = max(_DELIMITERS, key=lines[start + 1].count)
        if lines[start].count(widest) >= lines[start + 1].count(widest) > 0:
            break
        start += 1
    return "\n".join(lines[start:]) if start else text


def _delimiter(text: str, source: str) -> str:
    """The character that parts the header and the first rows into equally many cells."""
    lines = [line for line in text[:2_000_000].split("\n") if line.strip()][:30]
    counts = {d: [line.count(d) for line in lines] for d in _DELIMITERS}
    in_header = {d: c[0] for d, c in counts.items() if c[0]}
    if not in_header:
        width = Counter(len(line.split()) for line in lines).most_common(1)[0][0]
        if width > 1 and len(lines[0].split()) == width:
            return " "
        raise TableError(
            "the header has one cell only: no tab, semicolon or comma parts it. Save the table as CSV or TSV",
            source=source,
        )
    agreement = {d: sum(n == counts[d][0] for n in counts[d]) for d in in_header}
    best = max(in_header, key=lambda d: (agreement[d] > len(lines) / 2, in_header[d]))
    rows = {d: min(c[1:], default=0) for d, c in counts.items()}
    other = max(rows, key=lambda d: rows[d])
    if len(lines) > 1 and agreement[best] == 1 and other != best and rows[other] >= counts[best][0] > 0:
        raise TableError(
            f"the header is parted by {_DELIMITERS[best]} but the rows by {_DELIMITERS[other]}; "
            "write the whole table with one delimiter",
            source=source,
        )
    return best


def _without_trailing(
    names: list[str], lines: list[str], delimiter: str, quoted: bool
) -> tuple[list[str], list[str]]:
    """Without the empty last column that a delimiter at the end of every line makes."""
    if len(names) > 2 and not names[-1] and all(line.endswith(delimiter) for line in lines):
        return names[:-1], [line[:-1] for line in lines]
    return names, lines


def _without_repeated_headers(lines: list[str]) -> tuple[list[str], int]:
    body = [line for line in lines[1:] if line != lines[0]]
    return [lines[0], *body], len(lines) - 1 - len(body)


def _without_ragged(
    lines: list[str], width: int, delimiter: str, quoted: bool
) -> tuple[list[str], list[str]]:
    """The rows with as many cells as the header, and a sentence about the others."""
    if quoted:
        rows = list(csv.reader(lines[1:], delimiter=delimiter))
        if len(rows) != len(lines) - 1:
            return lines[:1], [
                "a cell in quotation marks runs over several lines; write each row on one line"
            ]
        widths = [len(row) for row in rows]
    else:
        widths = [line.count(delimiter) + 1 for line in lines[1:]]
    bad = [i for i, n in enumerate(widths) if n != width]
    if not bad:
        return lines, []
    shown = "; ".join(
        f"row {i + 1} ({lines[i + 1].split(delimiter, 1)[0][:40]!r}) has {widths[i]} cells" for i in bad[:5]
    )
    more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
    skip = set(bad)
    kept = [lines[0], *(line for i, line in enumerate(lines[1:]) if i not in skip)]
    return kept, [
        f"the header names {width} columns, but {shown}{more}: their values cannot be given to columns; mend these rows"
    ]


def _frame(body: str, width: int, numeric: list[int], delimiter: str, decimal: str) -> pd.DataFrame:
    if not body:
        return pd.DataFrame({i: pd.Series([], dtype=object) for i in range(width)})
    words = sorted({v for w in MISSING_WORDS for v in (w, w.upper(), w.title(), w.replace("nan", "NaN"))})
    numbers = set(numeric)
    how: dict[str, Any] = {
        "sep": delimiter,
        "header": None,
        "names": list(range(width)),
        "index_col": False,
        "dtype": {i: str for i in range(width) if i not in numbers},
        "na_values": {i: words for i in numeric},
        "keep_default_na": False,
        "decimal": decimal,
        "low_memory": False,
        "skip_blank_lines": False,
    }
    return pd.DataFrame(pd.read_csv(io.StringIO(body), **how, **_EXACT))
