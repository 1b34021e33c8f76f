"""What a fit needs of a cohort, whatever the formula: controls to scale by, two regions to connect, and people who have both."""

import numpy as np
import pandas as pd

__all__ = ["ONE_REGION", "lacking", "too_few_controls", "unmeasured"]

ONE_REGION = "there is only one region; a connection needs two"
LEAST = 3
"""Controls from whom a standard deviation is taken, and people of a group in whom two regions are seen together."""


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


def unmeasured(volumes: pd.DataFrame, group: pd.Series) -> str | None:
    """A sentence if of some group too few people (rows) have a region, or two regions, for its own data to say anything of them.

    What a model says there is what it says of the other groups: a connection nobody has in one group would be called unchanged. In
    groups of fewer than `LEAST` everybody has to have them.
    """
    for name, part in volumes.groupby(group.to_numpy(), sort=False):
        seen = np.isfinite(part.to_numpy(dtype=float)).astype(float)
        both, least = seen.T @ seen, min(LEAST, len(part))
        for i, region in enumerate(volumes):
            if both[i, i] < least:
                return (
                    f"{_so_many(int(both[i, i]))} of the {len(part)} people of {name} have a volume for {region}, so that its connections "
                    f"there cannot be known; at least {least} are needed: leave the region out, or this group"
                )
        few = np.argwhere(np.triu(both < least, 1))
        if len(few):
            i, j = few[0]
            return (
                f"{_so_many(int(both[i, j]))} of the {len(part)} people of {name} have both {volumes.columns[i]} and "
                f"{volumes.columns[j]}, so that their connection there cannot be known; at least {least} are needed: leave one "
                "of the two regions out, or this group"
            )
    return None


def _so_many(n: int) -> str:
    return f"only {n}" if n else "none"


def lacking(volumes: pd.DataFrame, group: pd.Series, control: str | None) -> list[str]:
    """What `fit` will refuse, as far as it is known without the formula."""
    problems = [ONE_REGION] if volumes.shape[1] == 1 else []
    if control is not None and volumes.shape[1]:
        few = too_few_controls(volumes[(group == control).to_numpy()])
        few = few or unmeasured(volumes[group.notna().to_numpy()], group.dropna())
        problems += [few] if few else []
    return problems
