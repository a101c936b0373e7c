"""Videos: what was put in comes out, in few bytes of memory, and a failure leaves nothing behind."""

import io
import subprocess
import sys
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rlblocks._core.errors import BuildError, RunError
from rlblocks.runs import video
from rlblocks.runs._webp import WebPWriter

imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")


def ball(count, height=48, width=64):
    """A white ball that crosses a dark field, drawn into one buffer again and again."""
    buffer = np.empty((height, width, 3), np.uint8)
    for i in range(count):
        buffer[:] = (20, 40, 80)
        left = 3 + i * (width - 14) // max(1, count)
        buffer[height // 2 : height // 2 + 8, left : left + 8] = 255
        yield buffer


def webp_frames(path):
    with Image.open(path) as animation:
        for number in range(getattr(animation, "n_frames", 1)):
            animation.seek(number)
            yield np.asarray(animation.convert("RGB")), animation.info.get("duration", 0)


def mp4_frames(path, height=48, width=64):
    read = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    content = subprocess.run(read, capture_output=True, check=True).stdout
    return np.frombuffer(content, np.uint8).reshape(-1, height, width, 3)


def closeness(one, other):
    return np.abs(one.astype(int) - other.astype(int)).mean()


def test_webp_holds_the_frames_that_were_drawn(tmp_path):
    """Every frame comes back in order, although only what changed was written and the buffer was reused."""
    path = video.record(ball(20), tmp_path / "ball.webp", fps=30)

    shown = list(webp_frames(path))
    expected = [frame.copy() for frame in ball(20)]
    assert path.name == "ball.webp"
    assert max(closeness(frame, want) for (frame, _), want in zip(shown, expected, strict=True)) < 3
    assert sum(duration for _, duration in shown) == round(1000 * 20 / 30)


def test_mp4_holds_the_frames_that_were_drawn(tmp_path):
    """Odd sides grow by one pixel, because the format knows no others."""
    path = video.record(ball(20, height=47, width=63), tmp_path / "ball", fps=30)

    shown = mp4_frames(path)
    expected = [frame.copy() for frame in ball(20, height=47, width=63)]
    assert path.name == "ball.mp4"
    assert max(closeness(frame[:47, :63], want) for frame, want in zip(shown, expected, strict=True)) < 6


@settings(derandomize=True, deadline=None, max_examples=15)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 6), st.integers(0, 99))
def test_any_size_and_any_change_can_be_written(height, width, count, seed):
    """Pictures of a few pixels, changing anywhere or nowhere, come back with their size and number."""
    generator = np.random.default_rng(seed)
    frames = [generator.integers(0, 2, (height, width, 1), np.uint8).repeat(3, 2) * 255 for _ in range(count)]
    frames.append(frames[-1])
    file = io.BytesIO()
    writer = WebPWriter(file, width=width, height=height, fps=7)
    for frame in frames:
        writer.add(frame)
    writer.finish()

    shown = list(webp_frames(file))
    assert [frame.shape for frame, _ in shown] == [(height, width, 3)] * (count + 1)


def test_without_ffmpeg_it_is_webp_and_says_why(tmp_path, monkeypatch):
    """The suffix of the answer is that of what was written, and the reason names the extra."""
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)

    chosen = video.video_format(tmp_path / "a.mp4")
    path = video.record(ball(3), tmp_path / "a.mp4", fps=30)

    assert (chosen.suffix, chosen.why) == (".webp", "there is no ffmpeg; for mp4: pip install rlblocks[video]")
    assert path == tmp_path / "a.webp"
    assert path.exists()


def test_with_ffmpeg_the_suffix_is_obeyed(tmp_path):
    """WebP where it is asked for, mp4 otherwise, also for names with a dot."""
    asked = {name: video.video_format(tmp_path / name).suffix for name in ("a.webp", "a.mp4", "a", "run-1.5")}

    assert asked == {"a.webp": ".webp", "a.mp4": ".mp4", "a": ".mp4", "run-1.5": ".mp4"}
    assert video.record(ball(2), tmp_path / "run-1.5", fps=30).name == "run-1.5.mp4"


@pytest.mark.parametrize("suffix", [".webp", ".mp4"])
def test_a_video_ends_after_the_most_frames_it_may_have(suffix, tmp_path):
    """An episode without end fills no disk, and its generator is closed."""
    closed = []

    def endless():
        try:
            while True:
                yield from ball(10)
        finally:
            closed.append(True)

    path = video.record(endless(), tmp_path / f"a{suffix}", fps=30, most=7)

    assert len(mp4_frames(path) if suffix == ".mp4" else list(webp_frames(path))) == 7
    assert closed == [True]


