"""Blocks of permutations over several cores, each with single-threaded matrix products."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = ["over_blocks"]


def over_blocks[Result](
    count: Callable[..., Result], tasks: Sequence[tuple[Any, ...]], n_jobs: int, *, prefer: str = "threads"
) -> Iterator[tuple[tuple[Any, ...], Result]]:
    """(task, ``count(*task)``) for every task, in the order of the tasks, a few of them in memory at a time.

    `prefer` "threads" suits matrix products and compiled loops, which let other threads run; "processes" suits work
    in Python. A joblib backend set by the caller goes before it. The products themselves are kept on one thread
    each: blocks in parallel are faster than a product in parallel, and its result may not depend on how many
    cores there are.
    """
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        run = Parallel(n_jobs=n_jobs, prefer=prefer, return_as="generator")
        yield from zip(tasks, run(delayed(count)(*task) for task in tasks), strict=True)
