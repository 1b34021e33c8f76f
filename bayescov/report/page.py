"""The report: one HTML file with everything in it, made from a fit alone."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from markupsafe import Markup

from bayescov.design import Design
from bayescov.design.edges import edge_pairs, from_edges
from bayescov.errors import AnswerError
from bayescov.posterior.arguments import require_fit
from bayescov.report.drawings import changes_svg, matrix_svg
from bayescov.report.headline import sentences
from bayescov.report.layout import circle_angles, places
from bayescov.report.live import STEPS, LiveDraws, embed
from bayescov.report.methods import methods
from bayescov.report.outline import outlines
from bayescov.report.people import people
from bayescov.report.tables import connection_rows, volume_tables
from bayescov.sampling.diagnostics import diagnose
from bayescov.sampling.tree import design_of

__all__ = ["report"]

PARTS = Path(__file__).parent / "page"
SCRIPTS = ("counts.js", "pictures.js", "curve.js", "detail.js", "downloads.js", "live.js")


def report(
    fit: xr.DataTree,
    path: str | Path,
    *,
    classical: xr.Dataset | None = None,
    threshold: float = 0.3,
    margin: float = 0.1,
    kind: str = "correlation",
    fdr: float = 0.05,
    interval: float = 0.95,
    title: str = "Regional volumes and their connections",
    command: str | None = None,
) -> Path:
    """Write the report of a fit: one HTML file that opens from disk and loads nothing from anywhere.

    Parameters
    ----------
    fit : xarray.DataTree
        What `bayescov.fit` or `bayescov.load_fit` returned.
    path : str or pathlib.Path
        Where to write; missing folders are made.
    classical : xarray.Dataset, optional
        What `bayescov.permutation_test` returned for the same design; adds a comparison.
    threshold, margin, kind, fdr, interval
        As in `bayescov.connections`.
    title : str
        Heading of the page.
    command : str, optional
        What the user typed to get here, shown for whoever repeats it. By default the Python calls.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    AnswerError
        If this is no fit, or the file cannot be written.

    Examples
    --------
    >>> import bayescov as bc
    >>> cohort = bc.simulate_study("ms-nmosd", seed=1)
    >>> fit = bc.fit(bc.prepare(cohort), model="separate", seed=1)
    >>> bc.report(fit, "report.html").name  # doctest: +SKIP
    'report.html'
    """
    from bayescov.posterior import connections, volumes

    require_fit(fit, "correlation", "mean")
    edges = connections(fit, threshold=threshold, margin=margin, kind=kind, fdr=fdr, interval=interval)
    sizes = volumes(fit, interval=interval, fdr=fdr)
    text = _render(_context(fit, edges, sizes, classical, title, command))
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnswerError(f"the report cannot be written to {target}: {error.strerror}") from error
    return target


def _context(
    fit: xr.DataTree,
    edges: xr.Dataset,
    sizes: xr.Dataset,
    classical: xr.Dataset | None,
    title: str,
    command: str | None,
) -> dict[str, Any]:
    design = design_of(fit)
    found = diagnose(fit)
    script = _parts(*SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return {
        "title": title,
        "design": design,
        "headline": sentences(fit, edges, sizes, found),
        "people": people(design),
        "checks": [check for check in design.checks if check.passed is not True],
        "volume_tables": volume_tables(sizes),
        "matrices": _matrices(fit, design.regions),
        "changes": _changes(edges, design.regions),
        "connection_rows": connection_rows(edges),
        "settings": edges.attrs,
        "diagnosis": found,
        "methods": methods(fit, edges, design, found, command=command, classical=classical is not None),
        "live": _live(embed(fit, kind=edges.attrs["kind"]), edges.attrs, design),
        "style": _parts("style.css", "ramp.css", "live.css"),
        "picture_style": _parts("picture.css"),
        "script": script,
        # Nothing may be loaded, and no script may run but ours, whatever a table holds.
        "policy": f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src 'sha256-{digest}'",
    }


def _live(live: LiveDraws, settings: dict[str, Any], design: Design) -> dict[str, Any]:
    """Draws, and what the scripts need to know of the study."""
    regions = [
        {"name": name, "side": place.side, "mni": place.mni, "angle": round(float(angle), 5)}
        for name, place, angle in zip(
            design.regions, places(design.regions), circle_angles(design.regions), strict=True
        )
    ]
    rows, columns = edge_pairs(len(design.regions))
    blocks = {"fit": live.draws, **live.structures}
    study = {
        "regions": regions,
        "populations": list(design.populations),
        "edges": [[int(i), int(j)] for i, j in zip(rows, columns, strict=True)],
        "steps": STEPS,
        "blocks": [{"name": name, "draws": len(draws)} for name, draws in blocks.items()],
        "threshold": round(settings["threshold"] * STEPS),
        "margin": round(settings["margin"] * STEPS),
        "fdr": settings["fdr"],
        "interval": settings["interval"],
        "outline": outlines(),
    }
    return {
        "study": study,
        "text": live.as_text(),
        "draws": len(live.draws),
        "of": live.of,
        "structures": list(live.structures),
    }


def _matrices(fit: xr.DataTree, regions: tuple[str, ...]) -> list[tuple[str, Markup]]:
    mean = fit["posterior"]["correlation"].mean(("chain", "draw"))
    return [
        (
            str(group),
            matrix_svg(
                from_edges(np.asarray(mean.sel(population=group).values, dtype=float)),
                regions,
                title=f"Correlations of regional volumes in {group}, posterior means",
            ),
        )
        for group in mean["population"].to_numpy()
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


def _render(context: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(PARTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(context)


def _parts(*names: str) -> Markup:
    """Our own style sheets and scripts, as they are."""
    return Markup("\n".join((PARTS / name).read_text(encoding="utf-8") for name in names))
