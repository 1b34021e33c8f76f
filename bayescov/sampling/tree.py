"""A fit: labelled draws and everything they came from, as one DataTree."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

import bayescov
from bayescov.design import Design
from bayescov.errors import FitError
from bayescov.model.spec import ModelSpec

__all__ = ["DIMS", "asked_of", "assemble", "design_of", "seed_of", "settings_of", "spec_of", "study_of"]

# Dimensions of every posterior variable after (chain, draw). `patient` holds the patient groups alone; what the controls may
# have as well is over `population` where they do.
DIMS: dict[str, tuple[str, ...]] = {
    "correlation": ("population", "edge"),
    "sd": ("population", "region"),
    "mean": ("population", "region"),
    "slope": ("covariate", "region"),
    "site_effect": ("site", "region"),
    "mean_shift": ("patient",),
    "mean_spread": ("patient",),
    "mean_symmetry": ("patient",),
    "mean_share": ("patient",),
    "mean_included": ("patient", "region"),
    "slope_mean": ("covariate",),
    "slope_spread": ("covariate",),
    "slope_symmetry": ("covariate",),
    "site_spread": (),
    "site_symmetry": (),
    "spread_shift": ("patient",),
    "spread_size": ("patient",),
    "shared_correlation": ("edge",),
    "kappa": (),
    "closeness": (),
    "included": ("patient", "edge"),
    "shared_level": (),
    "shared_scale": ("region",),
    "coupling": ("patient",),
    "attenuation": ("patient", "region"),
    "share": ("patient",),
    "size": ("patient",),
    "dof": (),
}
PACKAGES = ("bayescov", "numpy", "scipy", "numba", "pymc", "nutpie", "arviz", "xarray", "pandas")


def assemble(
    design: Design,
    spec: ModelSpec,
    posterior: Mapping[str, Any],
    *,
    seed: int | None,
    engine: str,
    settings: Mapping[str, Any],
    sample_stats: Mapping[str, Any] | None = None,
    structures: Mapping[str, Mapping[str, Any]] | None = None,
    cohort_attrs: Mapping[str, Any] | None = None,
) -> xr.DataTree:
    """Label draws and put them, the data and the way they were made into one tree.

    Parameters
    ----------
    design : Design
    spec : ModelSpec
    posterior : mapping of str to array
        Variables of `DIMS`, each (chain, draw, ...). `kappa` and `closeness` may carry a population dimension; `included`, `share`
        and `size` are over populations where the controls depart as well.
    seed : int or None
    engine : {"gibbs", "nuts"}
    settings : mapping
        Draws, chains, warm-up: whatever repeats the run.
    sample_stats : mapping, optional
        Arrays (chain, draw). `log_likelihood` (chain, draw, subject) becomes a group of its own: the log density of each
        person given the parameters and the other people of the group, the covariance integrated out.
    structures : mapping, optional
        For each structural special case (``"pooled"``, ``"sparse"``) its own variables.
    cohort_attrs : mapping, optional
        Where the data came from.

    Returns
    -------
    xarray.DataTree
    """
    groups: dict[str, xr.Dataset] = {"posterior": _labelled(design, posterior)}
    stats = dict(sample_stats or {})
    pointwise = stats.pop("log_likelihood", None)
    if stats:
        groups["sample_stats"] = _sample_stats(stats, groups["posterior"])
    if pointwise is not None:
        labels = {d: groups["posterior"][d] for d in ("chain", "draw")} | {
            "subject": design.coords()["subject"]
        }
        groups["log_likelihood"] = xr.Dataset({"y": (("chain", "draw", "subject"), pointwise)}, labels)
    for name, variables in (structures or {}).items():
        groups[f"structure_{name}"] = _labelled(design, variables)
    stored = design.to_dataset()
    groups["observed_data"] = stored[["y"]].drop_attrs()
    groups["constant_data"] = stored.drop_vars("y")
    tree = xr.DataTree.from_dict(groups)
    tree.attrs.update(
        {
            "kind": "bayescov fit",
            "model": spec.to_json(),
            "seed": "none" if seed is None else str(seed),
            "engine": engine,
            "settings": json.dumps(dict(settings), sort_keys=True),
            "versions": json.dumps(_versions()),
            "cohort": json.dumps(dict(cohort_attrs or {}), sort_keys=True, default=str),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
    return tree


def _labelled(design: Design, variables: Mapping[str, Any]) -> xr.Dataset:
    known = design.coords()
    known["patient"] = np.array(design.patients, dtype=object)
    if "site" in known:
        known["site"] = known["site"][1:]
    arrays: dict[str, Any] = {}
    used: set[str] = set()
    for name, drawn in variables.items():
        values = np.asarray(drawn)
        dims = DIMS[name]
        if name in ("kappa", "closeness") and values.ndim == 3:
            dims = ("population",)
        if name in ("included", "share", "size") and values.shape[2] > len(known["patient"]):
            dims = ("population", *dims[1:])
        arrays[name] = (("chain", "draw", *dims), values)
        used.update(dims)
    chains, draws = next(iter(arrays.values()))[1].shape[:2]
    coords: dict[str, Any] = {"chain": np.arange(chains), "draw": np.arange(draws)}
    coords |= {d: known[d] for d in sorted(used)}
    if "edge" in used:
        coords |= {"region_a": known["region_a"], "region_b": known["region_b"]}
    return xr.Dataset(arrays, coords)


def _sample_stats(stats: Mapping[str, Any], posterior: xr.Dataset) -> xr.Dataset:
    arrays = {k: (("chain", "draw"), np.asarray(v)) for k, v in stats.items()}
    return xr.Dataset(arrays, {d: posterior[d] for d in ("chain", "draw")})


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "bayescov": bayescov.__version__}
    return found | {name: version(name) for name in PACKAGES if name != "bayescov"}


def _require_fit(fit: xr.DataTree) -> None:
    if not isinstance(fit, xr.DataTree) or fit.attrs.get("kind") != "bayescov fit":
        raise FitError(
            f"this is not a fit made by bayescov but {type(fit).__name__}; give what `fit(design)` or `load_fit(path)` returned"
        )


def design_of(fit: xr.DataTree) -> Design:
    """The design a fit was made from."""
    _require_fit(fit)
    data = fit["constant_data"].to_dataset()
    return Design.from_dataset(data.assign(y=fit["observed_data"]["y"]))


def study_of(fit: xr.DataTree) -> str:
    """`Design.study` of the design a fit was made from; empty where the fit does not hold it."""
    return design_of(fit).study if {"constant_data", "observed_data"} <= set(fit.children) else ""


def spec_of(fit: xr.DataTree) -> ModelSpec:
    """The model a fit was made with."""
    _require_fit(fit)
    return ModelSpec.from_json(fit.attrs["model"])


def settings_of(fit: xr.DataTree) -> dict[str, Any]:
    """Draws, chains, warm-up and whatever else repeats the run."""
    _require_fit(fit)
    settings: dict[str, Any] = json.loads(fit.attrs["settings"])
    return settings


def seed_of(fit: xr.DataTree) -> int:
    """The seed that a fit was drawn with; 0 where none is known."""
    seed = str(fit.attrs.get("seed", ""))
    return int(seed) if seed.isdigit() else 0


def asked_of(fit: xr.DataTree) -> dict[str, Any]:
    """The arguments of `bayescov.fit` that were given; of an older fit, what was kept."""
    settings = settings_of(fit)
    kept: dict[str, Any] = {k: settings[k] for k in ("draws", "tune", "chains") if k in settings}
    asked: dict[str, Any] = json.loads(str(fit.attrs.get("asked", "{}")))
    return asked or kept
