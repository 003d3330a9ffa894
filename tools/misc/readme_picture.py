"""Draw the picture of README: two photos that scikit-image brings, from tags to masks.

WORK_DIR is that of configs/cam/cam_lite0_voc_recipe.py. The photos are free: the cat is CC0, the
astronaut is NASA's. Each row shows a photo, the CAM network's seeds of its tag, and what the
segmentor predicts without tags.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

from mmwsss.apis import WSSSInferencer
from mmwsss.engine.cli import readable_errors

HEIGHT = 200
GAP = 6


def photos() -> dict[str, np.ndarray]:
    """The photos by their tag, uint8 (h, w, 3), long side 320 as those that were learnt from."""
    found = {'cat': data.chelsea(), 'person': data.astronaut()}
    return {tag: _resize(photo, 320 / max(photo.shape)) for tag, photo in found.items()}


def draw(rows: Sequence[Sequence[np.ndarray]], height: int = HEIGHT) -> np.ndarray:
    """Lay out pictures on white, all of one height.

    Args:
        rows: Pictures of each row, uint8 (h, w, 3).
        height: Of each row, in pixels.

    Returns:
        uint8 (H, W, 3); rows stand left-aligned, ``GAP`` pixels apart.
    """
    scaled = [[_resize(picture, height / len(picture)) for picture in row] for row in rows]
    width = max(sum(picture.shape[1] + GAP for picture in row) for row in scaled) - GAP
    canvas = np.full((len(rows) * (height + GAP) - GAP, width, 3), 255, np.uint8)
    for number, row in enumerate(scaled):
        top, left = number * (height + GAP), 0
        for picture in row:
            canvas[top : top + height, left : left + picture.shape[1]] = picture
            left += picture.shape[1] + GAP
    return canvas


def _resize(picture: np.ndarray, factor: float) -> np.ndarray:
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, (width, height), interpolation=way)


def main(argv: Sequence[str] | None = None) -> None:
    """Run both networks and write the picture, with 256 colours to keep it small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', type=Path, help="the recipe's work directory")
    parser.add_argument('out', type=Path, help='the PNG')
    args = parser.parse_args(argv)
    with readable_errors():
        cam = WSSSInferencer.from_recipe(args.work_dir, 'cam')
        segmentor = WSSSInferencer.from_recipe(args.work_dir)
    given = photos()
    seeds = cam(list(given.values()), tags=[[tag] for tag in given])
    masks = segmentor(list(given.values()))
    rows = [
        (photo, seed.cam_overlay(), mask.overlay())
        for photo, seed, mask in zip(given.values(), seeds, masks, strict=True)
    ]
    picture = Image.fromarray(draw(rows)).quantize(256)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(args.out, optimize=True)


if __name__ == '__main__':
    main()
