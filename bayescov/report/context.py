"""What each section of the page says: answers put into the shapes that the templates fill in."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from markupsafe import Markup

from bayescov.cohort.table import CheckResult
from bayescov.design import Design
from bayescov.design.edges import edge_pairs, from_edges
from bayescov.posterior.arguments import correlation_draws
from bayescov.posterior.headline import CERTAINTY
from bayescov.report.apart import apart, model_rows, model_sentence
from bayescov.report.drawings import LABELLED_AT_MOST, changes_svg, matrix_svg
from bayescov.report.fragility import fragility
from bayescov.report.headline import sentences
from bayescov.report.layout import circle_angles, places
from bayescov.report.live import STEPS, LiveDraws, embed, how_far
from bayescov.report.methods import methods
from bayescov.report.networks import network_meanings, network_tables
from bayescov.report.outline import outlines
from bayescov.report.people import people
from bayescov.report.tables import connection_rows, volume_tables
from bayescov.report.twin import beside_twin, short_test
from bayescov.sampling.diagnostics import Diagnosis
from bayescov.sampling.tree import design_of

__all__ = ["Extras", "context"]

# Checks of the model take a second for fourteen regions; for a whole cortex they are made only where asked for.
CHECKED_UP_TO = 40
CHECKED_WITH = 100


class Extras(NamedTuple):
    """Answers that a report shows where it is given them."""

    classical: xr.Dataset | None = None
    networks: xr.Dataset | None = None
    checks: xr.Dataset | None = None
    sensitivity: xr.Dataset | None = None
    network_test: xr.Dataset | None = None
    differentiation: xr.Dataset | None = None
    models: xr.Dataset | None = None


def context(
    fit: xr.DataTree,
    edges: xr.Dataset,
    sizes: xr.Dataset,
    found: Diagnosis,
    extras: Extras,
    *,
    title: str,
    command: str | None,
) -> dict[str, Any]:
    """Everything the templates ask for but styles and scripts."""
    design = design_of(fit)
    twin = None if extras.classical is None else beside_twin(edges, extras.classical)
    return {
        "title": title,
        "design": design,
        "headline": sentences(fit, edges, sizes, found),
        "people": people(design),
        "checks": [check for check in design.checks if check.passed is not True],
        "volume_tables": volume_tables(sizes),
        "volume_margin": float(sizes.attrs["margin"]),
        "same_sd": sizes.attrs.get("same_sd"),
        "matrices": _matrices(fit, edges.attrs["kind"], design.regions),
        "measure": _measure(edges.attrs["kind"]),
        "changes": _changes(edges, design.regions),
        "named_pictures": len(design.regions) <= LABELLED_AT_MOST,
        "connection_rows": connection_rows(edges),
        "settings": edges.attrs,
        "live": _live(
            embed(fit, kind=edges.attrs["kind"], interval=edges.attrs["interval"]),
            edges,
            design,
            extras.sensitivity,
        ),
        **_networks(extras),
        "apart": None if extras.differentiation is None else apart(extras.differentiation),
        "twin": twin,
        "twin_name": "" if extras.classical is None else short_test(extras.classical),
        "diagnosis": found,
        "checks_of_model": _checks_of_model(fit, design, extras.checks),
        "structure_note": _structure_note(edges),
        **_fragility(extras.sensitivity),
        "models": None if extras.models is None else model_rows(extras.models),
        "model_sentence": None if extras.models is None else model_sentence(extras.models),
        "methods": methods(fit, edges, sizes, design, found, command=command, classical=extras.classical),
    }


def _networks(extras: Extras) -> dict[str, Any]:
    if extras.networks is None:
        return {"networks": None}
    return {
        "networks": network_tables(extras.networks, extras.network_test),
        "network_draws": f"{extras.networks.attrs['draws']:,}",
        "network_meanings": network_meanings(extras.networks),
        "network_note": extras.networks.attrs.get("bias", ""),
    }


def _fragility(sensitivity: xr.Dataset | None) -> dict[str, Any]:
    if sensitivity is None:
        return {"fragility": None}
    return {"fragility": fragility(sensitivity), "fragility_certainty": sensitivity.attrs["certainty"]}


def _checks_of_model(fit: xr.DataTree, design: Design, checks: xr.Dataset | None) -> tuple[CheckResult, ...]:
    from bayescov.posterior import judge_predictions, posterior_predictive_checks

    if checks is None and len(design.regions) > CHECKED_UP_TO:
        return ()
    if checks is None:
        checks = posterior_predictive_checks(fit, draws=CHECKED_WITH)
    return judge_predictions(checks)


def _structure_note(edges: xr.Dataset) -> str:
    """How far the probabilities move over the structural special cases, and what that costs in verdicts."""
    if "p_added_low" not in edges:
        return ""
    width = (edges["p_unchanged_high"] - edges["p_unchanged_low"]).values
    open_edges = int((width > 0.3).sum())
    return (
        f"The data were also fitted by the structural special cases of the model ({edges.attrs['structures'].replace('structure_', '')}). "
        f"Over them the probability that a connection changed moves by {np.median(width):.2f} in the median and at most "
        f"{width.max():.2f}; for {open_edges} of {width.size} connections it moves by more than 0.3. "
        "What is stated is the average over the model and the special cases, each with a share by how well it foretells every "
        f"person from all others ({edges.attrs['structure_shares']}). A connection is called only if it is probable enough by the "
        "model alone, and averaged with any one special case."
    )


def _live(
    live: LiveDraws, edges: xr.Dataset, design: Design, sensitivity: xr.Dataset | None
) -> dict[str, Any]:
    """Draws, and what the scripts need to know of the study; a direction is said from the same certainty as in `sensitivity`."""
    settings = edges.attrs
    certainty = CERTAINTY if sensitivity is None else float(sensitivity.attrs["certainty"])
    regions = [
        {"name": name, "side": place.side, "mni": place.mni, "angle": round(float(angle), 5)}
        for name, place, angle in zip(
            design.regions, places(design.regions), circle_angles(design.regions), strict=True
        )
    ]
    rows, columns = edge_pairs(len(design.regions))
    blocks = {"stated": live.draws, **live.structures}
    study = {
        "regions": regions,
        "populations": list(design.populations),
        "edges": [[int(i), int(j)] for i, j in zip(rows, columns, strict=True)],
        "steps": STEPS,
        "blocks": [
            {"name": name, "draws": len(draws), "weight": live.weights.get(name, 0.0)}
            for name, draws in blocks.items()
        ],
        "threshold": round(settings["threshold"] * STEPS),
        "margin": round(settings["margin"] * STEPS),
        "fdr": settings["fdr"],
        "interval": live.interval,
        "certainty": certainty,
        "measure": _measure(settings["kind"]),
        "difference": live.difference.tolist(),
        "outline": outlines(),
    }
    return {
        "study": study,
        "text": live.as_text(),
        "draws": len(live.draws),
        "of": live.of,
        "structures": list(live.structures),
        "how_far": how_far(live, edges),
    }


def _measure(kind: str) -> str:
    return "partial correlation" if kind == "partial" else "correlation"


def _matrices(fit: xr.DataTree, kind: str, regions: tuple[str, ...]) -> list[tuple[str, Markup]]:
    mean = correlation_draws(fit, kind).mean(axis=0)
    return [
        (
            str(group),
            matrix_svg(
                from_edges(np.asarray(row, dtype=float)),
                regions,
                title=f"{_measure(kind).capitalize()}s of regional volumes in {group}, posterior means",
            ),
        )
        for group, row in zip(fit["posterior"]["population"].to_numpy(), mean, strict=True)
    ]


def _changes(edges: xr.Dataset, regions: tuple[str, ...]) -> list[tuple[str, Markup]]:
    pictures = []
    for group in edges["population"].values:
        row = edges.sel(population=group)
        picture = changes_svg(
            row["p_added"].values,
            row["p_missing"].values,
            [str(v) for v in row["verdict"].values],
            regions,
            title=f"Connections added (above the diagonal) and missing (below) in {group}",
        )
        pictures.append((str(group), picture))
    return pictures
