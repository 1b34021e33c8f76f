"""What a chain is made of: plain arrays under names."""

from collections import namedtuple

Data = namedtuple(
    "Data",
    [
        "regressors", "codes", "sizes", "row_kind", "partner", "paired", "missing", "any_missing", "student", "blocks", "block_chance",
        "block_middle", "block_spread", "unit", "along_coupling", "log_kappas", "gammas", "many_regions",
    ],
)  # fmt: skip

Prior = namedtuple(
    "Prior",
    [
        "shift_sd", "spread_scale", "site_scale", "symmetry_a", "symmetry_b", "has_focal", "focal_a", "focal_b", "same_sd",
        "dof_shape", "dof_rate",
        "has_shared", "eta", "family", "control_sd", "ratio_shift_sd", "ratio_spread_scale",
        "learns_kappa", "kappa_median", "kappa_width", "kappa_atom", "kappa_each",
        "has_coupling", "coupling_share", "coupling_scale", "has_attenuation", "attenuation_share", "attenuation_shape",
        "has_sparse", "first_departing", "share_a", "share_b", "size_median", "size_width",
    ],
)  # fmt: skip

State = namedtuple(
    "State",
    [
        "u", "metric", "dual", "anchor", "anchor_inverse", "kappa", "coupling", "attenuation", "delta", "included", "n_active",
        "share", "size", "w", "row_mean", "row_sd", "row_symmetry", "row_included", "row_share", "y", "weight", "dof",
        "sigma", "omega", "xx", "xy", "yy", "scatter", "scale", "level", "pull", "running",
        "block_chance", "block_middle", "block_spread", "block_seen", "region_chance", "region_seen",
        "shared", "center", "log_d", "scaled", "step", "acceptance", "diverging",
    ],
)  # fmt: skip

Draws = namedtuple(
    "Draws",
    [
        "correlation", "sd", "w", "row_mean", "row_sd", "row_symmetry", "row_included", "row_share", "shared", "ratio_shift",
        "ratio_size", "scale", "level", "kappa", "coupling", "attenuation", "included", "share", "size", "dof",
        "acceptance", "diverging", "log_likelihood",
    ],
)  # fmt: skip
