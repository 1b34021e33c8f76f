"""The second process of `bayescov.sampling.ahead`. It imports the kernels and nothing else."""

import pickle
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bayescov.sampling.kernels.compiling import address_of, compiling


def help_compiling() -> None:
    """Compile what nobody has claimed yet of a list that comes over the standard input, into the cache."""
    claims, names = pickle.load(sys.stdin.buffer)
    with compiling():
        for module, name, kinds in names:
            block = getattr(import_module(module), name)
            if claim(claims, block):
                address_of(block, kinds)


def claim(claims: str, block: Any) -> bool:
    """Whether this process is the first to take the block."""
    try:
        Path(claims, block.__name__).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
