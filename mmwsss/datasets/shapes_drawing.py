"""Drawing of the built-in shapes data set: one seed and one index give one photo and its mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from mmwsss.datasets.shapes_blueprints import CLASS_SETS, TEXTURES, Blueprint, Colour

SUPERSAMPLING = 3
BORDER = 255

# name: (colours of the upper part, colours of the ground, roughness of the ground, rows of the
# ground per row of its noise: 1 is isotropic, more looks flat)
_SETTINGS = {
    'meadow': (((168, 200, 226), (206, 214, 220)), ((104, 138, 62), (132, 146, 80)), 34, 1.5),
    'beach': (((150, 192, 224), (222, 206, 190)), ((204, 182, 142), (186, 166, 132)), 20, 3.0),
    'street': (((150, 132, 122), (176, 170, 166)), ((112, 112, 114), (142, 136, 130)), 11, 1.0),
    'room': (((196, 180, 152), (150, 170, 168)), ((128, 94, 66), (150, 122, 96)), 22, 5.0),
}
_WATER = (((158, 192, 222), (210, 208, 206)), ((54, 104, 134), (78, 126, 136)), 40, 6.0)
_WATER_ALONE = 0.25  # share of the other photos that show water too


@dataclass(frozen=True)
class _Object:
    """A placed object: patch coverages (H, W) float32, its extent, and what it looks like."""

    label: int
    base: float
    box: tuple[slice, slice]
    layers: tuple[tuple[np.ndarray, Colour | None], ...]
    body: np.ndarray
    part: np.ndarray
    part_inside: float
    area: float
    textures: tuple[str, ...]


def draw_photo(
    rng: np.random.Generator, class_set: str, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one photo.

    Args:
        rng: Source of everything that is random in it.
        class_set: Key of ``CLASS_SETS``.
        size: Long side in pixels; the short side is 0.75 to 1 of it.

    Returns:
        The photo, uint8 RGB (H, W, 3), and its mask, uint8 (H, W): 0 background, k + 1 for
        foreground class k, 255 on the outlines. At least one class is in the mask.
    """
    short = round(size * rng.uniform(0.75, 1))
    shape = (short, size) if rng.random() < 0.7 else (size, short)
    blueprints = list(CLASS_SETS[class_set].values())
    count = rng.choice(3, p=(0.5, 0.33, 0.17)) + 1
    labels = rng.integers(len(blueprints), size=count)
    if count > 1 and rng.random() < 0.2:
        labels[1] = labels[0]
    wet = any(blueprints[k].floats for k in labels) or rng.random() < _WATER_ALONE
    canvas, horizon, shore = _scene(rng, shape, wet)
    objects = _place(rng, labels, blueprints, shape, horizon, shore)
    for kind in rng.choice(3, size=rng.integers(0, 4)):
        _clutter(rng, canvas, kind, horizon if not wet else shore)
    instances = np.zeros(shape, dtype=np.int32)
    mask = np.zeros(shape, dtype=np.uint8)
    for number, item in enumerate(objects, start=1):
        _shadow(canvas, item)
        _paint(rng, canvas, item)
        covered = item.body[item.box] >= 0.5
        instances[item.box][covered] = number
        mask[item.box][covered] = item.label + 1
    outline = ndimage.maximum_filter(instances, 3) != ndimage.minimum_filter(instances, 3)
    mask[outline] = BORDER
    return _develop(rng, canvas), mask


def _noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: float, flat: float = 1.0
) -> np.ndarray:
    """Fractal noise, float32 (H, W), about zero mean and unit deviation.

    Args:
        rng: Random generator.
        shape: (H, W).
        cells: Cells along the long side in the coarsest of four octaves.
        flat: How much wider than high the cells are.
    """
    height, width = shape
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(4):
        side = cells * 2**octave / max(shape)
        grid = (max(2, round(height * side * flat)), max(2, round(width * side)))
        grid = (min(grid[0], height * 2), min(grid[1], width * 2))
        field = Image.fromarray(rng.standard_normal(grid, dtype=np.float32))
        total += np.asarray(field.resize((width, height), Image.Resampling.BICUBIC)) * 0.6**octave
    return total / 1.2


def _pick(rng: np.random.Generator, colours: Sequence[Colour], jitter: float = 12) -> np.ndarray:
    return np.asarray(colours[int(rng.integers(len(colours)))]) + rng.normal(0, jitter, 3)


