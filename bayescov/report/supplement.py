"""Answers as a formatted table for a paper's supplement."""

from typing import TYPE_CHECKING

import xarray as xr

from bayescov.posterior.frames import to_frame
from bayescov.report.figures.shared import COLOURS

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
        With ``to_html``, ``to_latex`` and ``to_excel``. Names are escaped.

    Examples
    --------
    >>> import bayescov as bc
    >>> fit = bc.fit(bc.prepare(bc.simulate_study("ms-nmosd", seed=1)), model="separate", seed=1, progress=False)
    >>> bc.supplement(bc.volumes(fit)).to_html("volumes.html")  # doctest: +SKIP
    """
    frame = to_frame(answers)
    level = f"{100 * float(answers.attrs['interval']):g} %"
    for low in [str(c) for c in frame.columns if str(c).endswith("_low")]:
        name = low.removesuffix("_low")
        place = list(frame.columns).index(low)
        ends = zip(frame.pop(low), frame.pop(f"{name}_high"), strict=True)
        frame.insert(place, f"{name}, {level}", [f"{a:.2f} to {b:.2f}" for a, b in ends])
    frame.columns = [HEADS.get(str(c), str(c).replace("_", " ")) for c in frame.columns]
    definitions = "; ".join(
        f"{key.removeprefix('definition_')}: {text}"
        for key, text in answers.attrs.items()
        if key.startswith("definition_")
    )
    return (
        frame.style.format(precision=2, escape="html")
        .hide(axis="index")
        .map(lambda verdict: f"color: {COLOURS[verdict]}; font-weight: 600", subset=["Verdict"])
        .set_caption(f"Against {answers.attrs['control']}. {definitions}.")
    )


def supplement_page(*answers: xr.Dataset) -> str:
    """One HTML page of the tables of several answers, to open in a browser or a word processor."""
    tables = "\n".join(supplement(one).to_html() for one in answers)
    return f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Supplement</title>\n{tables}\n</html>\n'
