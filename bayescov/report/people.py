"""Who was studied: numbers of people, covariates and missing volumes of each group."""

from typing import NamedTuple

import numpy as np

from bayescov.design import Design

__all__ = ["Fact", "people"]


class Fact(NamedTuple):
    """One row of the table of people: what, and one cell for each group."""

    what: str
    cells: tuple[str, ...]


def people(design: Design) -> list[Fact]:
    """Rows for the table of people, the control group first.

    A numeric covariate is given as mean (SD), one on a logarithmic scale as its geometric mean, a level of a
    categorical one as number and percent.
    """
    codes = design.population.values
    groups = [codes == g for g in range(len(design.populations))]
    rows = [Fact("People", tuple(str(int(mask.sum())) for mask in groups))]
    raw = design.x.values * design.covariate_scale.values + design.covariate_center.values
    for k, name in enumerate(design.covariates):
        rows.append(_covariate(name, [raw[mask, k] for mask in groups]))
    if design.site is not None:
        sites = design.site.values
        cells = [
            ", ".join(
                f"{design.sites[s]}: {n}"
                for s in range(len(design.sites))
                if (n := int((sites[mask] == s).sum()))
            )
            for mask in groups
        ]
        rows.append(Fact("Sites", tuple(cells)))
    missing = np.isnan(design.y.values)
    if missing.any():
        cells = [f"{int(missing[mask].sum())} of {missing[mask].size}" for mask in groups]
        rows.append(Fact("Missing volumes", tuple(cells)))
    return rows


def _covariate(name: str, columns: list[np.ndarray]) -> Fact:
    everyone = np.concatenate(columns)
    if set(np.round(everyone, 9)) <= {0.0, 1.0}:
        cells = [f"{c.sum():.0f} ({100 * c.mean():.0f} %)" for c in columns]
        return Fact(_level(name), tuple(cells))
    if name.startswith("log(") and name.endswith(")"):
        cells = [f"{_number(float(np.exp(c.mean())))}" for c in columns]
        return Fact(f"{name[4:-1]}, geometric mean", tuple(cells))
    return Fact(
        f"{name}, mean (SD)", tuple(f"{_number(c.mean())} ({_number(c.std(ddof=1))})" for c in columns)
    )


def _level(name: str) -> str:
    """``sex[T.M]`` as ``sex: M``."""
    head, bracket, level = name.partition("[T.")
    return f"{head}: {level[:-1]}" if bracket and level.endswith("]") else name


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
