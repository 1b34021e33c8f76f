"""What the report shows beyond connections and volumes: networks, their permutation test, and sensitivity."""

from collections.abc import Callable
from typing import Any

import xarray as xr

from bayescov.cli.run import Options
from bayescov.cli.showing import within_limits

__all__ = ["QUICK_UP_TO", "further"]

# Up to so many regions it takes seconds, and belongs into every report.
QUICK_UP_TO = 40

Attempt = Callable[[str, Callable[[], Any]], Any]


def at_once(what: str, action: Callable[[], Any]) -> Any:
    """Nothing is attempted: what fails, fails."""
    return action()


def further(
    fit: xr.DataTree, options: Options, *, kind: str = "correlation", attempt: Attempt = at_once
) -> dict[str, Any]:
    """Arguments of `bayescov.report`. Each answer is an `attempt` of its own; what fails there is None."""
    import bayescov as bc
    from bayescov.sampling.tree import design_of

    asked: dict[str, Any] = {"threshold": options.threshold, "kind": kind, "seed": options.seed}

    def tested() -> xr.Dataset | None:
        return within_limits(
            "the permutation test of networks", lambda: bc.network_test(design_of(fit), **asked)
        )

    networks = attempt("Networks", lambda: bc.networks(fit, **asked))
    return {
        "networks": networks,
        "network_test": None if networks is None else attempt("The permutation test of networks", tested),
        "sensitivity": attempt("Sensitivity", lambda: bc.sensitivity(fit, margin=options.margin, **asked)),
    }
