"""The report: one HTML file with everything in it, made from a fit alone."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import xarray as xr
from markupsafe import Markup

from bayescov.errors import AnswerError
from bayescov.posterior.arguments import require_fit
from bayescov.report.belonging import require_belonging, require_same_rule
from bayescov.report.context import Extras, context
from bayescov.sampling.diagnostics import Diagnosis, diagnose
from bayescov.sampling.tree import design_of

__all__ = ["report"]

PARTS = Path(__file__).parent / "page"
SCRIPTS = ("counts.js", "pictures.js", "curve.js", "detail.js", "downloads.js", "live.js")


def report(
    fit: xr.DataTree,
    path: str | Path,
    *,
    classical: xr.Dataset | None = None,
    networks: xr.Dataset | None = None,
    checks: xr.Dataset | None = None,
    sensitivity: xr.Dataset | None = None,
    network_test: xr.Dataset | None = None,
    differentiation: xr.Dataset | None = None,
    models: xr.Dataset | None = None,
    diagnosis: Diagnosis | None = None,
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
    networks, sensitivity : xarray.Dataset, optional
        What `bayescov.networks` and `bayescov.sensitivity` returned for this fit; each adds a section.
    network_test : xarray.Dataset, optional
        What `bayescov.network_test` returned for the same design; its p-values stand beside `networks`.
    differentiation : xarray.Dataset, optional
        What `bayescov.differentiate` returned for the same design; adds a section.
    models : xarray.Dataset, optional
        What `bayescov.compare_models` returned for this fit and others; adds a table.
    checks : xarray.Dataset, optional
        What `bayescov.posterior_predictive_checks` returned. Without it the checks are made, up to 40 regions.
    diagnosis : Diagnosis, optional
        What `bayescov.diagnose` returned, where it is at hand already.
    threshold, margin, kind, fdr, interval
        As in `bayescov.connections`.
    title : str
        Heading of the page.
    command : str, optional
        What the user typed to get the report, shown for whoever repeats it, after what made the fit: the command that is
        stored in it, or the Python calls.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    AnswerError
        If this is no fit, one of the answers is of another kind, of another study or by another threshold, margin or
        kind, or the file cannot be written.

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
    require_belonging(
        design_of(fit), networks=networks, network_test=network_test, checks=checks, sensitivity=sensitivity,
        differentiation=differentiation, models=models,
    )  # fmt: skip
    if network_test is not None and networks is None:
        raise AnswerError(
            "network_test= is shown beside networks=, which is not given; make it with bayescov.networks(fit)"
        )
    rule = {"threshold": threshold, "margin": margin, "kind": kind}
    require_same_rule(rule, networks=networks, network_test=network_test, sensitivity=sensitivity)
    edges = connections(fit, threshold=threshold, margin=margin, kind=kind, fdr=fdr, interval=interval)
    sizes = volumes(fit, interval=interval, fdr=fdr)
    extras = Extras(classical, networks, checks, sensitivity, network_test, differentiation, models)
    found = diagnosis or diagnose(fit)
    text = _render(context(fit, edges, sizes, found, extras, title=title, command=command))
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnswerError(f"the report cannot be written to {target}: {error.strerror}") from error
    return target


def _render(filled: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    script = _parts(*SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    environment = Environment(
        loader=FileSystemLoader(PARTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        **filled,
        style=_parts("style.css", "ramp.css", "live.css", "strips.css"),
        picture_style=_parts("picture.css"),
        script=script,
        # Nothing may be loaded, and no script may run but ours, whatever a table holds.
        policy=f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src 'sha256-{digest}'",
    )


def _parts(*names: str) -> Markup:
    """Our own style sheets and scripts, as they are."""
    return Markup("\n".join((PARTS / name).read_text(encoding="utf-8") for name in names))
