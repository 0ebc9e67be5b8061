"""Pages one after the other, as one picture that moves: each with a sentence below it. No I/O."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

WIDTH, SENTENCE, LETTERS, RADIUS = 800, 44, 20, 16
INK, PAPER, RING = "#1d2422", "#e7f1ef", "#d0380f"
QUALITY = 70


@dataclass(frozen=True)
class Frame:
    """A page as a PNG, what is to be seen, for how long, and the place of the page that is clicked next."""

    png: bytes
    words: str
    milliseconds: int
    click: tuple[float, float] | None = None


def film(frames: Sequence[Frame]) -> bytes:
    """Return the frames as a WebP that begins again after the last one."""
    first, *others = [_drawn(frame) for frame in frames]
    moving = io.BytesIO()
    times = [frame.milliseconds for frame in frames]
    first.save(
        moving, format="WEBP", save_all=True, append_images=others, duration=times, loop=0, quality=QUALITY, method=6
    )
    return moving.getvalue()


def _drawn(frame: Frame) -> Image.Image:
    with Image.open(io.BytesIO(frame.png)) as page:
        scale = WIDTH / page.width
        height = round(page.height * scale)
        drawn = Image.new("RGB", (WIDTH, height + SENTENCE), PAPER)
        drawn.paste(page.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS))
    pen = ImageDraw.Draw(drawn)
    if frame.click:
        x, y = (place * scale for place in frame.click)
        pen.ellipse((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), outline=RING, width=3)
    pen.line((0, height, WIDTH, height), INK)
    pen.text((RADIUS, height + SENTENCE / 2), frame.words, INK, ImageFont.load_default(LETTERS), anchor="lm")
    return drawn
