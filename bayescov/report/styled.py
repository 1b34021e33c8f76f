"""A styled table whose every output is escaped for itself: HTML, LaTeX."""

import html
import math
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from bayescov.report.words import share

__all__ = ["Supplement", "latex", "number"]

# What LaTeX reads as a command, or its oldest fonts print as another sign.
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$", '"': "''", "−": "$-$",
    "≤": r"$\le$", "≥": r"$\ge$",
}  # fmt: skip
_SIGNS = re.compile("|".join(map(re.escape, _LATEX)))
_NEGATIVE = re.compile(r"(?<![\w.])-(?=\d)")


def latex(text: Any) -> str:
    r"""Text as LaTeX prints it.

    Examples
    --------
    >>> from bayescov.report.styled import latex
    >>> print(latex("rho_g < -0.2 & 95 %"))
    rho\_g $<$ $-$0.2 \& 95 \%
    """
    return _NEGATIVE.sub("$-$", _SIGNS.sub(lambda found: _LATEX[found[0]], str(text)))


def number(value: float) -> str:
    """Two digits, and no minus before a zero."""
    text = f"{value:.2f}"
    return "–" if math.isnan(value) else "0.00" if text == "-0.00" else text


def shown(column: str) -> Callable[[Any], str]:
    """How the cells of a column are written: a probability is never a false 0 or 1."""
    write = share if column.startswith("p ") else number
    return lambda cell: write(cell) if isinstance(cell, float) else str(cell)


class Supplement(Styler):
    """A `pandas` Styler with escaped cells, heads and caption; ``to_latex`` needs the package booktabs."""

    def __init__(self, data: pd.DataFrame, *, caption: str = "", **options: Any) -> None:
        super().__init__(data, **options)
        self.hide(axis="index").set_caption(html.escape(caption))
        self.format({c: _escaped(shown(str(c))) for c in data.columns})
        self.format_index(lambda head: html.escape(str(head)), axis="columns")

    def to_latex(self, buf: Any = None, **options: Any) -> Any:
        """As `pandas.io.formats.style.Styler.to_latex`, without colours, with rules as in a printed table."""
        own: Any = self
        columns = {c: own.data[c].map(shown(str(c))).map(latex) for c in own.data.columns}
        plain = pd.DataFrame(columns).rename(columns=latex)
        styler = plain.style.hide(axis="index").set_caption(latex(html.unescape(own.caption or "")))
        return styler.to_latex(buf, **({"hrules": True} | options))


def _escaped(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda cell: html.escape(write(cell))
