"""Answers as a formatted table for a paper's supplement."""

from typing import TYPE_CHECKING

import xarray as xr

from bayescov.posterior.frames import to_frame
from bayescov.report.figures.shared import COLOURS
from bayescov.report.words import share

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

__all__ = ["supplement", "supplement_page"]

HEADS = {
    "population": "Group",
    "region": "Region",
    "region_a": "Region",
    "region_b": "and",
    "verdict": "Verdict",
}


def supplement(answers: xr.Dataset) -> "Styler":
    """Format what `connections` or `volumes` returned: two digits, intervals in one cell, verdicts coloured.

    Parameters
    ----------
    answers : xarray.Dataset
        What `bayescov.connections` or `bayescov.volumes` returned.

    Returns
    -------
    pandas.io.formats.style.Styler
        With ``to_html``, ``to_latex`` (for a document with booktabs; no colours) and ``to_excel`` (where openpyxl is
        installed). Names are escaped for each.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.supplement(bc.volumes(fit)).to_html("volumes.html")  # doctest: +SKIP
    """
    from bayescov.report.styled import Supplement, number

    frame = to_frame(answers)
    level = f"{100 * float(answers.attrs['interval']):g} %"
    for low in [str(c) for c in frame.columns if str(c).endswith("_low")]:
        name = low.removesuffix("_low")
        write, what = (share, "range") if name.startswith("p_") else (number, level)
        place = list(frame.columns).index(low)
        ends = zip(frame.pop(low), frame.pop(f"{name}_high"), strict=True)
        frame.insert(place, f"{name}, {what}", [f"{write(a)} to {write(b)}" for a, b in ends])
    frame.columns = [HEADS.get(str(c), str(c).replace("_", " ")) for c in frame.columns]
    return Supplement(frame, caption=_caption(answers)).map(
        lambda verdict: f"color: {COLOURS[verdict]}; font-weight: 600", subset=["Verdict"]
    )


def _caption(answers: xr.Dataset) -> str:
    """Against whom, by which rule, and what every word means."""
    a = answers.attrs
    rule = ", ".join(f"{name} {a[name]:g}" for name in ("threshold", "margin", "fdr") if name in a)
    definitions = "; ".join(
        f"{key.removeprefix('definition_')}: {text}"
        for key, text in a.items()
        if key.startswith("definition_")
    )
    return f"Against {a['control']}, with {rule}. {definitions}."


def supplement_page(*answers: xr.Dataset) -> str:
    """One HTML page of the tables of several answers, to open in a browser or a word processor."""
    tables = "\n".join(supplement(one).to_html() for one in answers)
    return f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Supplement</title>\n{tables}\n</html>\n'
