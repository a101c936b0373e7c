"""Animated WebP, one frame at a time: Pillow encodes each picture, and this file puts them in a row.

Pillow's own writer holds all frames of an animation in memory. The container is simple enough to write as it comes
(Google, "WebP Container Specification", sections "Extended File Format" and "Animation"): a header, then one `ANMF`
chunk a frame, each the rectangle that has changed since the frame before.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANIMATED = 0x02  # the flag in the extended header
REPLACE = 0x02  # a frame is not blended with the one before
WIDEST = 1 << 14  # pixels on a side
QUALITY, EFFORT = 80, 1  # of Pillow's encoder: hardly to be told from the original, and fast


class WebPWriter:
    """Writes frames as they come; `finish` completes the file. Only the last frame is held.

    >>> import io, numpy as np
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> writer = WebPWriter(file, width=6, height=4, fps=10)
    >>> for shade in (0, 200):
    ...     writer.add(np.full((4, 6, 3), shade, np.uint8))
    >>> writer.finish()
    >>> Image.open(file).n_frames
    2
    """

    def __init__(self, file: BinaryIO, *, width: int, height: int, fps: float) -> None:
        self._file, self._size, self._fps = file, (width, height), fps
        self._frames, self._last = 0, np.empty(0, np.uint8)
        canvas = struct.pack("<B3x", ANIMATED) + _u24(width - 1) + _u24(height - 1)
        self._file.write(b"RIFF\0\0\0\0WEBP" + _chunk(b"VP8X", canvas) + _chunk(b"ANIM", struct.pack("<IH", 0, 0)))

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Write one frame, `[H, W, 3]`."""
        from PIL import Image

        left, top, right, bottom = self._changed(frame)
        still = io.BytesIO()
        Image.fromarray(frame[top:bottom, left:right]).save(still, "WEBP", quality=QUALITY, method=EFFORT)
        shown = _milliseconds(self._frames + 1, self._fps) - _milliseconds(self._frames, self._fps)
        place = b"".join(map(_u24, (left // 2, top // 2, right - left - 1, bottom - top - 1, shown)))
        self._file.write(_chunk(b"ANMF", place + bytes([REPLACE]) + still.getvalue()[12:]))  # without its RIFF header
        self._frames += 1
        self._last = frame.copy()  # an environment may draw into one buffer again and again

    def _changed(self, frame: NDArray[np.uint8]) -> tuple[int, int, int, int]:
        """The rectangle outside which nothing is new: left, top (both even, as the format wants), right, bottom."""
        if not self._frames:
            return 0, 0, *self._size
        new = (frame != self._last).any(axis=2)  # [H, W]
        if not new.any():
            return 0, 0, 1, 1
        rows, columns = np.flatnonzero(new.any(axis=1)), np.flatnonzero(new.any(axis=0))
        return int(columns[0]) // 2 * 2, int(rows[0]) // 2 * 2, int(columns[-1]) + 1, int(rows[-1]) + 1

    def finish(self) -> None:
        """Write the length of the whole into the header."""
        size = self._file.tell()
        self._file.seek(4)
        self._file.write(struct.pack("<I", size - 8))
        self._file.seek(size)

    def abandon(self) -> None:
        """There is nothing to end: whoever opened the file closes it."""


def _milliseconds(frames: int, fps: float) -> int:
    return round(1_000 * frames / fps)  # of the whole, so that rounding does not add up


def _u24(value: int) -> bytes:
    return struct.pack("<I", value)[:3]


def _chunk(name: bytes, payload: bytes) -> bytes:
    return name + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)
