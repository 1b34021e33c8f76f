"""A title above the header: cells of one study's name, a date, a remark, before the table begins."""

import re
from collections import Counter

from bayescov.cohort.people import listed
from bayescov.errors import TableError

__all__ = ["require_no_title"]

_NUMBER = re.compile(r"[+-]?[\d.,]*\d(e[+-]?\d+)?", re.IGNORECASE)
_LINES, _HIGH = 60, 8
"""How many lines tell the width of a table, and how many a title may have."""


def require_no_title(text: str, source: str, *, above: int) -> None:
    """Refuse a table whose header stands below a title, however wide a spreadsheet made the title's row.

    Parameters
    ----------
    text : str
        The table from its first line on.
    source : str
    above : int
        Lines of the file before it.

    Raises
    ------
    TableError
        If the first row has few cells, most rows have many, and one of the next is a header: names, and no number among them.
    """
    lines = [(row, line) for row, line in enumerate(text.split("\n")[:_LINES], above + 1) if line.strip()]
    if len(lines) < 3:
        return
    for delimiter in "\t;,|":
        rows = [(row, [cell.strip(' "') for cell in line.split(delimiter)]) for row, line in lines]
        width, n = Counter(len(cells) for _, cells in rows).most_common(1)[0]
        if width < 3 or n <= len(rows) / 2 or sum(map(bool, rows[0][1])) >= width / 2:
            continue
        for row, cells in rows[1:_HIGH]:
            if len(cells) == width and _are_names(cells, delimiter):
                raise TableError(
                    f"the header stands in row {row} of the file ({listed(list(map(repr, cells)), 3)}); delete what is above it, "
                    "so that it comes first",
                    source=source,
                )


def _are_names(cells: list[str], delimiter: str) -> bool:
    """Whether these cells can be a header; the column of ids may have no name.

    Rows with decimal commas fall apart at these too, but then the other delimiter, a blank perhaps, parts numbers within the cells.
    """
    parted = [word for c in cells for word in c.split()] if delimiter == "," else cells
    return (
        all(cells[1:])
        and not any(map(_NUMBER.fullmatch, parted))
        and not any(set(c) & set("\t;|") for c in cells)
    )
