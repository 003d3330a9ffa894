"""A grid of one photo's class activation maps: a row a tag, a column a view."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmwsss.structures import Seeds
from mmwsss.visualization.overlay import cam_overlay

_TEXT, _GAP = 34, 4  # pixels


def cam_grid(
    photo: np.ndarray,
    columns: Sequence[tuple[str, Seeds]],
    rows: Sequence[str],
    notes: Sequence[Sequence[str]],
    *,
    side: int = 200,
) -> np.ndarray:
    """Draw the grid.

    Args:
        photo: Shape: (H, W, 3), uint8.
        columns: A heading and seeds of the same classes, each.
        rows: Name of each class, in the seeds' order.
        notes: What is written above each map, ``notes[row][column]``.
        side: Longest side of a map in the picture, in pixels.

    Returns:
        The picture: the photo, then the columns. Shape: (height, width, 3), uint8.
    """
    scale = side / max(photo.shape[:2])
    height, width = (max(1, round(n * scale)) for n in photo.shape[:2])
    small = np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BOX))
    cell = (width + _GAP, height + _TEXT + _GAP)
    size = (cell[0] * (len(columns) + 1), cell[1] * len(rows))
    picture = Image.new('RGB', size, 'white')
    draw, font = ImageDraw.Draw(picture), _font()
    for row, name in enumerate(rows):
        cells = [(small, name, '')]
        for (heading, seeds), note in zip(columns, notes[row], strict=True):
            own = Seeds(seeds.classes[[row]], seeds.scores[[row]], size=seeds.size)
            cells.append((cam_overlay(small, own.resize((height, width))), heading, note))
        for column, (image, *lines) in enumerate(cells):
            left, top = column * cell[0], row * cell[1]
            for number, line in enumerate(lines):
                draw.text((left + 2, top + 1 + number * 16), line, fill='black', font=font)
            picture.paste(Image.fromarray(image), (left, top + _TEXT))
    return np.asarray(picture)


@lru_cache
def _font() -> ImageFont.FreeTypeFont:
    """A font that has letters of most languages; it comes with matplotlib."""
    from matplotlib.font_manager import findfont

    return ImageFont.truetype(findfont('DejaVu Sans'), 12)
