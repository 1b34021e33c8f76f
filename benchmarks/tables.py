"""What every benchmark shares: its arguments, where its results go, and the tables of the README that it refreshes.

A benchmark is a script with ``--small``. The whole run writes ``results/NAME.csv`` (tidy), its figures, and the table
between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->`` of README.md, where no number is typed by hand. A small run
writes to ``results/small/`` and prints its table, so that it never replaces better numbers by worse ones.
"""

import argparse
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"


@dataclass(frozen=True)
class Run:
    """One run of a benchmark.

    Attributes
    ----------
    name : str
        Of the CSV file and of the README's markers.
    small : bool
    """

    name: str
    small: bool

    @property
    def folder(self) -> Path:
        """Where results go."""
        folder = HERE / "results" / ("small" if self.small else "")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def save(self, frame: pd.DataFrame, *, digits: int = 6) -> Path:
        """Write the tidy results as CSV."""
        path = self.folder / f"{self.name}.csv"
        frame.to_csv(path, index=False, float_format=f"%.{digits}g", lineterminator="\n")
        return path

    def publish(self, text: str) -> None:
        """Print the table; in a whole run, put it into the README too."""
        print(text)
        if not self.small:
            refresh(README, self.name, text)


def options(description: str | None) -> argparse.ArgumentParser:
    """The command line that all scripts share; they add to it what is their own."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a short version that leaves the README alone")
    return parser


def run_of(name: str, description: str | None, arguments: Sequence[str] | None = None) -> Run:
    """The run that the command line asks for."""
    return Run(name, options(description).parse_args(arguments).small)


def refresh(path: Path, name: str, text: str) -> None:
    """Replace what stands between the two markers of `name`.

    Raises
    ------
    ValueError
        If the file has not exactly one pair of these markers, in this order.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    page = path.read_text(encoding="utf-8")
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"{path} must have {begin} and, after it, {end}, once each")
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    path.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def markdown(frame: pd.DataFrame) -> str:
    """A frame of texts and numbers as a Markdown table: numbers to the right, bars in texts escaped."""
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) or _looks_numeric(frame[c]) for c in frame]
    lines = [[str(c) for c in frame.columns], ["---:" if n else "---" for n in numeric]]
    lines += [[str(value).replace("|", "\\|") for value in row] for row in frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """What the figures were measured on, in words."""
    import os

    import numpy as np

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = named[0] if named else model
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, numpy {np.__version__}"


def _looks_numeric(column: pd.Series) -> bool:
    return column.astype(str).str.match(r"^[\d.,\s%×<≤+−-]*\d[\d.,\s%×]*(\s*(ms|s|min|h))?$").all()
