"""Pictures of an episode as a video: mp4 where ffmpeg is at hand, else animated WebP. Frames stream through."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Protocol

import attrs
import numpy as np

from rlblocks._core.errors import RlblocksError, RunError
from rlblocks.runs._webp import WIDEST, WebPWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

LONGEST = 3_600  # frames: a minute at 60 a second
CHANNELS = 3
INSTALL = "pip install rlblocks[video]"


@attrs.frozen
class Format:
    """What a video is written as, and why.

    Attributes:
        suffix: ".mp4" or ".webp".
        why: half a sentence for people.
    """

    suffix: str
    why: str


def video_format(path: Path) -> Format:
    """The format that a video at `path` gets here: as its suffix says where that is possible, else the best there is.

    >>> from pathlib import Path
    >>> video_format(Path("episode.webp")).suffix
    '.webp'
    """
    if path.suffix == ".webp":
        return Format(".webp", "as asked")
    if _ffmpeg():
        return Format(".mp4", "ffmpeg is installed")
    return Format(".webp", f"there is no ffmpeg; for mp4: {INSTALL}")


def record(frames: Iterable[NDArray[np.uint8]], path: Path, fps: float, most: int = LONGEST) -> Path:
    """Write a video. It appears under its name only when it is complete, and memory holds one frame at a time.

    Args:
        frames: pictures `[H, W, 3]` uint8, all of one size. A generator is closed in the end.
        path: where to; its suffix becomes that of the format (see `video_format`).
        fps: frames per second, above 0.
        most: frames after which the video ends.

    Returns: the path that was written.

    Raises:
        RunError: there is no video; to be reported, and no reason for a run to fail.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise RunError(f"a video of {fps!r} frames per second is none", fix="give a number above 0", fps=fps)
    target = _target(path)
    fresh = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    iterator = iter(frames)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(itertools.islice(iterator, most), fresh, fps)
        fresh.replace(target)
    except RlblocksError:
        raise
    except OSError as error:
        raise RunError(
            f"{target} could not be written: {(error.strerror or str(error)).lower()}",
            fix="free some space on that disk, or make the folder writable", path=target, errno=error.errno,
        ) from error  # fmt: skip
    except Exception as error:  # whatever an environment raises when it draws
        raise RunError(
            f"the video {target} was given up: {type(error).__name__}: {error}", fix="mend what draws the frames"
        ) from error
    finally:
        with suppress(OSError):
            fresh.unlink()
        if isinstance(iterator, Generator):
            iterator.close()
    return target


def _target(path: Path) -> Path:
    suffix = video_format(path).suffix
    return path.with_suffix(suffix) if path.suffix in (".mp4", ".webp") else path.with_name(path.name + suffix)


def _write(frames: Iterable[NDArray[np.uint8]], path: Path, fps: float) -> None:
    checked = _checked(frames)
    first = next(checked, None)
    if first is None:
        raise RunError("there is nothing to record: not one frame came", fix="record an episode of at least one step")
    height, width, _ = first.shape
    with path.open("wb") as file:
        encoder = _encoder(path, file, width, height, fps)
        try:
            for frame in itertools.chain([first], checked):
                encoder.add(frame)
        except BaseException:
            encoder.abandon()
            raise
        encoder.finish()


def _checked(frames: Iterable[Any]) -> Generator[NDArray[np.uint8], None, None]:
    """The frames, or an error that names the first that is none."""
    shape: tuple[int, ...] = ()
    for number, frame in enumerate(frames, start=1):
        found = np.asarray(frame)
        shape = shape or found.shape
        proper = found.ndim == CHANNELS and found.shape[2] == CHANNELS and 0 < max(found.shape[:2]) < WIDEST
        if found.dtype != np.uint8 or not proper or not min(found.shape[:2]):
            raise RunError(
                f"frame {number} is {found.dtype} of shape {list(found.shape)}, not a picture",
                fix="give arrays [height, width, 3] of uint8", frame=number,
            )  # fmt: skip
        if found.shape != shape:
            raise RunError(
                f"frame {number} has the shape {list(found.shape)}, and those before have {list(shape)}",
                fix="give frames of one size", frame=number,
            )  # fmt: skip
        yield np.ascontiguousarray(found)


class Encoder(Protocol):
    """Takes frames of one size, in order."""

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Take one frame."""
        ...

    def finish(self) -> None:
        """Complete the file."""
        ...

    def abandon(self) -> None:
        """Stop at once; the file will be removed."""
        ...


def _encoder(path: Path, file: BinaryIO, width: int, height: int, fps: float) -> Encoder:
    if path.suffix == ".mp4":
        return Ffmpeg(path, width, height, fps)
    return WebPWriter(file, width=width, height=height, fps=fps)


class Ffmpeg:
    """A child process that encodes H.264. It ends by itself when its input ends, be it because we were killed."""

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self._pad = ((0, height % 2), (0, width % 2), (0, 0))  # 4:2:0 colours need even sides
        size = f"{width + width % 2}x{height + height % 2}"
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{fps:g}", "-i", "-"]
        coding = ["-an", "-c:v", "libx264", "-crf", "23", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
        whole = ["-movflags", "+faststart", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
        self._process = subprocess.Popen(  # noqa: S603  its own program, and no word of it is anybody else's
            [_ffmpeg(), "-y", "-nostdin", "-v", "error", *source, *coding, *whole, str(path.absolute())],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",  # Ctrl-C is for us to handle, not for it
        )  # fmt: skip

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Hand over one frame."""
        if any(after for _, after in self._pad):
            frame = np.pad(frame, self._pad, mode="edge")
        try:
            self._input.write(frame.data)
        except BrokenPipeError:
            self.finish()  # says what ffmpeg said
            raise

    def finish(self) -> None:
        """Wait for the end of the encoding.

        Raises:
            RunError: ffmpeg failed; with its last words.
        """
        _, said = self._process.communicate()
        if self._process.returncode:
            words = said.decode(errors="replace").strip().splitlines() or [f"exit code {self._process.returncode}"]
            raise RunError(f"ffmpeg could not write the video: {words[-1]}", fix="ask for .webp, which needs no ffmpeg")

    def abandon(self) -> None:
        """End it."""
        self._process.kill()
        with suppress(OSError, ValueError):
            self._process.communicate()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin


def _ffmpeg() -> str:
    """The ffmpeg program that imageio-ffmpeg brings or finds; empty where there is none."""
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError):
        return ""
