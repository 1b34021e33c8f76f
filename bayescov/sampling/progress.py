"""What the waiting person sees, and when the sampler may stop."""

from typing import Any

from bayescov.sampling.mixing import LARGEST_RHAT, mixing_of_each, worst_of
from bayescov.sampling.structures import needed

__all__ = ["Progress"]

MORE = 0.25  # of what was drawn, where only R-hat is too large


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
        self._slow: dict[str, Any] = {}  # positions of the quantities that had not mixed, by name

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

    def watch(
        self, stage: str, done: int, total: int, arrays: dict[str, Any] | None, share: float = 1.0
    ) -> float:
        """Called by the sampler after each piece of work; the draws a chain that are wanted until every quantity has mixed.

        Of draws that are only a `share` of an average, as well as that needs it (`as_part`).
        """
        if arrays is None:
            # Short of the end: the clock of a bar that was full once stands still.
            self._say(0.99 * done / total, f"{'warm-up' if stage == 'tune' else 'drawing'} {done}/{total}")
            return 0.0
        if self.target <= 0:
            self._say(1.0, f"{done} draws")
            return 0.0
        target, largest_rhat = needed(self.target, LARGEST_RHAT, share)
        ess, rhat = self._mixing(arrays, target, largest_rhat)
        enough = bool(ess >= target and rhat <= largest_rhat)
        self._say(1.0 if enough else done / total, f"{done} draws, ESS >= {ess:.0f}, R-hat <= {rhat:.3f}")
        if enough:
            return 0.0
        if not (ess > 0 and rhat > 0):  # nothing can be judged
            return float(done)
        # Effective draws grow with draws; the largest of thousands of R-hats foretells less.
        return done * max(target / ess - 1.0, MORE if rhat > largest_rhat else 0.0)

    def _mixing(self, arrays: dict[str, Any], target: float, largest_rhat: float) -> tuple[float, float]:
        """Smallest effective sample size and largest R-hat: of what was slow last time, and of everything once that has mixed."""
        for only in (self._slow, None) if self._slow else (None,):
            found = mixing_of_each(arrays, only)
            slow = {name: f.positions[~f.enough(target, largest_rhat)] for name, f in found.items()}
            slow = {name: positions for name, positions in slow.items() if len(positions)}
            if slow:
                break
        if only is None:
            self._slow = slow
        return worst_of(found)

    def _say(self, share: float, text: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=share, said=text)
