"""Compiled pieces of the sampler: plain arrays in, plain arrays out. They know neither labels nor PyMC.

Numba's cache watches only the file of the function it compiled, not the kernels that function calls. So the cache of
this folder is emptied whenever any of its sources changed.
"""

import contextlib
import hashlib
from pathlib import Path


def _drop_stale_cache() -> None:
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(folder.glob("*.py")):
        digest.update(source.read_bytes())
    cache = folder / "__pycache__"
    stamp = cache / "sources.sha256"
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    cache.mkdir(exist_ok=True)
    for compiled in [*cache.glob("*.nbi"), *cache.glob("*.nbc")]:
        compiled.unlink(missing_ok=True)
    stamp.write_text(digest.hexdigest())


with contextlib.suppress(OSError):  # a read-only installation: nothing can be stale there
    _drop_stale_cache()
