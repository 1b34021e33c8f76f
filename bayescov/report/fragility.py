"""Does the study's sentence survive? Every scenario of `sensitivity` as a mark on one axis, and in words."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayescov.report.words import listing, plural, share

__all__ = [
    "KINDS",
    "Direction",
    "Fragility",
    "FragilityRow",
    "direction",
    "fragility",
    "fragility_sentences",
    "said",
]

KINDS = {
    "definition": "other thresholds and margins",
    "structure": "its special cases, or the average over all",
    "prior": "weaker and stronger priors",
    "likelihood": "weaker and stronger data",
    "person": "without one person",
    "refit": "other models, fitted again",
}
PARTS = {
    "kappa": "how close the groups are (kappa)",
    "shared": "the shared correlations",
    "coupling": "a shift of all correlations (coupling)",
    "attenuation": "regions that lose their connections (attenuation)",
    "share": "how many connections changed (share)",
    "size": "how large the changes are (size)",
    "spread": "the standard deviations",
    "mean": "the means",
}
MOVES = 0.05
NAMED = 4


class Direction(NamedTuple):
    """What the baseline says, or leans to where nothing is decided, and its probability (scenario,)."""

    text: str
    p: np.ndarray


class FragilityRow(NamedTuple):
    """One kind of change. `marks` are (percent of the axis, survives) of each scenario that can be trusted."""

    what: str
    marks: tuple[tuple[float, bool], ...]
    reach: str
    kept: str
    broken_by: str


class Fragility(NamedTuple):
    """One patient group: its sentence, where it stands on the axis of the direction asked, and how it fares."""

    group: str
    sentence: str
    asked: str
    at: float
    summary: str
    rows: tuple[FragilityRow, ...]
    hangs_on: str


def fragility(sensitivity: xr.Dataset) -> list[Fragility]:
    """One entry a patient group from what `bayescov.sensitivity` returned."""
    return [_group(sensitivity.sel(population=g), str(g)) for g in sensitivity["population"].to_numpy()]


def fragility_sentences(sensitivity: xr.Dataset) -> list[str]:
    """The same in words alone."""
    lines = []
    for one in fragility(sensitivity):
        broken = [f"{row.what}: {row.broken_by}" for row in one.rows if row.broken_by]
        tail = f" It does not hold with {'; '.join(broken)}." if broken else ""
        lines.append(f"{one.sentence} {one.summary}{tail} {one.hangs_on}".strip())
    return lines


def direction(data: xr.Dataset) -> Direction:
    """Which of the two directions to draw for one patient group.

    Only one: draws may hold as many added as missing connections, so that neither probability is one minus the other, and a
    single axis has room for the limit of one of them.
    """
    gained, lost = (data[f"p_more_{way}"].to_numpy() for way in ("added_than_missing", "missing_than_added"))
    sentence = str(data["sentence"].to_numpy()[0])
    if sentence == "more missing" or (sentence == "not decided" and lost[0] > gained[0]):
        return Direction("lost more connections than it gained", lost)
    return Direction("gained more connections than it lost", gained)


def said(sentence: str, group: str) -> str:
    """The sentence of a scenario, in full."""
    return {
        "more added": f"{group} gained more connections than it lost.",
        "more missing": f"{group} lost more connections than it gained.",
        "not decided": f"It is not decided whether {group} gained or lost more connections.",
    }[sentence]


def _group(data: xr.Dataset, group: str) -> Fragility:
    asked = direction(data)
    kinds = data["kind"].to_numpy().astype(str)
    trusted = data["trusted"].to_numpy().astype(bool)
    survives = data["survives"].to_numpy().astype(bool)
    rows = [_row(data, asked.p, kinds == kind, kind) for kind in KINDS if (kinds == kind).any()]
    scenario = kinds != "baseline"
    kept, of = int((survives & trusted & scenario).sum()), int((trusted & scenario).sum())
    lost = int((~trusted).sum())
    summary = f"The sentence holds in {kept} of {plural(of, 'scenario')}"
    summary += f"; {plural(lost, 'more is', 'more are')} unclear (these draws cannot tell)." if lost else "."
    return Fragility(
        group=group,
        sentence=said(str(data["sentence"].to_numpy()[0]), group),
        asked=asked.text,
        at=_percent(asked.p[0]),
        summary=summary,
        rows=tuple(rows),
        hangs_on=_hangs_on(data),
    )


def _row(data: xr.Dataset, p: np.ndarray, mine: np.ndarray, kind: str) -> FragilityRow:
    trusted = mine & data["trusted"].to_numpy().astype(bool)
    survives = data["survives"].to_numpy().astype(bool)
    labels = data["scenario"].to_numpy().astype(str)
    lost = int((mine & ~trusted).sum())
    parts = [f"{int((trusted & survives).sum())} of {int(trusted.sum())}"] if trusted.any() else []
    parts += [f"{lost} unclear"] if lost else []
    ends = (share(float(p[trusted].min())), share(float(p[trusted].max()))) if trusted.any() else ("–", "–")
    return FragilityRow(
        what=KINDS[kind],
        marks=tuple((_percent(p[k]), bool(survives[k])) for k in np.flatnonzero(trusted)),
        reach=ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}",
        kept=", ".join(parts),
        broken_by=listing([str(s) for s in labels[trusted & ~survives]], most=NAMED),
    )


def _hangs_on(data: xr.Dataset) -> str:
    """Which priors the balance of gains and losses moves with, by the power-scaling diagnostic."""
    if "psense_difference" not in data:
        return ""
    moved = {
        str(part): float(value)
        for part, value in zip(data["part"].to_numpy(), data["psense_difference"].to_numpy(), strict=True)
        if value > MOVES and part != "likelihood"
    }
    if not moved:
        return "No single prior moves the balance of gains and losses (power-scaling diagnostic below 0.05 for each)."
    named = [
        f"{PARTS.get(name, name)}: {value:.2f}"
        for name, value in sorted(moved.items(), key=lambda item: -item[1])
    ]
    return f"The balance of gains and losses moves with the priors of {listing(named)} (power-scaling diagnostic; above 0.05 it moves)."


def _percent(p: float) -> float:
    return round(100 * float(p), 1)
