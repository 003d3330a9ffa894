"""Built-in data set, drawn from a seed on first use without a download."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from PIL import Image

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.shapes_blueprints import CLASS_SETS
from mmwsss.datasets.shapes_drawing import draw_photo
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.registry import DATASETS
from mmwsss.stores.mask_store import voc_palette

try:
    import fcntl
except ImportError:  # no POSIX: processes may then draw the same thing, the first one wins
    fcntl = None  # type: ignore[assignment]

VERSION = 1  # of the drawing; goes up when a seed gives other photos


@dataclass(frozen=True)
class ShapesDrawing:
    """Parameters of the drawing.

    Args:
        seed: Seed of all photos. Photo i of a split is the same for every ``num_train``.
        num_train: Training photos.
        num_val: Validation photos.
        size: Long side in pixels.
        class_set: 'main', or 'other': classes that 'main' lacks, for pre-training.
    """

    seed: int = 0
    num_train: int = 600
    num_val: int = 200
    size: int = 112
    class_set: str = 'main'

    def __post_init__(self) -> None:
        if self.class_set not in CLASS_SETS:
            raise DataError(f'class_set {self.class_set!r} is none of {", ".join(CLASS_SETS)}')
        if self.seed < 0 or min(self.num_train, self.num_val) < 1 or self.size < 64:
            raise DataError(
                f'seed >= 0, at least one photo a split and size >= 64 are expected, found {self}'
            )


@DATASETS.register_module()
class ShapesDataset(TaggedDataset):
    """Animals, cars, boats and houses in simple scenes, in the VOC layout.

    Every class has a small part that tells it and a larger body whose texture it shares with
    others; one class always comes with the same setting (boats on water). The folder is drawn on
    first use; several processes may ask for it at once. Masks lie in ``SegmentationClassEval``,
    of training photos too: evaluators may read them, training pipelines must not.

    Args:
        split: 'train' or 'val'. Give it or ``ann_file``.
        drawing: Arguments of :class:`ShapesDrawing`. A folder that holds another drawing is
            refused.
        ann_file: Your own list of image ids.
        data_root: Folder of the data set; made if it is not there.
        tags: As in :class:`TaggedDataset`.
        data_prefix: As in :class:`TaggedDataset`.
        pipeline: Transforms.
        test_mode: As in :class:`TaggedDataset`.
        indices: As in :class:`TaggedDataset`.
        seed: As in :class:`TaggedDataset`.
    """

    MADE_ON_FIRST_USE = True

    def __init__(
        self,
        *,
        split: str | None = None,
        drawing: Mapping[str, Any] = {},
        ann_file: str = '',
        data_root: str = 'data/shapes',
        tags: Mapping[str, Any] = {'source': 'list'},
        data_prefix: Mapping[str, str] = {'img_path': 'JPEGImages'},
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        indices: int | Sequence[int] | None = None,
        seed: int | None = None,
    ) -> None:
        if (split is None) == (not ann_file) or split not in (None, 'train', 'val'):
            raise DataError(
                f"give either split='train'|'val' or ann_file, found {split!r} and {ann_file!r}"
            )
        spec = ShapesDrawing(**drawing)
        draw_shapes(data_root, spec)
        classes = ('background', *CLASS_SETS[spec.class_set])
        super().__init__(
            tags=tags,
            data_root=data_root,
            ann_file=ann_file or f'ImageSets/Segmentation/{split}.txt',
            data_prefix=data_prefix,
            pipeline=pipeline,
            test_mode=test_mode,
            metainfo={'classes': classes},
            indices=indices,
            seed=seed,
        )


def draw_shapes(folder: str | Path, spec: ShapesDrawing) -> None:
    """Draw the data set unless it exists; other processes see it complete or not at all.

    Args:
        folder: Where it shall be.
        spec: What to draw.

    Raises:
        DataError: The folder holds something else; the message names both.
    """
    folder = Path(folder)
    meta = {'kind': 'shapes', 'version': VERSION, **asdict(spec)}
    if _is_there(folder, meta):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_name(f'.{folder.name}.lock')):
        if _is_there(folder, meta):
            return
        print_log(f'drawing {spec.num_train + spec.num_val} photos into {folder}', 'current')
        draft = folder.with_name(f'.{folder.name}.{os.getpid()}.tmp')
        shutil.rmtree(draft, ignore_errors=True)
        try:
            _draw(draft, spec, meta)
            with suppress(OSError):  # somebody was faster
                os.rename(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    if not _is_there(folder, meta):
        raise DataError(f'{folder}: the drawing could not be moved there')


def _is_there(folder: Path, meta: dict[str, Any]) -> bool:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        found = json.loads((folder / 'meta.json').read_text())
    except (OSError, ValueError):
        raise DataError(
            f'{folder} is no folder of the shapes data set (no meta.json). Choose another data_root'
        ) from None
    if found != meta:
        raise DataError(
            f'{folder} was drawn with {found}, but {meta} is asked for. Choose another data_root, '
            'or delete the folder to draw it anew'
        )
    return True


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a lock that the system releases should the process die."""
    with open(path, 'w') as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _draw(folder: Path, spec: ShapesDrawing, meta: dict[str, Any]) -> None:
    photos, masks = folder / 'JPEGImages', folder / 'SegmentationClassEval'
    lists = folder / 'ImageSets' / 'Segmentation'
    for path in (photos, masks, lists):
        path.mkdir(parents=True)
    palette, labels = voc_palette().tobytes(), []
    for number, (split, count) in enumerate({'train': spec.num_train, 'val': spec.num_val}.items()):
        ids = [f'{split}_{index:05d}' for index in range(count)]
        for index, img_id in enumerate(ids):
            rng = np.random.default_rng((spec.seed, number, index))
            photo, mask = draw_photo(rng, spec.class_set, spec.size)
            Image.fromarray(photo).save(photos / f'{img_id}.jpg', quality=92)
            image = Image.fromarray(mask)
            image.putpalette(palette)
            image.save(masks / f'{img_id}.png')
            values = np.unique(mask)
            labels.append(' '.join([img_id, *map(str, values[(values > 0) & (values < 255)])]))
        (lists / f'{split}.txt').write_text('\n'.join(ids) + '\n')
    (folder / 'image_labels.txt').write_text('\n'.join(labels) + '\n')
    (folder / 'classes.txt').write_text(
        '\n'.join(('background', *CLASS_SETS[spec.class_set])) + '\n'
    )
    (folder / 'meta.json').write_text(json.dumps(meta, indent=1) + '\n')