@pytest.mark.parametrize("suffix", [".webp", ".mp4"])
def test_frames_are_not_kept(suffix, tmp_path):
    """However many frames there are, no more than three are alive at once."""
    alive, most = weakref.WeakSet(), 0

    class Frame(np.ndarray):
        """An array that can be counted."""

        __hash__ = object.__hash__

    def counted():
        nonlocal most
        for frame in ball(30):
            made = frame.copy().view(Frame)
            alive.add(made)
            yield made
            del made
            most = max(most, len(alive))

    video.record(counted(), tmp_path / f"a{suffix}", fps=30)

    assert 0 < most <= 3


def failing(error, after=3):
    yield from ball(after)
    raise error


PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("frames", "fps", "said"),
    [
        (
            list,
            30,
            "there is nothing to record: not one frame came\n  fix: record an episode of at least one step",
        ),
        (lambda: [PICTURE], 0, "a video of 0 frames per second is none\n  fix: give a number above 0"),
        (lambda: [PICTURE], float("nan"), "a video of nan frames per second is none\n  fix: give a number above 0"),
        (
            lambda: [PICTURE, PICTURE[..., 0]],
            30,
            "frame 2 is uint8 of shape [4, 4], not a picture\n  fix: give arrays [height, width, 3] of uint8",
        ),
        (
            lambda: [PICTURE / 2],
            30,
            "frame 1 is float64 of shape [4, 4, 3], not a picture\n  fix: give arrays [height, width, 3] of uint8",
        ),
        (
            lambda: [None],
            30,
            "frame 1 is object of shape [], not a picture\n  fix: give arrays [height, width, 3] of uint8",
        ),
        (
            lambda: [PICTURE, PICTURE[:2]],
            30,
            "frame 2 has the shape [2, 4, 3], and those before have [4, 4, 3]\n  fix: give frames of one size",
        ),
        (lambda: failing(OSError(5, "Input/output error")), 30, "{path} could not be written: input/output error"),
        (lambda: failing(ZeroDivisionError("no")), 30, "the video {path} was given up: ZeroDivisionError: no"),
    ],
    ids=["none", "no speed", "nan", "grey", "float", "no array", "size", "disk", "environment"],
)
@pytest.mark.parametrize("suffix", [".webp", ".mp4"])
def test_what_is_no_video_is_a_run_error_and_leaves_what_was_there(frames, fps, said, suffix, tmp_path):
    """One sentence and a fix; an older video of that name stays whole, and no half-written file is left."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"older")

    with pytest.raises(RunError) as raised:
        video.record(frames(), path, fps)

    assert str(raised.value).startswith(said.replace("{path}", str(path)))
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"older", [path])


def test_an_error_of_ours_stays_what_it_is(tmp_path):
    """An environment that does not draw says so itself."""
    with pytest.raises(BuildError, match="does not draw"):
        video.record(failing(BuildError("it does not draw"), after=0), tmp_path / "a.webp", fps=30)


@pytest.mark.parametrize("suffix", [".webp", ".mp4"])
def test_ctrl_c_ends_the_video_and_is_passed_on(suffix, tmp_path):
    """No file and no process is left."""
    with pytest.raises(KeyboardInterrupt):
        video.record(failing(KeyboardInterrupt()), tmp_path / f"a{suffix}", fps=30)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reads", ["", "head -c 100 >/dev/null; "])
def test_an_ffmpeg_that_fails_is_quoted(reads, tmp_path, monkeypatch):
    """Whether it dies at once or in between, its last words are in the message."""
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{reads}echo Unknown encoder >&2\nexit 8\n")
    program.chmod(0o755)
    monkeypatch.setattr(video, "_ffmpeg", lambda: str(program))

    with pytest.raises(RunError) as raised:
        video.record(ball(200), tmp_path / "a.mp4", fps=30)

    assert str(raised.value) == (
        "ffmpeg could not write the video: Unknown encoder\n  fix: ask for .webp, which needs no ffmpeg"
    )
    assert list(tmp_path.iterdir()) == [program]


def test_a_folder_is_made_and_a_file_in_its_place_is_named(tmp_path):
    """The way to the video need not be there, but it must be possible."""
    assert video.record(ball(2), tmp_path / "deep" / "a.webp", fps=30).exists()
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match="could not be written"):
        video.record(ball(2), tmp_path / "file" / "a.webp", fps=30)
