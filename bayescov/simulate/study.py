"""The packaged study: MS, NMOSD and healthy controls as published, simulated, with the truth beside it."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import ndtr, ndtri

from bayescov.arguments import require_count, require_seed
from bayescov.cohort.table import Cohort
from bayescov.design.edges import edge_coordinates, from_edges, to_edges
from bayescov.errors import TableError, nearest
from bayescov.simulate.correlations import nearest_correlation, packaged_table

__all__ = ["simulate_study"]

Floats = npt.NDArray[np.float64]
STUDIES = ("ms-nmosd",)
CONTROL = "HC"
TYPICAL_AGE, TYPICAL_ICV = 36.0, 1.5e6
"""The packaged mean volumes are taken to hold at this age and head size, halfway between the sexes."""


def simulate_study(name: str = "ms-nmosd", *, seed: int, sizes: Mapping[str, int] | None = None) -> Cohort:
    """Simulate the packaged study: 40 MS, 35 NMOSD and 34 healthy controls, 15 regions, age, sex and head size.

    Healthy means, standard deviations, correlations and slopes come from 1,075 healthy people; effects in MS
    from published volumes. MS is smaller everywhere, gains 20 connections and loses 2; NMOSD is nowhere smaller,
    loses 16 and gains 2 (bilaterally, by .2 to .6). The numbers and their sources are in ``bayescov/simulate/tables``.

    Parameters
    ----------
    name : str
        ``"ms-nmosd"``.
    seed : int
        The same seed gives the same cohort.
    sizes : mapping of str to int, optional
        People in each group, where they should differ from the study's, for instance ``{"MS": 120}``.

    Returns
    -------
    Cohort
        Volumes in mm3, covariates ``age`` (years), ``sex`` (F, M) and ``icv`` (mm3). Its ``truth`` is a Dataset with
        ``correlation`` (population, edge), ``mean`` and ``sd`` (population, region) of log volume given the covariates,
        ``slope`` (covariate, region) of log volume, and ``difference_percent`` (population, region) from controls.

    Raises
    ------
    TableError
        If there is no study or group of that name.
    AnswerError
        If `seed` or a size is no whole number of at least 0.

    Examples
    --------
    >>> import bayescov as bc
    >>> bc.simulate_study("ms-nmosd", seed=2023)
    <Cohort: 34 HC, 40 MS, 35 NMOSD (control HC); 15 regions>
    """
    if name not in STUDIES:
        raise TableError(
            f"there is no study {name!r}{nearest(name, STUDIES)} (studies: {', '.join(STUDIES)})",
            source="simulate_study",
        )
    require_seed(seed)
    people = _people(sizes)
    truth = study_truth(people.index)
    of_people, of_noise = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    covariates = _covariates(people, of_people)
    group = np.repeat(people.index.to_numpy(), people["n"])
    volumes = _volumes(truth, group, covariates, of_noise)
    truth.attrs["seed"] = seed
    attrs = {
        "source": f"simulated study {name!r}, seed {seed}",
        "tool": "simulation",
        "unit": "mm3",
        "seed": seed,
    }
    return Cohort.from_frames(
        volumes, list(group), control=CONTROL, covariates=covariates, attrs=attrs, truth=truth
    )


def study_truth(populations: pd.Index | tuple[str, ...] = ("HC", "MS", "NMOSD")) -> xr.Dataset:
    """The parameters of the packaged study (see `simulate_study`), controls first."""
    healthy = packaged_table("healthy_regions").set_index("region")
    regions = list(healthy.index)
    names = [str(g) for g in populations]
    correlations = _correlations(regions, names)
    effects = packaged_table("volume_effects").set_index(["population", "structure"])
    structures = [_structure(r) for r in regions]
    percent, sd = np.zeros((len(names), len(regions))), np.tile(healthy["sd_log"].to_numpy(), (len(names), 1))
    for g, population in enumerate(names):
        if population != CONTROL:
            rows = effects.loc[population].loc[structures]
            percent[g] = rows["difference_percent"]
            sd[g] *= rows["sd_ratio"]
    return xr.Dataset(
        {
            "correlation": (("population", "edge"), to_edges(correlations)),
            "mean": (
                ("population", "region"),
                np.log(healthy["mean_mm3"].to_numpy()) + np.log1p(percent / 100),
            ),
            "sd": (("population", "region"), sd),
            "slope": (("covariate", "region"), healthy[["age_per_year", "male", "log_icv"]].to_numpy().T),
            "difference_percent": (("population", "region"), percent),
        },
        {
            "population": np.array(names, object),
            "region": np.array(regions, object),
            "covariate": np.array(["age", "sex[T.M]", "log(icv)"], object),
            **edge_coordinates(regions),
        },
        {
            "name": "ms-nmosd",
            "scale": "natural logarithm of mm3",
            "mean": f"at age {TYPICAL_AGE:g}, head size {TYPICAL_ICV:g} mm3, halfway between the sexes",
            "slope": "log volume per year of age, men against women, per unit of log head size",
            "sources": "bayescov/simulate/tables/SOURCES.md",
        },
    )


def _people(sizes: Mapping[str, int] | None) -> pd.DataFrame:
    people = packaged_table("people").set_index("population")
    for group, n in (sizes or {}).items():
        if group not in people.index:
            known = list(people.index)
            raise TableError(
                f"the study has no group {group!r}{nearest(group, known)} (groups: {', '.join(known)})",
                source="simulate_study",
            )
        people.loc[group, "n"] = require_count(f"sizes[{group!r}]", n, least=0)
    return people[people["n"] > 0]


def _correlations(regions: list[str], populations: list[str]) -> Floats:
    healthy = packaged_table("healthy_correlation").set_index("region").loc[regions, regions].to_numpy()
    effects = packaged_table("connection_effects")
    structures = np.array([_structure(r) for r in regions])
    matrices = np.repeat(healthy[None], len(populations), axis=0)
    for row in effects.itertuples():
        if row.population in populations:
            block = np.outer(structures == row.structure_a, structures == row.structure_b)
            matrices[populations.index(str(row.population))][block | block.T] = row.correlation
    return np.array([nearest_correlation(m) for m in matrices])


def _structure(region: str) -> str:
    return region.removeprefix("Left-").removeprefix("Right-")


def _covariates(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Ages 18 to 75; the published share of women, exactly; head size by sex."""
    frames = []
    for row in people.to_dict("records"):
        n = int(row["n"])
        low, high = ndtr((np.array([18.0, 75.0]) - row["age_mean"]) / row["age_sd"])
        age = (row["age_mean"] + row["age_sd"] * ndtri(rng.uniform(low, high, n))).round(1)
        male = np.arange(n) >= round(n * row["female"])
        typical = np.where(male, row["icv_male_mm3"], row["icv_female_mm3"])
        icv = (typical * np.exp(rng.normal(0.0, row["icv_sd_log"], n))).round()
        frames.append(pd.DataFrame({"age": age, "sex": np.where(male, "M", "F"), "icv": icv}))
    return pd.concat(frames, ignore_index=True)


def _volumes(
    truth: xr.Dataset, group: npt.NDArray[np.object_], covariates: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    x = np.column_stack(
        [
            covariates["age"] - TYPICAL_AGE,
            (covariates["sex"] == "M") - 0.5,
            np.log(covariates["icv"] / TYPICAL_ICV),
        ]
    )
    names = list(truth["population"].values)
    codes = np.array([names.index(g) for g in group])
    factors = np.linalg.cholesky(from_edges(truth["correlation"].values))
    noise = np.einsum("nij,nj->ni", factors[codes], rng.standard_normal((len(group), truth.sizes["region"])))
    log_volume = truth["mean"].values[codes] + x @ truth["slope"].values + truth["sd"].values[codes] * noise
    subjects = [f"sub-{i:03d}" for i in range(1, len(group) + 1)]
    return pd.DataFrame(np.exp(log_volume).round(1), index=subjects, columns=list(truth["region"].values))
