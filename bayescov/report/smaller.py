"""Which regions are smaller or larger, in sentences, and how many of them are so without the others."""

import numpy as np
import xarray as xr

from bayescov.classical import ancova
from bayescov.design import Design
from bayescov.errors import AnswerError
from bayescov.report.words import listing, plural, signed

__all__ = ["NAMED_AT_MOST", "volume_sentences"]

NAMED_AT_MOST = 4


def volume_sentences(volumes: xr.Dataset, design: Design) -> list[str]:
    """A sentence for each patient group with smaller or larger regions, and one for all others."""
    lines, nothing = [], []
    called = np.isin(volumes["verdict"].values, ("smaller", "larger")).any()
    alone = _without_pooling(design) if called else None
    n_regions = volumes.sizes["region"]
    control = volumes.attrs["control"]
    for group in volumes["population"].values:
        row = volumes.sel(population=group)
        verdict = row["verdict"].values
        parts = [
            text for kind in ("smaller", "larger") if (text := _changed_regions(row, verdict, kind, control))
        ]
        if not parts:
            nothing.append(str(group))
            continue
        rest = [
            f"{(verdict == kind).sum()} {kind}"
            for kind in ("unchanged", "undecided")
            if (verdict == kind).any()
        ]
        tail = f"; of the rest, {listing(rest)}" if rest else ""
        lines.append(
            f"Volumes, {group}: of {plural(n_regions, 'region')}, {'; '.join(parts)}{tail}.{_confirmed(row, alone)}"
        )
    if nothing:
        lines.append(
            f"Volumes, {listing(nothing)}: no region can be called smaller or larger than in {control}."
        )
    return lines


def _without_pooling(design: Design) -> xr.Dataset | None:
    """Each region by itself; None where groups and sites cannot be told apart without a prior."""
    try:
        return ancova(design)
    except AnswerError:
        return None


def _confirmed(row: xr.Dataset, alone: xr.Dataset | None) -> str:
    """How many of the regions that are called differ without the others as well: pooling draws regions along with those that do."""
    if alone is None:
        return ""
    verdict, fdr = row["verdict"].values, float(row.attrs["fdr"])
    by_itself = alone.sel(population=row["population"].item(), region=row["region"].values)
    smaller = by_itself["difference_sd"].values < 0
    same = np.where(smaller, "smaller", "larger") == verdict
    count = int((same & (by_itself["q_value"].values <= fdr)).sum())
    said = int(np.isin(verdict, ("smaller", "larger")).sum())
    verb = "differs" if count == 1 else "differ"
    text = f" Each by itself, not pooled with the others (ANCOVA, FDR {100 * fdr:g} %), {count} of these {said} {verb}"
    return f"{text}: where few regions differ, pooling draws others along." if count < said else f"{text}."


def _changed_regions(row: xr.Dataset, verdict: np.ndarray, kind: str, control: str) -> str:
    picked = np.flatnonzero(verdict == kind)
    if not len(picked):
        return ""
    percent = row["difference_percent"].values
    by_size = picked[np.argsort(-np.abs(percent[picked]))]
    names = [f"{row['region'].values[j]} {signed(percent[j], 1)} %" for j in by_size]
    verb = "is" if len(picked) == 1 else "are"
    return f"{len(picked)} {verb} {kind} than in {control} ({listing(names, most=NAMED_AT_MOST)})"
