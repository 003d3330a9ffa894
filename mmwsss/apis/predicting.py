"""Segments many photos with a trained network and writes the masks to a folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.runner.amp import autocast
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mmwsss.apis.inferencer import Inference, WSSSInferencer
from mmwsss.apis.photo_paths import find_photos, find_unread
from mmwsss.apis.prediction_folder import PredictionFolder
from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.datasets.io import read_image
from mmwsss.datasets.listing import shown, strip_suffix
from mmwsss.datasets.tag_csv import read_tag_csv
from mmwsss.stores.hashing import hash_file

_FIRST = 10  # if so many photos fail and none succeeds, the fault is not theirs


@dataclass
class Predictions:
    """What a call of :func:`predict` did.

    Args:
        out: The folder of the results.
        made: Photos that were segmented now.
        kept: Photos that had been segmented before.
        left_out: Why others could not be, by photo.
    """

    out: Path
    made: int = 0
    kept: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def predict(
    inferencer: WSSSInferencer,
    photos: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    tags: str | Path | None = None,
    overlay: bool = False,
    scores: bool = False,
    background: float = 0.3,
    batch_size: int = 4,
    amp: bool = False,
    overwrite: bool = False,
    console: Console | None = None,
) -> Predictions:
    """Segment photos and write the results, each as soon as it is there.

    ``out`` gets ``masks/NAME.png`` (palette PNGs of the photos' sizes: 0 background, 1..C the
    network's classes), on request ``overlays/NAME.jpg`` and ``scores/NAME.npz`` (as in score
    stores), and ``predictions.csv``: photo, class, share of the photo's pixels, and for CAM
    networks the score of the tag. Names are the photos' paths below what they have in common. A
    call that was stopped goes on; photos that are done and have not changed are not done again.

    Args:
        inferencer: The network, e.g. ``WSSSInferencer.from_recipe('work_dirs/my_recipe')``.
        photos: Files, folders and patterns, see :func:`~mmwsss.apis.photo_paths.find_photos`.
        out: Folder for the results.
        tags: Table of tags for CAM networks, as ``tags.csv`` of a folder. Photos that it does not
            name, and all without it, get the tags that the network predicts.
        overlay: Paint the masks over the photos as well.
        scores: Keep the class scores of a CAM network as well.
        background: Background score at which scores become masks.
        batch_size: Photos at a time.
        amp: Compute with mixed precision.
        overwrite: Do all photos again where ``out`` holds results of another network.
        console: Where progress goes. Defaults to the terminal.

    Raises:
        DataError: Photos or tags are not there, or ``out`` holds other things.
        ValueError: An option does not go with the network.
    """
    if not inferencer.makes_scores:
        for name, given in (('tags', tags is not None), ('scores', scores)):
            if given:
                raise ValueError(f'{name} go with CAM networks; this network is a segmentor')
    if batch_size < 1 or not 0 <= background <= 1:
        raise ValueError(
            'a batch size of at least 1 and a background score in [0, 1] are expected, found '
            f'{batch_size} and {background}'
        )
    photos = [photos] if isinstance(photos, str | Path) else photos
    written = [Path(out) / name for name in ('masks', 'overlays')]
    found = find_photos(photos, leave_out=written)
    if unread := find_unread(photos):
        print_log(
            f'{len(unread)} photos are passed over, in formats that Pillow cannot read here: '
            f'{shown(unread)}. Save them as JPEG or PNG',
            'current',
            logging.WARNING,
        )
    photo_tags = {} if tags is None else _read_tags(tags, found, inferencer.classes)
    folder = PredictionFolder(Path(out), found, photo_tags, overlay, scores)
    run = _Run(inferencer, folder, background, amp)
    folder.open(run.identity(), overwrite)
    left = folder.pending()
    result = Predictions(folder.root, kept=len(found) - len(left))
    bar = Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not (console or Console()).is_terminal,
    )
    try:
        with bar:
            task = bar.add_task('photos', total=len(left))
            for names, errors in run.work(left, batch_size):
                result.made += len(names)
                result.left_out |= errors
                bar.advance(task, len(names) + len(errors))
                if not result.made and not result.kept and len(result.left_out) >= _FIRST:
                    lines = '\n'.join(f'  {text}' for text in list(errors.values())[:3])
                    raise DataError(f'none of the first {_FIRST} photos could be done:\n{lines}')
    finally:  # whatever stopped it, what is done is in the table
        folder.close(result.left_out)
    return result


class _Run:
    """The work of one call: reads photos ahead, runs the network, hands results to the folder."""

    def __init__(
        self, inferencer: WSSSInferencer, folder: PredictionFolder, background: float, amp: bool
    ) -> None:
        self.inferencer, self.folder = inferencer, folder
        self.background, self.amp = background, amp

    def identity(self) -> dict[str, Any]:
        """What decides the masks besides the photos and their tags."""
        checkpoint = self.inferencer.checkpoint
        record: dict[str, Any] = {
            'checkpoint': str(checkpoint),
            'checkpoint_hash': hash_file(checkpoint) if checkpoint else '',
            'config_hash': self.inferencer.config_hash,
            'classes': list(self.inferencer.classes),
            'upright': self.inferencer.upright,
            'amp': self.amp,
        }
        if self.inferencer.makes_scores:
            record['background'] = self.background
        return record

    def work(
        self, left: Sequence[str], batch_size: int
    ) -> Iterator[tuple[list[str], dict[str, str]]]:
        """Do photos in batches; yields which are done, and why others could not be."""
        batches = [left[i : i + batch_size] for i in range(0, len(left), batch_size)]
        with ThreadPoolExecutor(min(4, batch_size)) as readers:
            ahead = [readers.submit(self._read, photo) for photo in batches[0]] if batches else []
            for batch, following in zip_longest(batches, batches[1:], fillvalue=()):
                read = [future.result() for future in ahead]
                ahead = [readers.submit(self._read, photo) for photo in following]
                errors = {
                    photo: x for photo, x in zip(batch, read, strict=True) if isinstance(x, str)
                }
                images = {
                    photo: x for photo, x in zip(batch, read, strict=True) if not isinstance(x, str)
                }
                names = []
                for photo, result in self._infer(images, errors):
                    self.folder.write(photo, result)
                    names.append(photo)
                for photo, text in errors.items():
                    print_log(f'left out {photo}: {text}', 'current', logging.WARNING)
                yield names, errors

    def _read(self, photo: str) -> np.ndarray | str:
        try:
            return read_image(self.folder.photos[photo], upright=self.inferencer.upright)
        except ImageError as error:
            return str(error)

    def _infer(
        self, images: Mapping[str, np.ndarray], errors: dict[str, str]
    ) -> Iterator[tuple[str, Inference]]:
        """Run a batch; if it fails as a whole, its photos one by one."""
        for tagged in (True, False):
            part = [photo for photo in images if (self.folder.tags(photo) is not None) == tagged]
            if not part:
                continue
            tags = [self.folder.tags(photo) or [] for photo in part] if tagged else None
            try:
                yield from zip(part, self._forward([images[p] for p in part], tags), strict=True)
                continue
            except (ValueError, RuntimeError) as error:  # e.g. out of memory
                if len(part) == 1:
                    errors[part[0]] = str(error).splitlines()[0]
                    continue
            for index, photo in enumerate(part):
                try:
                    alone = None if tags is None else [tags[index]]
                    result = self._forward([images[photo]], alone)[0]
                except (ValueError, RuntimeError) as error:
                    errors[photo] = str(error).splitlines()[0]
                    continue
                yield photo, result

    def _forward(
        self, images: Sequence[np.ndarray], tags: Sequence[Sequence[str]] | None
    ) -> list[Inference]:
        kind = torch.device(self.inferencer.device).type
        with autocast(device_type=kind, enabled=self.amp):
            return self.inferencer(images, tags, batch_size=len(images), background=self.background)


def _read_tags(
    path: str | Path, photos: Mapping[str, Path], classes: Sequence[str]
) -> dict[str, Sequence[str]]:
    """Tags of the photos that the table names."""
    ids: dict[str, list[str]] = {}
    for photo in photos:
        ids.setdefault(strip_suffix(photo), []).append(photo)
    table = read_tag_csv(path, list(ids), classes=classes[1:])
    for remark in table.remarks:
        print_log(f'{path}: {remark}', 'current', logging.WARNING)
    for img_id in table.tags:
        if len(twins := ids.get(img_id, ())) > 1:
            raise DataError(
                f'{path}: line {table.lines[img_id]} may be of {" or of ".join(twins)}: tables are '
                'read without the endings of names. Rename one of the photos'
            )
    found = {twins[0]: table.tags[i] for i, twins in ids.items() if i in table.tags}
    if not found:
        raise DataError(
            f'{path}: names none of the photos; it has {shown(table.tags)}, the photos are '
            f'{shown(photos)}. Give the folder that its names begin in'
        )
    foreign = sorted({name for names in found.values() for name in names} - set(classes[1:]))
    if foreign:
        raise DataError(
            f'{path}: these tags are no class of the network: {shown(foreign)}; its classes are '
            f'{", ".join(classes[1:])}'
        )
    return found
