"""What the report shows beyond connections and volumes: networks, their permutation test, and sensitivity."""

from typing import Any

import xarray as xr

from bayescov.cli.run import Options
from bayescov.cli.showing import within_limits

__all__ = ["QUICK_UP_TO", "further"]

# Up to so many regions it takes seconds, and belongs into every report.
QUICK_UP_TO = 40


def further(fit: xr.DataTree, options: Options, *, kind: str = "correlation") -> dict[str, Any]:
    """Arguments of `bayescov.report`."""
    import bayescov as bc
    from bayescov.sampling.tree import design_of

    asked: dict[str, Any] = {"threshold": options.threshold, "kind": kind, "seed": options.seed}
    found = bc.networks(fit, **asked)
    return {
        "networks": found,
        "network_test": within_limits(
            "the permutation test of networks", lambda: bc.network_test(design_of(fit), **asked)
        ),
        "sensitivity": bc.sensitivity(fit, margin=options.margin, **asked),
    }
