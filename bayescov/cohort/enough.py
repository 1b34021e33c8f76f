"""What a fit needs of a cohort, whatever the formula: controls to scale by, and two regions to connect."""

import numpy as np
import pandas as pd

__all__ = ["ONE_REGION", "lacking", "too_few_controls"]

ONE_REGION = "there is only one region; a connection needs two"
LEAST = 3
"""Controls from whom a standard deviation is taken."""


def too_few_controls(volumes: pd.DataFrame) -> str | None:
    """A sentence if the controls (rows) are too few to scale the regions (columns) by, altogether or in one region."""
    if len(volumes) < LEAST:
        return (
            f"there are too few controls ({len(volumes)}); at least {LEAST} are needed to scale the volumes: add controls, "
            "or choose a larger group with control="
        )
    seen = np.isfinite(volumes.to_numpy(dtype=float)).sum(axis=0)
    for region, n in zip(volumes, seen, strict=True):
        if n < LEAST:
            return (
                f"only {n} of the controls have a volume for {region}; at least {LEAST} are needed to scale it: leave the "
                "region out"
            )
    return None


def lacking(volumes: pd.DataFrame, group: pd.Series, control: str | None) -> list[str]:
    """What `fit` will refuse, as far as it is known without the formula."""
    problems = [ONE_REGION] if volumes.shape[1] == 1 else []
    if control is not None and volumes.shape[1]:
        few = too_few_controls(volumes[(group == control).to_numpy()])
        problems += [few] if few else []
    return problems