def _scene(
    rng: np.random.Generator, shape: tuple[int, int], wet: bool
) -> tuple[np.ndarray, int, int]:
    """Sky or wall above ground, or above water with a strip of land in front.

    Returns:
        The canvas, float32 (H, W, 3), the row of the horizon and the row where land begins.
    """
    height = shape[0]
    upper, lower, rough, flat = (
        _WATER if wet else list(_SETTINGS.values())[rng.integers(len(_SETTINGS))]
    )
    horizon = int(height * rng.uniform(0.22, 0.45))
    shore = int(height * rng.uniform(0.7, 0.85)) if wet else horizon
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    canvas = _pick(rng, upper) + 16 * rows + 9 * _noise(rng, shape, 2)[..., None]
    _ground(rng, canvas, horizon, _pick(rng, lower), rough, flat)
    if wet:
        _, land, rough, flat = _SETTINGS['beach' if rng.random() < 0.5 else 'meadow']
        _ground(rng, canvas, shore, _pick(rng, land), rough, flat)
    return canvas.astype(np.float32), horizon, shore


def _ground(
    rng: np.random.Generator,
    canvas: np.ndarray,
    row: int,
    colour: np.ndarray,
    rough: float,
    flat: float,
) -> None:
    height, width = canvas.shape[0] - row, canvas.shape[1]
    noise = _noise(rng, (height, width), rng.uniform(5, 9), flat)
    edge = np.clip(np.arange(height) / 3, 0.3, 1)[:, None, None]  # a soft horizon
    light = np.linspace(0.9, 1.08, height)[:, None, None]
    canvas[row:] += edge * (colour * light + 0.6 * rough * noise[..., None] - canvas[row:])


def _place(
    rng: np.random.Generator,
    labels: np.ndarray,
    blueprints: list[Blueprint],
    shape: tuple[int, int],
    horizon: int,
    shore: int,
) -> list[_Object]:
    """Objects from back to front, each of them, and its telling part, visible enough."""
    placed: list[_Object] = []
    while not placed:
        for label in labels:
            for _ in range(12):
                trial = _pose(rng, int(label), blueprints[label], shape, horizon, shore)
                scene = sorted([*placed, trial], key=lambda item: item.base)
                if all(body >= 0.4 and part >= 0.7 for body, part in _visible(scene, shape)):
                    placed = scene
                    break
    return placed


def _pose(
    rng: np.random.Generator,
    label: int,
    blueprint: Blueprint,
    shape: tuple[int, int],
    horizon: int,
    shore: int,
) -> _Object:
    height, width = shape
    low, high = (horizon + 8, shore) if blueprint.floats else (shore + 6, height - 2)
    base = rng.uniform(low, max(low + 1, high))
    depth = 0.8 + 0.35 * (base - horizon) / (height - horizon)
    unit = rng.uniform(*blueprint.scale) * max(shape) * depth
    tilt = np.deg2rad(rng.normal(0, 5))
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    stretch = unit * rng.uniform(0.87, 1.13, 2) * (rng.choice((-1, 1)), 1)
    shift = (rng.uniform(0.08, 0.92) * width, base)
    outlines = [patch.points * stretch @ turn + shift for patch in blueprint.patches]
    points = np.concatenate(outlines)
    x0, y0 = np.clip(np.floor(points.min(axis=0)).astype(int) - 1, 0, (width - 1, height - 1))
    x1, y1 = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, (x0 + 1, y0 + 1), (width, height))
    coverages = [_coverage(outline, x0, y0, x1, y1) for outline in outlines]
    box = (slice(y0, y1), slice(x0, x1))
    body, part = np.zeros((2, *shape), dtype=np.float32)
    body[box] = np.max(coverages, axis=0)
    parts = [k for k, patch in enumerate(blueprint.patches) if patch.part]
    part[box] = np.max([coverages[k] for k in parts], axis=0)
    corners = np.concatenate([outlines[k] for k in parts])
    inside = ((corners >= 0) & (corners < (width, height))).all(axis=1).mean()
    hull = np.ptp(points, axis=0).prod()
    colours = (patch.colour for patch in blueprint.patches)
    layers = tuple(zip(coverages, colours, strict=True))
    return _Object(label, base, box, layers, body, part, inside, hull, blueprint.textures)


