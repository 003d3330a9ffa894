"""Geometry and textures of the classes of the built-in shapes data set, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]  # RGB, 0-255

# Textures are shared between classes on purpose: a body alone does not tell the class. Each entry
# is (patterns, base colours in RGB 0-255).
TEXTURES: dict[str, tuple[tuple[str, ...], tuple[tuple[int, int, int], ...]]] = {
    'fur': (
        ('plain', 'bands'),
        ((150, 105, 66), (126, 124, 122), (174, 118, 76), (214, 196, 166), (84, 68, 58)),
    ),
    'paint': (
        ('gloss', 'plain'),
        ((178, 52, 48), (52, 92, 158), (210, 170, 60), (210, 210, 206), (70, 122, 92)),
    ),
    'wood': (
        ('planks', 'plain'),
        ((160, 118, 76), (124, 88, 60), (188, 156, 112), (140, 134, 124)),
    ),
}


@dataclass(frozen=True)
class Patch:
    """One polygon of an object.

    Args:
        points: Polygon, (P, 2) array of x, y; the object stands on y = 0, y points down, and its
            body spans about -1..1 in x.
        colour: RGB 0-255, or None for the texture that the object's body carries.
        part: Whether it belongs to the small part that tells the class.
    """

    points: np.ndarray
    colour: Colour | None = None
    part: bool = False


@dataclass(frozen=True)
class Blueprint:
    """A class of objects.

    Args:
        patches: Polygons in drawing order.
        textures: Keys of ``TEXTURES`` a body may carry.
        scale: Range of half widths as a fraction of the image's long side.
        floats: Whether it lies on water, which is then in every photo of the class.
    """

    patches: tuple[Patch, ...]
    textures: tuple[str, ...]
    scale: tuple[float, float]
    floats: bool = False


def _poly(*xy: float, colour: Colour | None = None, part: bool = False) -> Patch:
    return Patch(np.array(xy, dtype=np.float64).reshape(-1, 2), colour, part)


def _box(
    x0: float, y0: float, x1: float, y1: float, colour: Colour | None = None, part: bool = False
) -> Patch:
    return _poly(x0, y0, x1, y0, x1, y1, x0, y1, colour=colour, part=part)


def _disc(
    cx: float,
    cy: float,
    rx: float,
    ry: float | None = None,
    colour: Colour | None = None,
    part: bool = False,
) -> Patch:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ry = rx if ry is None else ry
    points = np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)
    return Patch(points, colour, part)


def _legs(*centres: float, top: float = -0.4, width: float = 0.16) -> tuple[Patch, ...]:
    return tuple(_box(x - width / 2, top, x + width / 2, 0) for x in centres)


BLACK, WHITE, GLASS = (26, 24, 26), (240, 238, 230), (120, 148, 166)
PINK, ORANGE, CREAM = (236, 118, 146), (252, 142, 12), (236, 222, 190)
RED, YELLOW, GREEN = (204, 34, 40), (250, 214, 78), (112, 200, 70)


def _wheel(x: float, radius: float) -> tuple[Patch, ...]:
    hub = radius * 0.5
    return (
        _disc(x, -radius, radius, colour=BLACK, part=True),
        _disc(x, -radius, hub, colour=(190, 192, 196), part=True),
    )


_CAT = (
    _poly(-0.66, -0.5, -1.0, -0.85, -0.98, -1.2, -0.84, -1.2, -0.84, -0.9, -0.5, -0.66),
    *_legs(-0.5, -0.26, 0.36, 0.58),
    _disc(0, -0.52, 0.78, 0.34),
    _disc(0.7, -0.86, 0.42, 0.37),
    _poly(0.24, -0.94, 0.26, -1.66, 0.68, -1.18, colour=PINK, part=True),
    _poly(0.72, -1.18, 1.14, -1.66, 1.16, -0.94, colour=PINK, part=True),
    _disc(0.52, -0.96, 0.15, colour=GREEN, part=True),
    _disc(0.88, -0.96, 0.15, colour=GREEN, part=True),
    _disc(0.7, -0.7, 0.26, 0.16, colour=WHITE, part=True),
)
_DOG = (
    _poly(-0.7, -0.75, -1.06, -1.28, -0.94, -1.32, -0.5, -0.85),
    *_legs(-0.56, -0.32, 0.36, 0.58, top=-0.5),
    _disc(-0.02, -0.66, 0.76, 0.32),
    _poly(0.3, -0.7, 0.6, -1.16, 0.9, -1.0, 0.66, -0.5),
    _disc(0.72, -1.08, 0.3, 0.27),
    _box(0.8, -1.18, 1.26, -0.86, colour=CREAM, part=True),
    _disc(1.24, -1.1, 0.14, 0.13, colour=BLACK, part=True),
    _disc(0.52, -0.96, 0.18, 0.36, colour=(48, 28, 20), part=True),
    _poly(0.3, -0.8, 0.76, -0.62, 0.7, -0.44, 0.24, -0.62, colour=RED, part=True),
)
_BIRD = (
    _poly(-0.4, -0.5, -1.05, -0.72, -1.05, -0.44, -0.4, -0.3),
    _box(-0.12, -0.24, -0.02, 0, colour=(150, 100, 50)),
    _box(0.12, -0.24, 0.22, 0, colour=(150, 100, 50)),
    _disc(0, -0.52, 0.66, 0.36),
    _disc(0.52, -0.94, 0.37, 0.34),
    _poly(0.74, -1.2, 1.5, -0.86, 0.74, -0.66, colour=ORANGE, part=True),
    _disc(0.52, -1.02, 0.21, colour=WHITE, part=True),
    _disc(0.57, -1.02, 0.12, colour=BLACK, part=True),
)
_CAR = (
    _poly(-1, -0.24, -1, -0.56, -0.66, -0.62, -0.42, -1, 0.34, -1, 0.66, -0.62, 1, -0.54),
    _box(-1.0, -0.56, 1.02, -0.2),
    _poly(-0.52, -0.64, -0.36, -0.9, -0.06, -0.9, -0.06, -0.64, colour=GLASS),
    _poly(0.04, -0.64, 0.04, -0.9, 0.3, -0.9, 0.48, -0.64, colour=GLASS),
    *_wheel(-0.56, 0.25),
    *_wheel(0.56, 0.25),
)
_BOAT = (
    _poly(-1.0, -0.46, 1.1, -0.46, 0.72, 0, -0.76, 0),
    _box(-0.62, -0.86, 0.3, -0.44),
    _box(0.42, -1.5, 0.5, -0.44, colour=(96, 76, 60)),
    _poly(0.5, -1.5, 1.06, -1.34, 0.5, -1.16, colour=RED, part=True),
    _poly(0.5, -1.4, 0.8, -1.34, 0.5, -1.27, colour=WHITE, part=True),
    _disc(-0.16, -0.66, 0.16, colour=ORANGE, part=True),
    _disc(-0.16, -0.66, 0.07, colour=WHITE, part=True),
)
_HOUSE = (
    _box(-0.8, -0.95, 0.8, 0),
    _poly(-0.98, -0.92, 0, -1.55, 0.98, -0.92, colour=(112, 104, 102)),
    _box(-0.58, -0.74, -0.06, -0.3, colour=WHITE, part=True),
    _box(-0.52, -0.68, -0.35, -0.36, colour=YELLOW, part=True),
    _box(-0.29, -0.68, -0.12, -0.36, colour=YELLOW, part=True),
    _box(0.24, -0.58, 0.56, 0, colour=(30, 70, 150), part=True),
    _disc(0.5, -0.3, 0.04, colour=YELLOW, part=True),
)
_RABBIT = (
    _disc(-0.86, -0.34, 0.2, colour=WHITE, part=True),
    *_legs(-0.4, 0.4, top=-0.3, width=0.3),
    _disc(-0.12, -0.48, 0.74, 0.44),
    _disc(0.62, -0.86, 0.32, 0.28),
    _disc(0.5, -1.34, 0.11, 0.36),
    _disc(0.76, -1.34, 0.11, 0.36),
    _disc(0.5, -1.34, 0.06, 0.28, colour=PINK, part=True),
    _disc(0.76, -1.34, 0.06, 0.28, colour=PINK, part=True),
    _disc(0.72, -0.92, 0.07, colour=BLACK, part=True),
)
_COW = (
    *_legs(-0.66, -0.42, 0.4, 0.64, top=-0.5, width=0.2),
    _box(-0.86, -1.02, 0.84, -0.42),
    _box(0.62, -1.3, 1.08, -0.76),
    _box(0.74, -0.9, 1.2, -0.68, colour=PINK, part=True),
    _poly(0.6, -1.28, 0.5, -1.58, 0.76, -1.3, colour=CREAM, part=True),
    _poly(0.94, -1.3, 1.2, -1.58, 1.08, -1.28, colour=CREAM, part=True),
    _disc(-0.34, -0.38, 0.2, 0.13, colour=PINK, part=True),
)
_SNAIL = (
    _poly(-1.1, 0, -0.7, -0.26, 0.7, -0.26, 0.8, -0.8, 1.06, -0.8, 1.1, -0.1, 1.0, 0),
    _disc(-0.1, -0.62, 0.6, 0.54),
    _disc(-0.1, -0.62, 0.38, 0.35, colour=(96, 42, 110), part=True),
    _disc(-0.06, -0.6, 0.25, 0.22, colour=(232, 200, 120), part=True),
    _disc(-0.03, -0.6, 0.12, 0.11, colour=(96, 42, 110), part=True),
)
_TRUCK = (
    _box(-1.1, -1.15, 0.42, -0.22),
    _box(0.46, -0.86, 1.06, -0.22),
    _box(0.66, -0.78, 1.0, -0.52, colour=GLASS),
    _box(0.9, -0.42, 1.12, -0.28, colour=YELLOW, part=True),
    *_wheel(-0.78, 0.2),
    *_wheel(-0.3, 0.2),
    *_wheel(0.74, 0.2),
)
_TENT = (
    _poly(-1.1, 0, 0, -1.3, 1.1, 0),
    _poly(-0.36, 0, 0, -0.76, 0.36, 0, colour=(38, 34, 46), part=True),
    _poly(0, -0.76, 0.36, 0, 0.24, 0, colour=(64, 190, 200), part=True),
    _poly(0, -1.62, 0.4, -1.5, 0, -1.38, colour=(64, 190, 200), part=True),
    _box(-0.04, -1.62, 0.02, -1.2, colour=(96, 76, 60)),
)
_MUSHROOM = (
    _poly(-0.26, 0, -0.2, -0.66, 0.2, -0.66, 0.26, 0, colour=CREAM),
    _poly(-1, -0.58, -0.88, -1, -0.5, -1.28, 0, -1.36, 0.5, -1.28, 0.88, -1, 1, -0.58),
    _disc(-0.42, -0.94, 0.17, 0.13, colour=WHITE, part=True),
    _disc(0.14, -1.12, 0.17, 0.13, colour=WHITE, part=True),
    _disc(0.5, -0.82, 0.15, 0.12, colour=WHITE, part=True),
)

# Two sets without a common class: 'main' is what demos train on (its boats are never seen away from
# water), 'other' is for pre-training.
CLASS_SETS: dict[str, dict[str, Blueprint]] = {
    'main': {
        'cat': Blueprint(_CAT, ('fur',), (0.22, 0.34)),
        'dog': Blueprint(_DOG, ('fur',), (0.22, 0.34)),
        'bird': Blueprint(_BIRD, ('fur',), (0.21, 0.32)),
        'car': Blueprint(_CAR, ('paint',), (0.21, 0.35)),
        'boat': Blueprint(_BOAT, ('paint', 'wood'), (0.21, 0.33), floats=True),
        'house': Blueprint(_HOUSE, ('wood', 'paint'), (0.23, 0.35)),
    },
    'other': {
        'rabbit': Blueprint(_RABBIT, ('fur',), (0.19, 0.31)),
        'cow': Blueprint(_COW, ('fur',), (0.21, 0.33)),
        'snail': Blueprint(_SNAIL, ('fur',), (0.19, 0.31)),
        'truck': Blueprint(_TRUCK, ('paint',), (0.21, 0.35)),
        'tent': Blueprint(_TENT, ('wood', 'paint'), (0.21, 0.35)),
        'mushroom': Blueprint(_MUSHROOM, ('paint', 'wood'), (0.19, 0.31)),
    },
}
