"""Compile on two processors: a second process takes some of the blocks and leaves them in the cache.

Numba compiles in one thread. After an installation, or a change of the kernels, the blocks of a sweep are many, and each is
compiled by itself: so each of two processes takes the largest that neither has taken, and both end at about the same
time. Whatever the second one does not deliver is compiled by whoever asks for it.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bayescov.sampling.convergence import available_cores
from bayescov.sampling.kernels.compiling import address_of
from bayescov.sampling.kernels.helper import claim

__all__ = ["compile_together"]

Work = tuple[Any, tuple[Any, ...]]
"""A block and the types of its arguments."""

# The room is entered without what stands at its door: pandas and xarray take seconds to import, and kernels know neither.
# And it is left at once: to take apart what a compiler has made takes seconds as well.
HELP = """
import os, sys, types
room = sys.modules["{room}"] = types.ModuleType("{room}")
room.__path__ = [{folder!r}]
from {room}.kernels.helper import help_compiling
help_compiling()
os._exit(0)
"""
WRAPPER = 3000  # bytes of code that take as long to compile as what hands over a chain's arrays
FEW = 4  # so many blocks are compiled before a second process has begun
LONGEST = 600.0  # seconds to wait for it


def compile_together(work: Sequence[Work]) -> None:
    """Compile those blocks that are not in the cache, with the help of a second process where that is possible."""
    missing = [(block, kinds) for block, kinds in work if not _in_cache(block)]
    if (
        len(missing) < FEW
        or available_cores() < 2
        or not Path(sys.executable or "").stem.startswith("python")
    ):
        return
    missing.sort(key=lambda work: amount_of_code(work[0]), reverse=True)
    with TemporaryDirectory() as claims:
        helper = _second_process()
        try:
            names = [(block.__module__, block.__name__, kinds) for block, kinds in missing]
            with suppress(OSError):  # where it ended at once, all is compiled here
                helper.stdin.write(pickle.dumps((claims, names)))
                helper.stdin.close()
            for block, kinds in missing:
                if claim(claims, block):
                    address_of(block, kinds)
            with suppress(subprocess.TimeoutExpired):
                helper.wait(LONGEST)
        finally:
            helper.kill()
            helper.wait()


def amount_of_code(block: Any) -> int:
    """Bytes of byte code of the block and of every kernel that it calls, and `WRAPPER` if Python can call it: about how long it takes
    to compile.
    """
    found, waiting = set(), [block]
    while waiting:
        function = waiting.pop().py_func
        if function not in found:
            found.add(function)
            named = (function.__globals__.get(name) for name in function.__code__.co_names)
            waiting += [kernel for kernel in named if hasattr(kernel, "py_func")]
    wrapper = 0 if block.targetoptions.get("no_cpython_wrapper") else WRAPPER
    return wrapper + sum(len(function.__code__.co_code) for function in found)


def _second_process() -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", HELP.format(room=__package__, folder=str(Path(__file__).parent))],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _in_cache(block: Any) -> bool:
    """Whether something of the block was ever kept; where nothing can be kept, a second process is of no use."""
    if block.signatures:  # compiled in this process already: no need to look
        return True
    folder = block.stats.cache_path
    return folder is None or any(Path(folder).glob(f"*.{block.__name__}-*.nbi"))