def _coverage(outline: np.ndarray, x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    """Share of each pixel of the box that the polygon covers, float32 (y1 - y0, x1 - x0)."""
    tile = Image.new('L', ((x1 - x0) * SUPERSAMPLING, (y1 - y0) * SUPERSAMPLING))
    corners = (outline - (x0, y0)) * SUPERSAMPLING
    ImageDraw.Draw(tile).polygon(corners.ravel().tolist(), fill=255)
    return np.asarray(tile.reduce(SUPERSAMPLING), dtype=np.float32) / 255


def _visible(scene: list[_Object], shape: tuple[int, int]) -> Iterator[tuple[float, float]]:
    """Visible share of each object, which fills about 0.45 of its hull, and of its telling part."""
    in_front = np.zeros(shape, dtype=bool)
    for item in reversed(scene):
        body, part = item.body >= 0.5, item.part >= 0.5
        seen = (part & ~in_front).sum() / max(8, part.sum())
        yield (body & ~in_front).sum() / (0.45 * item.area), seen * item.part_inside
        in_front |= body


def _shadow(canvas: np.ndarray, item: _Object) -> None:
    cols = item.box[1]
    height, width = canvas.shape[:2]
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    half = (cols.stop - cols.start) / 2
    reach = ((xx - cols.start - half) / (1.05 * half + 2)) ** 2 + ((yy - item.base) / 5) ** 2
    canvas *= 1 - 0.38 * np.exp(-1.6 * reach**2)[..., None]


def _paint(rng: np.random.Generator, canvas: np.ndarray, item: _Object) -> None:
    target = canvas[item.box]
    shape = target.shape[:2]
    texture = _texture(rng, shape, item.textures[rng.integers(len(item.textures))])
    grain = 1 + 0.05 * _noise(rng, shape, 8)[..., None]
    light = np.linspace(1.14, 0.8, shape[0], dtype=np.float32)[:, None, None] * grain
    hue = rng.normal(0, 7, 3)
    for coverage, colour in item.layers:
        look = texture if colour is None else np.asarray(colour) + hue
        target += coverage[..., None] * (look * light - target)


def _texture(rng: np.random.Generator, shape: tuple[int, int], name: str) -> np.ndarray:
    """A body's surface, float32 (H, W, 3)."""
    patterns, colours = TEXTURES[name]
    pattern = patterns[rng.integers(len(patterns))]
    base = _pick(rng, colours)
    height, width = shape
    yy, xx = np.mgrid[:height, :width].astype(np.float32)
    wobble = _noise(rng, shape, 3)
    if pattern == 'bands':
        factor = 1 - 0.16 * (np.sin(xx * rng.uniform(0.5, 0.9) + 0.9 * wobble) > 0.25)
    elif pattern == 'gloss':
        factor = 1 + 0.22 * np.exp(-(((yy / height - 0.3) * 7) ** 2)) + 0.02 * wobble
    elif pattern == 'planks':
        step = rng.uniform(4, 6)
        tone = rng.normal(0, 0.06, int(height / step) + 1)[(yy / step).astype(int)]
        factor = 1 + tone - 0.22 * (yy % step < 1) + 0.03 * _noise(rng, shape, 4, 6)
    else:
        factor = 1 + 0.07 * wobble
    return (base * factor[..., None]).astype(np.float32)


def _clutter(rng: np.random.Generator, canvas: np.ndarray, kind: int, top: int) -> None:
    """Things of no class: a bush, a boulder, or a box that wears one of the bodies' textures."""
    height, width = canvas.shape[:2]
    x, y = rng.uniform(0, width), rng.uniform(min(top + 4, height - 3), height - 2)
    unit = rng.uniform(0.07, 0.14) * max(height, width)
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    if kind == 2:
        outline = np.array([(-1, -1.4), (1, -1.4), (1, 0), (-1, 0)])
    else:
        outline = np.stack([np.cos(angle), 0.75 * np.sin(angle) - 0.7], axis=1)
        outline *= 1 + rng.normal(0, 0.12, (14, 1))
    outline = outline * unit + (x, y)
    x0, y0 = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, (width - 1, height - 1))
    x1, y1 = np.clip(np.ceil(outline.max(axis=0)).astype(int), (x0 + 1, y0 + 1), (width, height))
    shape = (y1 - y0, x1 - x0)
    if kind == 2:
        look = _texture(rng, shape, list(TEXTURES)[rng.integers(len(TEXTURES))])
    else:
        colour = ((78, 104, 52), (128, 124, 120))[kind]
        look = np.asarray(colour) + rng.normal(0, 10, 3) + 20 * _noise(rng, shape, 5)[..., None]
    light = np.linspace(1.15, 0.75, shape[0])[:, None, None]
    target = canvas[y0:y1, x0:x1]
    target += _coverage(outline, x0, y0, x1, y1)[..., None] * (look * light - target)


def _develop(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Light from one side, a colour cast, a soft lens and sensor noise; uint8 (H, W, 3)."""
    height, width = canvas.shape[:2]
    yy, xx = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    towards = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.22) * (xx * np.cos(towards) + yy * np.sin(towards))
    light -= 0.07 * (xx**2 + yy**2)
    cast = rng.normal(1, 0.035, 3) * rng.uniform(0.85, 1.12)
    photo = ndimage.gaussian_filter(canvas, (*(rng.uniform(0.25, 0.55),) * 2, 0))
    photo = photo * light[..., None] * cast + rng.normal(0, rng.uniform(1.5, 4), canvas.shape)
    return np.clip(photo, 0, 255).round().astype(np.uint8)
