"""The Design: the standardised arrays a model sees, with labels and the way back to units."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayescov.cohort.sides import homologous_pairs
from bayescov.cohort.table import CheckResult
from bayescov.design.edges import edge_coordinates
from bayescov.errors import AnswerError, BayescovError

__all__ = ["Design", "require_design"]

Floats = npt.NDArray[np.float64]

DECIMALS = 8
"""Of a region's standard deviation: far below what any tool measures, far above what rounding does to a region in another unit."""


@dataclass(frozen=True)
class Design:
    """Standardised volumes, groups and covariates. Immutable; made by `prepare`.

    Attributes
    ----------
    y : xarray.DataArray
        (subject, region): transformed volumes, minus `center`, divided by `scale`; NaN where missing.
    x : xarray.DataArray
        (subject, covariate): columns of the formula without intercept, centred over all subjects and divided
        by their standard deviation. May have no column.
    population : xarray.DataArray
        (subject,): the position of each subject's group in `populations`.
    populations : tuple of str
        Group names; the control first.
    center, scale : xarray.DataArray
        (region,): the controls' mean and residual standard deviation on the transformed scale, after the covariates; differences
        between sites are in it.
    covariate_center, covariate_scale : xarray.DataArray
        (covariate,)
    transform : {"log", "identity"}
    formula : str
        Right-hand side, as the user wrote it; ``""`` without covariates.
    levels : dict of str to list of str
        Levels of each categorical covariate, the reference first.
    site : xarray.DataArray or None
        (subject,): the position of each subject's site in `sites`; ``attrs["column"]`` is the cohort's column.
    sites : tuple of str
    checks : tuple of CheckResult
    """

    y: xr.DataArray
    x: xr.DataArray
    population: xr.DataArray
    populations: tuple[str, ...]
    center: xr.DataArray
    scale: xr.DataArray
    covariate_center: xr.DataArray
    covariate_scale: xr.DataArray
    transform: str
    formula: str
    levels: dict[str, list[str]]
    site: xr.DataArray | None = None
    sites: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()

    @property
    def control(self) -> str:
        """The reference group."""
        return self.populations[0]

    @property
    def patients(self) -> tuple[str, ...]:
        """All groups but the control."""
        return self.populations[1:]

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions."""
        return tuple(self.y["region"].values)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Ids of the subjects."""
        return tuple(self.y["subject"].values)

    @cached_property
    def homologues(self) -> tuple[tuple[int, int], ...]:
        """Positions of left and right of every structure that is there on both sides, known by the regions' names."""
        return tuple(homologous_pairs(self.regions))

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the columns of `x`."""
        return tuple(self.x["covariate"].values)

    @property
    def sizes(self) -> Floats:
        """Number of subjects in each population."""
        return np.bincount(self.population.values, minlength=len(self.populations)).astype(float)

    @property
    def n_missing(self) -> int:
        """Number of missing volumes."""
        return int(np.isnan(self.y.values).sum())

    @cached_property
    def study(self) -> str:
        """A digest of people, regions, volumes, covariates and sites: the same for a design and its fits, and hardly for another."""
        labels = [self.populations, self.subjects, self.regions, self.covariates, self.sites]
        found = hashlib.blake2b(json.dumps(labels, default=str).encode(), digest_size=8)
        for part in (self.y, self.x, self.population, *([] if self.site is None else [self.site])):
            rounded = np.round(part.values.astype(float), DECIMALS) + 0.0  # no minus zero
            found.update(rounded.tobytes())
        return found.hexdigest()

    def coords(self) -> dict[str, Any]:
        """Coordinates for every dimension a fit may use."""
        coords: dict[str, Any] = {
            "population": np.array(self.populations, dtype=object),
            "region": np.array(self.regions, dtype=object),
            "covariate": np.array(self.covariates, dtype=object),
            "subject": np.array(self.subjects, dtype=object),
            **edge_coordinates(self.regions),
        }
        if self.site is not None:
            coords["site"] = np.array(self.sites, dtype=object)
        return coords

    def dummies(self) -> Floats:
        """(subject, population): one where the subject belongs to the group."""
        return np.eye(len(self.populations))[self.population.values]

    def regressors(self) -> Floats:
        """(subject, column): group dummies, covariates, and site dummies without the first site."""
        blocks = [self.dummies(), self.x.values]
        if self.site is not None:
            blocks.append(np.eye(len(self.sites))[self.site.values][:, 1:])
        return np.hstack(blocks)

    def percent(self, standardised: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
        """A difference in control SDs (last dim region) as percent of the controls' volume.

        `scale` is `Design.scale` of the same regions. On the log scale the percentage is exact:
        ``100 * (exp(difference) - 1)``; on the identity scale it is relative to the controls' mean.
        """
        raw = np.asarray(standardised, dtype=float) * np.asarray(scale, dtype=float)
        if self.transform == "log":
            return np.asarray(100.0 * np.expm1(raw))
        return np.asarray(100.0 * raw / self.center.values)

    def to_dataset(self) -> xr.Dataset:
        """Everything but the checks' tables, as one Dataset that `from_dataset` turns back."""
        variables = {
            "y": self.y,
            "x": self.x,
            "population_code": self.population,
            "center": self.center,
            "scale": self.scale,
            "covariate_center": self.covariate_center,
            "covariate_scale": self.covariate_scale,
        }
        if self.site is not None:
            variables["site_code"] = self.site
        attrs = {
            "populations": json.dumps(self.populations),
            "sites": json.dumps(self.sites),
            "transform": self.transform,
            "formula": self.formula,
            "levels": json.dumps(self.levels),
            "checks": json.dumps([[c.name, c.passed, c.text] for c in self.checks]),
        }
        return xr.Dataset({k: v.rename(k) for k, v in variables.items()}, attrs=attrs)

    @classmethod
    def from_dataset(cls, data: xr.Dataset) -> "Design":
        """The design stored by `to_dataset`."""
        attrs = data.attrs
        return cls(
            y=data["y"],
            x=data["x"],
            population=data["population_code"].astype(int),
            populations=tuple(json.loads(attrs["populations"])),
            center=data["center"],
            scale=data["scale"],
            covariate_center=data["covariate_center"],
            covariate_scale=data["covariate_scale"],
            transform=str(attrs["transform"]),
            formula=str(attrs["formula"]),
            levels=json.loads(attrs["levels"]),
            site=data["site_code"].astype(int) if "site_code" in data else None,
            sites=tuple(json.loads(attrs["sites"])),
            checks=tuple(CheckResult(n, p, t) for n, p, t in json.loads(attrs["checks"])),
        )

    def __repr__(self) -> str:
        """One line: who, what, and what is taken out; the arrays are for `frame`."""
        sizes = ", ".join(f"{n:.0f} {g}" for n, g in zip(self.sizes, self.populations, strict=True))
        parts = [f"{len(self.regions)} regions", f"transform {self.transform}"]
        parts += [f"covariates {', '.join(self.covariates)}"] if self.covariates else []
        parts += [f"{len(self.sites)} sites"] if self.sites else []
        parts += [f"missing volumes: {self.n_missing}"] if self.n_missing else []
        return f"<Design: {sizes} (control {self.control}); {'; '.join(parts)}>"

    def frame(self) -> pd.DataFrame:
        """Standardised volumes, group and covariates side by side, for a look."""
        left = pd.DataFrame(self.y.values, index=list(self.subjects), columns=list(self.regions))
        left.insert(0, "group", [self.populations[i] for i in self.population.values])
        return left


def require_design(value: Any, asked: str, *, error: type[BayescovError] = AnswerError) -> Design:
    """The design that is `asked` for, or a sentence on where to get one."""
    if isinstance(value, Design):
        return value
    raise error(f"{asked} needs a Design, not {type(value).__name__}; make one with prepare(cohort)")
