"""A distribution of volumes for a control and two patient groups, and people drawn from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayescov.cohort.table import Cohort
from bayescov.design.edges import edge_coordinates, to_edges
from bayescov.errors import BayescovError

__all__ = ["CONTROL", "FIRST", "POPULATIONS", "SECOND", "Truth", "simulate_cohort"]

Floats = npt.NDArray[np.float64]
POPULATIONS = ("HC", "MS", "NMOSD")
CONTROL, FIRST, SECOND = 0, 1, 2


@dataclass(frozen=True)
class Truth:
    """A distribution of log volumes for each population, the control first.

    A person of population g has log volumes ``mean[g] + (severity - 1) * loading[g] + noise``: severity ~ Exponential(1),
    one number a person; noise is normal, or multivariate t with `dof` degrees of freedom.

    Attributes
    ----------
    name : str
    populations, regions : tuple of str
    mean : numpy.ndarray
        (population, region): mean of the log volumes, severity included.
    correlation : numpy.ndarray
        (population, region, region): exact correlations of the log volumes, severity included.
    sd : numpy.ndarray
        (population, region): exact standard deviations of the log volumes, severity included.
    loading : numpy.ndarray
        (population, region): change of log volume per unit of severity; zero where there is no severity.
    dof : float
        Degrees of freedom of the noise; ``inf`` for the normal.
    """

    name: str
    populations: tuple[str, ...]
    regions: tuple[str, ...]
    mean: Floats
    correlation: Floats
    sd: Floats
    loading: Floats
    dof: float = float("inf")

    @property
    def covariance(self) -> Floats:
        """(population, region, region): exact covariances of the log volumes."""
        return self.correlation * self.sd[:, :, None] * self.sd[:, None, :]

    @property
    def edges(self) -> Floats:
        """(population, edge): the correlations, in the order of `bayescov.design.edge_pairs`."""
        return to_edges(self.correlation)

    def to_dataset(self) -> xr.Dataset:
        """The truth with labels, as it is kept in ``Cohort.truth``."""
        percent = 100.0 * np.expm1(self.mean - self.mean[CONTROL])
        by_region = ("population", "region")
        return xr.Dataset(
            {
                "correlation": (("population", "edge"), self.edges),
                "mean": (by_region, self.mean),
                "sd": (by_region, self.sd),
                "loading": (by_region, self.loading),
                "difference_percent": (by_region, percent),
                "dof": ((), self.dof),
            },
            {
                "population": np.array(self.populations, object),
                "region": np.array(self.regions, object),
                **edge_coordinates(self.regions),
            },
            {"name": self.name, "scale": "natural logarithm of mm3"},
        )


def simulate_cohort(truth: Truth, sizes: Sequence[int] = (34, 40, 35), *, rng: np.random.Generator) -> Cohort:
    """Draw people from a truth.

    Parameters
    ----------
    truth : Truth
    sizes : sequence of int
        People in each population, in the order of ``truth.populations``.
    rng : numpy.random.Generator

    Returns
    -------
    Cohort
        Volumes in mm3, no covariates, and the truth as a Dataset in ``Cohort.truth``.

    Raises
    ------
    BayescovError
        If `sizes` does not name one number for each population.
    """
    if len(sizes) != len(truth.populations) or min(sizes) < 0:
        raise BayescovError(
            f"sizes={tuple(sizes)!r} must be one number of people for each of {', '.join(truth.populations)}"
        )
    codes = np.repeat(np.arange(len(sizes)), sizes)
    loading = truth.loading[codes]
    severity = rng.exponential(1.0, len(codes))
    noise_covariance = truth.covariance - truth.loading[:, :, None] * truth.loading[:, None, :]
    factors = np.linalg.cholesky(noise_covariance)
    noise = np.einsum("nij,nj->ni", factors[codes], rng.standard_normal(loading.shape))
    if np.isfinite(truth.dof):
        # scaled so that the noise keeps its covariance: a t of dof degrees has variance dof / (dof - 2)
        mixing = rng.chisquare(truth.dof, len(codes)) / (truth.dof - 2.0)
        noise /= np.sqrt(mixing)[:, None]
    log_volume = truth.mean[codes] + (severity - 1.0)[:, None] * loading + noise
    volumes = pd.DataFrame(
        np.exp(log_volume),
        index=[f"sub-{i:04d}" for i in range(1, len(codes) + 1)],
        columns=list(truth.regions),
    )
    return Cohort.from_frames(
        volumes,
        [truth.populations[c] for c in codes],
        control=truth.populations[CONTROL],
        attrs={"source": f"simulated truth {truth.name!r}", "tool": "simulation", "unit": "mm3"},
        truth=truth.to_dataset(),
    )
