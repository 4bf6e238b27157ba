"""Compile the kernels in two processes at once: within one, Numba compiles one after the other.

Each leaves what it has compiled on disk, where the other finds it, and whoever started them. Together they take little
more than half the time, and the process that goes on has not the 200 MiB that compiling leaves behind.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from imagegate import kernel_cache
from imagegate.workers import cores, python_command

_HALVES: Final = ("all_but_the_tiles", "the_tiles")
_POLL_SECONDS: Final = 0.2


@contextmanager
def compilers() -> Iterator[Iterator[int]]:
    """Processes that compile what is missing: yields how many kernels are done, as often as one would look.

    Whatever ends the block ends them. One that fails says nothing: what it did not compile, its caller does.
    """
    running: list[subprocess.Popen[bytes]] = []
    try:
        for half in _HALVES[: cores()]:
            code = f"from imagegate import compiling; compiling.end_with_parent(); compiling.{half}()"
            running.append(
                subprocess.Popen(  # noqa: S603 - our own code
                    python_command(code),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        yield _counts(running[0])
    finally:
        for process in running:
            process.kill()
            process.communicate()


def _counts(last: subprocess.Popen[bytes]) -> Iterator[int]:
    ended = False
    while not ended:
        with suppress(subprocess.TimeoutExpired):
            ended = last.wait(_POLL_SECONDS) is not None
        yield kernel_cache.done()


def end_with_parent() -> None:
    """End this process with the one that started it: whatever ends that closes the pipe between them."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def the_tiles() -> None:
    """Compile what measures the tiles of a picture: half the time, in three kernels, each of which needs the last."""
    import numpy as np  # noqa: PLC0415 - this and all below load Numba, which who waits for them does not need

    from imagegate.measure.descriptors import Source  # noqa: PLC0415
    from imagegate.measure.focus import described  # noqa: PLC0415

    described(np.zeros((64, 64), np.uint8), Source())


def all_but_the_tiles() -> None:
    """Compile the others, and at last whatever is missing."""
    import numpy as np  # noqa: PLC0415 - as above

    from imagegate.gate import warmup  # noqa: PLC0415
    from imagegate.kernels import network  # noqa: PLC0415
    from imagegate.measure import laplacian_variance  # noqa: PLC0415
    from imagegate.measure.colour import colour  # noqa: PLC0415
    from imagegate.measure.exposure import exposure  # noqa: PLC0415
    from imagegate.measure.focus import fitted  # noqa: PLC0415

    luma = np.zeros((64, 64), np.uint8)
    tiles, picture = np.zeros((4, network.TILE_NUMBERS), np.float32), np.zeros(network.PICTURE_NUMBERS, np.float32)
    network.blur_network(tiles, picture, fitted().networks)
    exposure(luma)
    laplacian_variance(luma)
    colour(np.zeros((64, 64, 3), np.uint8))
    warmup()
