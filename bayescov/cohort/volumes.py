"""`read_volumes`: what any tool wrote, as one labelled Dataset in mm3."""

import json
import os
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescov.cohort.atlas import read_atlas
from bayescov.cohort.columns import tidy_names
from bayescov.cohort.covariates import typed
from bayescov.cohort.heads import with_heads
from bayescov.cohort.readers import Source, read_any
from bayescov.cohort.regions import Atlas
from bayescov.cohort.units import to_mm3
from bayescov.errors import TableError

__all__ = ["read_volumes"]


def read_volumes(
    path: Source,
    *,
    id: str | None = None,
    unit: str | None = None,
    atlas: str | os.PathLike[str] | None = None,
) -> xr.Dataset:
    """Read the volumes that any volumetry tool wrote.

    FreeSurfer 5-8 (``subjects_dir``, stats files, asegstats2table and aparcstats2table), FastSurfer, SynthSeg, SAMSEG,
    FSL FIRST and SIENAX, volBrain, CAT12, ENIGMA, and wide, long or transposed tables. The tool is recognised from the
    content. Formats of SynthSeg, SAMSEG, volBrain and CAT12 were reconstructed from the programs, not seen on real files.

    Parameters
    ----------
    path : path, list of paths, or pandas.DataFrame
        A file, the folder the tool made, or several to be joined on the id.
    id : str, optional
        The column of ids of a table; found by its name if not given.
    unit : {"mm3", "cm3", "ml", "l"}, optional
        Overrides the unit that is stated or guessed.
    atlas : path, optional
        A CSV file that describes further regions.

    Returns
    -------
    xarray.Dataset
        ``volume`` (subject, region) in mm3, NaN where missing, under canonical names; ``hemisphere``, ``structure`` (region);
        ``icv`` and other measures of the whole head (subject) in mm3; every other column (subject). Ids may repeat.
        Attributes: ``tool``, ``unit_of_source``, ``source``, and ``quirks``, a JSON list of (name, passed, sentence).

    Raises
    ------
    TableError
        If it cannot be read. Lists all problems.

    Examples
    --------
    >>> import pandas as pd, bayescov as bc
    >>> table = pd.DataFrame({"SubjID": ["007"], "Lthal": [7.6], "Rthal": [7.5], "Lput": [5.1], "ICV": [1480.0]})
    >>> data = bc.read_volumes(table)
    >>> float(data["volume"].sel(subject="007", region="Left-Thalamus")), float(data["icv"].item())
    (7600.0, 1480000.0)
    """
    known = read_atlas(atlas)
    reading = with_heads(read_any(path, known, id=id), known)
    name = reading.source or "the table"
    problems = list(reading.problems)
    raw = reading.volumes.set_axis(pd.Index(reading.subjects, name="subject"))
    converted = to_mm3(raw, known, stated=reading.stated(), wanted=unit)
    volumes = converted.volumes
    heads = [n for n in volumes if n in known and known[str(n)].kind in ("icv", "global")]
    regions = [str(n) for n in volumes if n not in heads]
    problems += converted.problems
    if not regions and not heads:
        shown = ", ".join(map(repr, list(reading.others.columns)[:20]))
        problems.append(
            f"no column is a known brain region (columns: {shown}); describe them in a file (atlas= of read_volumes in Python)"
        )
    if problems:
        raise TableError(problems, source=name)
    others, coded = typed(tidy_names(reading.others)[0])
    variables: dict[str, Any] = {"volume": (("subject", "region"), volumes[regions].to_numpy(dtype=float))}
    for column, values in {**{c: volumes[c] for c in heads}, **dict(others.items())}.items():
        label = (
            f"{column}_"
            if column in ("volume", "subject", "region", "hemisphere", "structure")
            else str(column)
        )
        numeric = pd.api.types.is_numeric_dtype(values)
        variables.setdefault(label, ("subject", values.to_numpy(dtype=float if numeric else object)))
    quirks = [*reading.quirks, converted.check, *coded]
    return xr.Dataset(
        variables,
        coords={
            "subject": np.array(reading.subjects, dtype=object),
            "region": np.array(regions, dtype=object),
            "hemisphere": (
                "region",
                np.array([_about(known, r, "hemisphere") for r in regions], dtype=object),
            ),
            "structure": ("region", np.array([_about(known, r, "structure") for r in regions], dtype=object)),
        },
        attrs={
            "tool": reading.tool,
            "source": name,
            "unit_of_source": converted.unit,
            "quirks": json.dumps([[q.name, q.passed, q.text] for q in quirks]),
        },
    )


def _about(atlas: Atlas, region: str, what: str) -> str:
    known = atlas.regions.get(region)
    return str(getattr(known, what)) if known is not None else ("" if what == "hemisphere" else region)
