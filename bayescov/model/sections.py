"""The sections of a declared model: what of the likelihood and of every prior can be set, and what each is."""

from dataclasses import dataclass

__all__ = [
    "REQUIRED_SECTIONS", "SECTIONS", "AttenuationPrior", "CouplingPrior", "DensePrior", "FocalPrior", "Likelihood", "MeanPrior",
    "SharedPrior", "SparsePrior", "SpreadPrior",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """Distribution of a person's volumes around the mean.

    ``normal``, or ``student``: each person's covariance is divided by a weight w ~ Gamma(nu/2, nu/2), with
    nu - 2 ~ Gamma(`dof_shape`, `dof_rate`).
    """

    family: str = "normal"
    dof_shape: float = 2.0
    dof_rate: float = 0.1


@dataclass(frozen=True, kw_only=True)
class MeanPrior:
    """Priors of means and slopes, in control SDs.

    alpha_j ~ Normal(0, `intercept_sd`). Patient group g: delta_gj ~ Normal(d_g, t_g), d_g ~ Normal(0, `shift_sd`),
    t_g ~ HalfNormal(`spread_scale`); covariate k likewise with b_k and s_k. Site effects ~ Normal(0, u),
    u ~ HalfNormal(`site_scale`), the first site being the reference. Left and right of one structure depart from d_g alike:
    they correlate with lambda_g ~ Beta(`symmetry_a`, `symmetry_b`), the symmetry of the group; each covariate's likewise, and one
    of all sites. Regions whose homologue is not there, and different structures, are independent.
    """

    intercept_sd: float = 2.0
    shift_sd: float = 2.0
    spread_scale: float = 1.0
    site_scale: float = 1.0
    symmetry_a: float = 1.0
    symmetry_b: float = 1.0


@dataclass(frozen=True, kw_only=True)
class FocalPrior:
    """Structures of a patient group, left and right together, whose means are hardly other than those of the controls.

    delta of either side is Normal(0, `same_sd`) with probability 1 - q_g, else both are as in `MeanPrior`;
    q_g ~ Beta(`share_a`, `share_b`). Not exactly zero: some tens of people cannot tell a small loss from none, and
    with exact zeros the intervals of small losses held them far too seldom.
    """

    share_a: float = 1.0
    share_b: float = 1.0
    same_sd: float = 0.15


@dataclass(frozen=True, kw_only=True)
class SpreadPrior:
    """Priors of the group standard deviations D, in control SDs.

    log D_cj ~ Normal(0, `control_sd`); log D_gj - log D_cj ~ Normal(m_g, v_g), m_g ~ Normal(0, `shift_sd`),
    v_g ~ HalfNormal(`spread_scale`).
    """

    control_sd: float = 0.5
    shift_sd: float = 0.5
    spread_scale: float = 0.3


@dataclass(frozen=True, kw_only=True)
class SharedPrior:
    """The correlation matrix R_0 that the groups share.

    ``family = "marginal"``: the correlation matrix of InverseWishart(p - 1 + 2 `eta`, I), so that every single
    correlation is Beta(`eta`, `eta`) on (-1, 1), uniform for `eta` = 1, however many regions there are (Barnard,
    McCulloch and Meng 2000). ``family = "lkj"``: LKJ(`eta`), which pulls all correlations towards zero the more
    the more regions there are (at 15 regions and 86 people, a mean correlation of .32 to .22). ``family = "common"``:
    the correlation matrix of InverseWishart(p - 1 + 2 `eta`, (1 - rho) I + rho 11'), rho ~ Uniform(0, 1): what all
    correlations have in common is learned, and single ones are drawn towards it instead of towards zero.
    """

    family: str = "marginal"
    eta: float = 1.0


@dataclass(frozen=True, kw_only=True)
class DensePrior:
    """How alike the groups are at all edges at once: Sigma_g ~ InverseWishart(kappa + p + 1, kappa Psi_g).

    With probability `atom` kappa is infinite (Sigma_g = Psi_g exactly), else
    log kappa ~ Normal(log `median`, `width`); `width` = 0 fixes kappa at `median`. With `per_population`
    each population has a kappa of its own.
    """

    median: float = 40.0
    width: float = 1.5
    atom: float = 0.0
    per_population: bool = False


@dataclass(frozen=True, kw_only=True)
class SparsePrior:
    """Single edges at which a group departs from the shared matrix, on Fisher's z scale.

    Delta_ge = 0 with probability 1 - pi_g, else Normal(0, tau_g); pi_g ~ Beta(`share_a`, `share_b`),
    log tau_g ~ Normal(log `size_median`, `size_width`). With `controls` the controls depart like any patient group where
    there are two or more of those, so that a change which all patients share is one departure, not many; with a single
    patient group, and without `controls`, the controls' matrix is R_0.
    """

    share_a: float = 1.0
    share_b: float = 4.0
    size_median: float = 0.3
    size_width: float = 0.3
    controls: bool = False


@dataclass(frozen=True, kw_only=True)
class CouplingPrior:
    """A shift of all correlations of a patient group at once: c_g, the coupling.

    c_g = 0 with probability 1 - `share`, else Normal(0, `scale`). The group's correlations start from
    1 - (1 - R_0) exp(-c_g): where c_g > 0, as if one more factor, the same for all regions, explained a share
    1 - exp(-c_g) of every variance; where c_g < 0, as if the others had such a factor more (as far as R_0 allows:
    the result must be positive definite). A shift by c followed by one by d is a shift by c + d, so the same matrices can
    be reached whichever group is called the control; how probable they are beforehand does depend on it.
    """

    share: float = 0.1
    scale: float = 0.3


@dataclass(frozen=True, kw_only=True)
class AttenuationPrior:
    """A region of a patient group that keeps only a share of all its correlations: a_gi, the attenuation (Spearman 1904).

    a_gi = 1 (nothing is lost) with probability 1 - `share`, else Beta(1, `shape`), so that a region that comes loose keeps
    1 / (1 + `shape`) on average. The correlation of regions i and j is multiplied by a_gi a_gj, after the coupling and before
    single-edge departures: as if a share 1 - a_gi^2 of the region's variance were its own.
    """

    share: float = 0.01
    shape: float = 1.0


SECTIONS: dict[str, type] = {
    "likelihood": Likelihood,
    "mean": MeanPrior,
    "focal": FocalPrior,
    "spread": SpreadPrior,
    "shared": SharedPrior,
    "dense": DensePrior,
    "coupling": CouplingPrior,
    "attenuation": AttenuationPrior,
    "sparse": SparsePrior,
}
REQUIRED_SECTIONS = ("likelihood", "mean")
