"""Small fits in the schema of the real ones, made from stated matrices: no sampler is needed to test answers."""

import numpy as np
import pandas as pd
import xarray as xr

from bayescov.cohort.table import Cohort
from bayescov.design import prepare
from bayescov.model import load_model


def random_correlations(rng, shape, p, people=30):
    """Sample correlation matrices of `people` people under one random truth, (*shape, p, p)."""
    loading = rng.normal(size=(p, 2))
    truth = loading @ loading.T + np.eye(p)
    root = np.linalg.cholesky(truth)
    data = rng.normal(size=(*shape, people, p)) @ root.T
    scatter = np.swapaxes(data, -1, -2) @ data
    scale = np.sqrt(np.diagonal(scatter, axis1=-2, axis2=-1))
    return scatter / (scale[..., :, None] * scale[..., None, :])


def fake_design(rng, regions, sizes):
    """A design of random volumes; `sizes` maps each group to its number of people, the control first."""
    group = [g for g, n in sizes.items() for _ in range(n)]
    table = np.exp(rng.normal(8.0, 0.1, size=(len(group), len(regions))))
    frame = pd.DataFrame(table, index=[f"s{i}" for i in range(len(group))], columns=list(regions))
    return prepare(Cohort.from_frames(frame, group, control=next(iter(sizes))))


def fake_fit(correlation, *, design, mean=None, included=None, structures=None, model="separate"):
    """A DataTree with the groups and dims of a fit; `correlation` is (chain, draw, population, edge)."""
    coords = design.coords()
    chains, draws, _, _ = correlation.shape
    if mean is None:
        mean = np.zeros((chains, draws, len(design.populations), len(design.regions)))
    dims = ("chain", "draw")
    edge = {k: coords[k] for k in ("population", "edge", "region_a", "region_b")}
    variables = {
        "correlation": ((*dims, "population", "edge"), correlation),
        "mean": ((*dims, "population", "region"), mean),
        "sd": ((*dims, "population", "region"), np.ones_like(mean)),
    }
    labels = {"chain": np.arange(chains), "draw": np.arange(draws), **edge, "region": coords["region"]}
    if included is not None:
        variables["included"] = ((*dims, "patient", "edge"), included)
        labels["patient"] = coords["population"][1:]
    stored = design.to_dataset()
    groups = {
        "/": xr.Dataset(attrs={"model": model if model.startswith("{") else load_model(model).to_json()}),
        "posterior": xr.Dataset(variables, labels),
        "observed_data": stored[["y"]].drop_attrs(),
        "constant_data": stored.drop_vars("y"),
    }
    for name, values in (structures or {}).items():
        shape = values.shape[:2]
        groups[f"structure_{name}"] = xr.Dataset(
            {"correlation": ((*dims, "population", "edge"), values)},
            {"chain": np.arange(shape[0]), "draw": np.arange(shape[1]), **edge},
        )
    return xr.DataTree.from_dict(groups)
