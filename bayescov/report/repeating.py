"""How to make the fit and its report again: the commands that were typed, or the Python calls with the fit's own arguments."""

import json
from typing import Any

import xarray as xr

from bayescov.cohort.regions import default_atlas
from bayescov.design import Design
from bayescov.sampling.tree import asked_of, seed_of, spec_of

__all__ = ["repeating"]


def repeating(fit: xr.DataTree, connections: xr.Dataset, design: Design, command: str | None) -> str:
    """First what made the fit, then what made the report, where that was not the same command."""
    made = str(fit.attrs.get("command", ""))
    lines = [made] if made else _fit_calls(fit, design)
    if command is None:
        lines += [] if made else _report_calls(connections)
    elif command != made:
        lines.append(command)
    return "\n".join(lines)


def _fit_calls(fit: xr.DataTree, design: Design) -> list[str]:
    """Up to the fit; the table's own name is the only thing a reader may have to mend."""
    chosen: dict[str, Any] = {"model": spec_of(fit).name, "seed": seed_of(fit), **asked_of(fit)}
    return [
        "import bayescov as bc",
        f"cohort = bc.read_cohort({_reading(fit, design)})",
        f"design = bc.prepare({', '.join(['cohort', *_preparing(design)])})",
        f"fit = bc.fit({', '.join(['design', *(f'{k}={v!r}' for k, v in chosen.items())])})",
    ]


def _reading(fit: xr.DataTree, design: Design) -> str:
    cohort = json.loads(str(fit.attrs.get("cohort", "{}")))
    column = cohort.get("group_column")
    arguments = [
        repr(str(cohort.get("source", "volumes.csv"))),
        f"control={design.control!r}",
        f"group={column!r}" if column else "group=...",
    ]
    if set(design.regions) != set(default_atlas().subcortical()):
        arguments.append(f"regions={list(design.regions)!r}")
    if excluded := cohort.get("excluded"):
        names = excluded.split(", ") if isinstance(excluded, str) else list(excluded)
        arguments.append(f"exclude={names!r}")
    if visit := cohort.get("visit"):
        arguments.append(f"visit={visit!r}")
    return ", ".join(arguments)


def _preparing(design: Design) -> list[str]:
    arguments = [f"covariates={design.formula!r}"] if design.formula else []
    if design.transform != "log":
        arguments.append(f"transform={design.transform!r}")
    if design.site is not None:
        column = design.site.attrs.get("column")
        arguments.append(f"site={column!r}" if column else "site=...")
    return arguments


def _report_calls(connections: xr.Dataset) -> list[str]:
    a = connections.attrs
    rule = f"threshold={a['threshold']:g}, margin={a['margin']:g}, kind={a['kind']!r}, fdr={a['fdr']:g}"
    return [f"edges = bc.connections(fit, {rule})", f"bc.report(fit, 'report.html', {rule})"]
