"""What a fit says about one person: mean and covariance of the volumes, in every draw. Plain arrays from here on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from bayescov.design import Design, from_edges
from bayescov.posterior.arguments import draws_of, require_fit
from bayescov.posterior.draws import thinned
from bayescov.sampling.tree import design_of

__all__ = ["Parameters", "parameters_of"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int_]


@dataclass(frozen=True)
class Parameters:
    """Draws of everything a person's volumes depend on.

    Attributes
    ----------
    mean : ndarray
        (draw, population, region): at average covariates, over the mixture of sites that was seen.
    covariance : ndarray
        (draw, population, region, region): of the volumes, or the scale matrix of a Student t.
    slope : ndarray
        (draw, covariate, region)
    site : ndarray
        (draw, site, region): departures from that mixture of sites; one site of zeros where there are none.
    dof : ndarray or None
        (draw,): degrees of freedom; None for the normal.
    """

    mean: Floats
    covariance: Floats
    slope: Floats
    site: Floats
    dof: Floats | None

    def __len__(self) -> int:
        return len(self.mean)

    def locations(self, draw: int, x: Floats, population: Codes, site: Codes | None) -> Floats:
        """(person, region): expected volumes of people with covariates `x`, of these populations and sites."""
        expected = self.mean[draw][population] + x @ self.slope[draw]
        return expected if site is None else expected + self.site[draw][site]

    def of_population(self, draw: int, g: int, x: Floats, site: Codes | None) -> Floats:
        """(person, region): expected volumes, if all people were of population `g`."""
        return self.locations(draw, x, np.full(len(x), g), site)

    def deviations(self, draw: int, g: int, people: int, rng: np.random.Generator) -> Floats:
        """(person, region): by how much the volumes of so many new people of population `g` are off what is expected."""
        noise = rng.standard_normal((people, self.mean.shape[-1]))
        if self.dof is not None:
            nu = self.dof[draw]
            noise /= np.sqrt(rng.gamma(nu / 2, 2 / nu, size=people))[:, None]
        return np.asarray(noise @ np.linalg.cholesky(self.covariance[draw, g]).T)


def parameters_of(fit: xr.DataTree, draws: int | None = None) -> Parameters:
    """The parameters of a fit, in `draws` evenly spaced draws (all of them by default)."""
    require_fit(fit, "correlation", "sd", "mean")
    design = design_of(fit)
    names = fit["posterior"].data_vars

    def values(name: str) -> Floats:
        drawn = draws_of(fit, name)
        return np.asarray(drawn if draws is None else thinned(drawn, draws), dtype=float)

    mean, sd = values("mean"), values("sd")
    correlation = from_edges(values("correlation"))
    n_draws, _, p = mean.shape
    return Parameters(
        mean=mean,
        covariance=correlation * sd[..., :, None] * sd[..., None, :],
        slope=values("slope") if "slope" in names else np.zeros((n_draws, len(design.covariates), p)),
        site=_sites(values("site_effect"), design) if "site_effect" in names else np.zeros((n_draws, 1, p)),
        dof=values("dof") if "dof" in names else None,
    )


def _sites(effects: Floats, design: Design) -> Floats:
    """Effects of all sites (the first is the reference: zero) minus their mean over the people seen."""
    everyone = np.concatenate([np.zeros_like(effects[:, :1]), effects], axis=1)
    codes = np.zeros(1, dtype=int) if design.site is None else design.site.values
    share = np.bincount(codes, minlength=len(design.sites)) / len(codes)
    return np.asarray(everyone - np.einsum("s,dsj->dj", share, everyone)[:, None])
