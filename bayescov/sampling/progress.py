"""What the waiting person sees, and when the sampler may stop."""

from typing import Any

import numpy as np

__all__ = ["Progress"]


class Progress:
    """A progress bar with the smallest effective sample size and the largest R-hat so far.

    Parameters
    ----------
    title : str
    target : float
        Effective draws every reported quantity must reach; 0: stop after the first block.
    show : bool
    """

    def __init__(self, title: str, *, target: float, show: bool) -> None:
        self.target = target
        self._title = title
        self._show = show
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Progress":
        if self._show:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (
                "[progress.description]{task.description}",
                BarColumn(),
                TextColumn("{task.fields[said]}"),
            )
            self._bar = Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=1.0, said="compiling, warming up")
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def watch(self, stage: str, done: int, total: int, arrays: dict[str, Any] | None) -> float:
        """Called by the sampler after each piece of work; the draws a chain that are wanted until every quantity has mixed."""
        if arrays is None:
            self._say(done / total, f"{'warm-up' if stage == 'tune' else 'drawing'} {done}/{total}")
            return 0.0
        if self.target <= 0:
            self._say(1.0, f"{done} draws a chain")
            return 0.0
        from bayescov.sampling.diagnostics import LARGEST_RHAT, mixing

        ess, rhat = mixing(arrays)
        enough = bool(np.isfinite(ess) and ess >= self.target and rhat <= LARGEST_RHAT)
        self._say(
            1.0 if enough else done / total, f"{done} draws a chain, ESS >= {ess:.0f}, R-hat <= {rhat:.3f}"
        )
        if enough:
            return 0.0
        if not (ess > 0 and np.isfinite(rhat)):  # nothing can be judged
            return float(done)
        # Effective draws grow with draws, and what R-hat is above one shrinks with them.
        times = max(self.target / ess, (rhat - 1.0) / (LARGEST_RHAT - 1.0))
        return max(1.0, done * (times - 1.0))

    def _say(self, share: float, text: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=share, said=text)
