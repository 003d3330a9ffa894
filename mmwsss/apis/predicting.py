"""Masks of photos by a trained network, as files: made once, whenever it is stopped."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.runner.amp import autocast
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mmwsss.apis.inferencer import Inference, WSSSInferencer
from mmwsss.apis.photo_paths import find_photos, output_names
from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.datasets.io import read_image, shown, strip_suffix
from mmwsss.datasets.tag_csv import read_tag_csv
from mmwsss.datasets.transforms.pixel_limit import limited_size
from mmwsss.recipes.manifest import read_json
from mmwsss.stores.arrays import pack
from mmwsss.stores.atomic import atomic_write, atomic_write_bytes, atomic_write_json
from mmwsss.stores.hashing import hash_file
from mmwsss.version import __version__
from mmwsss.visualization.overlay import full_palette, mask_overlay

RECORD, LEDGER, TABLE, LEFT_OUT = 'predict.json', 'done.jsonl', 'predictions.csv', 'left_out.txt'
#: Stride of saved scores, as in score stores.
STRIDE = 4
_OVERLAY_PIXELS = 1 << 21
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
    photos: Sequence[str | Path],
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
    made = [Path(out) / name for name in ('masks', 'overlays')]
    found = find_photos(photos, leave_out=made)
    given = {} if tags is None else _read_tags(tags, found, inferencer.classes)
    run = _Run(inferencer, Path(out), found, given, overlay, scores, background, amp)
    run.open(overwrite)
    left = run.pending()
    result = Predictions(run.out, kept=len(found) - len(left))
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
        run.close(result.left_out)
    return result


class _Run:
    """The folder of the results, and the work that fills it."""

    def __init__(
        self,
        inferencer: WSSSInferencer,
        out: Path,
        photos: Mapping[str, Path],
        tags: Mapping[str, Sequence[str]],
        overlay: bool,
        scores: bool,
        background: float,
        amp: bool,
    ) -> None:
        self.inferencer, self.out, self.photos, self.tags = inferencer, out, photos, tags
        self.overlay, self.scores = overlay, scores
        self.background, self.amp = background, amp
        self.names = output_names(list(photos))
        self.done: dict[str, dict[str, Any]] = {}

    def identity(self) -> dict[str, Any]:
        """What decides on the masks besides the photos and their tags."""
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

    def open(self, overwrite: bool) -> None:
        """Begin the folder, or go on in it.

        Raises:
            DataError: It holds other results, or what no prediction left there.
        """
        if self.out.exists() and not self.out.is_dir():
            raise DataError(f'{self.out}: is a file; give a folder for the results')
        identity = self.identity()
        earlier = read_json(self.out / RECORD)
        if earlier is None and self.out.is_dir() and any(self.out.iterdir()):
            raise DataError(
                f'{self.out}: holds files and is no folder of predictions (no {RECORD}); give '
                'another folder'
            )
        if earlier is not None:
            differs = [
                key for key in identity if key != 'checkpoint' and earlier.get(key) != identity[key]
            ]
            if differs and not overwrite:
                texts = [
                    f'{k} {earlier.get(k)!r:.60} there, {identity[k]!r:.60} now' for k in differs
                ]
                raise DataError(
                    f'{self.out}: made by another network or with other options '
                    f'({"; ".join(texts)}). Give another folder, or --overwrite to do all again'
                )
            if differs:
                print_log(f'{self.out}: made otherwise, all photos are done again', 'current')
            if differs or overwrite:
                (self.out / LEDGER).unlink(missing_ok=True)
        self.out.mkdir(parents=True, exist_ok=True)
        atomic_write_json(self.out / RECORD, {**identity, 'version': __version__})
        self.done = _read_ledger(self.out / LEDGER)
        taken = {entry['name'].casefold(): photo for photo, entry in self.done.items()}
        clashes = [p for p in self.photos if taken.get(self.names[p].casefold(), p) != p]
        for photo in clashes:  # a twin that came later keeps its suffix
            self.names[photo] = photo
        self.names |= {p: self.done[p]['name'] for p in self.photos if p in self.done}
        strangers = [
            photo
            for photo, path in self.photos.items()
            if photo in self.done
            and self.done[photo]['path'] != os.path.abspath(path)
            and self.done[photo]['signature'] != _signature(path)
            and os.path.exists(self.done[photo]['path'])
        ]
        if strangers:
            raise DataError(
                f'{self.out}: holds masks of other photos of these names: {shown(strangers)}. Give '
                'another folder, or all photos in one call'
            )

    def pending(self) -> list[str]:
        """Photos that are not done, or not as they are now."""
        left = []
        for photo, path in self.photos.items():
            entry = self.done.get(photo)
            same = (
                entry is not None
                and entry['signature'] == _signature(path)
                and entry['tags'] == self._tags(photo)
                and all(file.is_file() for file in self._files(photo))
            )
            if not same:
                left.append(photo)
        return left

    def work(
        self, left: Sequence[str], batch_size: int
    ) -> Iterator[tuple[list[str], dict[str, str]]]:
        """Do photos in batches; names what is done, and what could not be with the reason."""
        batches = [left[i : i + batch_size] for i in range(0, len(left), batch_size)]
        with (
            ThreadPoolExecutor(min(4, batch_size)) as readers,
            open(self.out / LEDGER, 'a', encoding='utf-8') as ledger,
        ):
            ahead = [readers.submit(self._read, photo) for photo in batches[0]] if batches else []
            for index, batch in enumerate(batches):
                read = [future.result() for future in ahead]
                following = batches[index + 1] if index + 1 < len(batches) else ()
                ahead = [readers.submit(self._read, photo) for photo in following]
                errors = {
                    photo: x for photo, x in zip(batch, read, strict=True) if isinstance(x, str)
                }
                images = {
                    photo: x for photo, x in zip(batch, read, strict=True) if not isinstance(x, str)
                }
                names = []
                for photo, result in self._infer(images, errors):
                    entry = self._write(photo, result)
                    ledger.write(json.dumps(entry, ensure_ascii=False) + '\n')
                    ledger.flush()
                    self.done[photo] = entry
                    names.append(photo)
                for photo, text in errors.items():
                    print_log(f'left out {photo}: {text}', 'current', logging.WARNING)
                yield names, errors

    def close(self, left_out: Mapping[str, str]) -> None:
        """Write the table of all that is done, and the list of what is not."""
        text = io.StringIO(newline='')
        writer = csv.writer(text)
        writer.writerow(('photo', 'class', 'share', 'score'))
        for photo in sorted(self.done):
            writer.writerows((photo, *row) for row in self.done[photo]['rows'])
        atomic_write_bytes(self.out / TABLE, text.getvalue().encode('utf-8-sig'))
        if left_out:
            lines = ''.join(f'{photo}: {reason}\n' for photo, reason in left_out.items())
            atomic_write_bytes(self.out / LEFT_OUT, lines.encode())
        else:
            (self.out / LEFT_OUT).unlink(missing_ok=True)

    # One batch ------------------------------------------------------------------------

    def _tags(self, photo: str) -> list[str] | None:
        tags = self.tags.get(photo)
        return None if tags is None else list(tags)

    def _files(self, photo: str) -> list[Path]:
        name = self.names[photo]
        files = [self.out / 'masks' / f'{name}.png']
        if self.overlay:
            files.append(self.out / 'overlays' / f'{name}.jpg')
        if self.scores:
            files.append(self.out / 'scores' / f'{name}.npz')
        return files

    def _read(self, photo: str) -> np.ndarray | str:
        try:
            return read_image(self.photos[photo], upright=self.inferencer.upright)
        except ImageError as error:
            return str(error)

    def _infer(
        self, images: Mapping[str, np.ndarray], errors: dict[str, str]
    ) -> Iterator[tuple[str, Inference]]:
        """Results of a batch; of its photos one by one where it fails as a whole."""
        for tagged in (True, False):
            part = [photo for photo in images if (self._tags(photo) is not None) == tagged]
            if not part:
                continue
            tags = [self._tags(photo) or [] for photo in part] if tagged else None
            try:
                yield from zip(part, self._forward([images[p] for p in part], tags), strict=True)
                continue
            except (ValueError, RuntimeError) as error:  # memory of a device is one
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

    def _write(self, photo: str, result: Inference) -> dict[str, Any]:
        """Write the files of a photo; returns its line of the ledger."""
        files = self._files(photo)
        image = Image.fromarray(result.mask)
        image.putpalette(full_palette(result.palette).tobytes())
        with atomic_write(files[0], sync_folder=False) as path:
            image.save(path, 'PNG')
        if self.overlay:
            with atomic_write(files[1], sync_folder=False) as path:
                _overlay(result).save(path, 'JPEG', quality=90)
        if self.scores:
            height, width = result.mask.shape
            seeds = result.seeds.resize((-(-height // STRIDE), -(-width // STRIDE)))
            arrays = {
                'classes': seeds.classes,
                'scores': seeds.scores.astype(np.float16),
                'size': np.asarray((height, width), np.int32),
            }
            atomic_write_bytes(files[-1], pack(arrays), sync_folder=False)
        return {
            'photo': photo,
            'name': self.names[photo],
            'path': os.path.abspath(self.photos[photo]),
            'signature': _signature(self.photos[photo]),
            'tags': self._tags(photo),
            'rows': _rows(result),
        }


def _rows(result: Inference) -> list[tuple[str, float, float | str]]:
    """(class, share of pixels, score) of the background and of every class that was looked for."""
    counts = np.bincount(result.mask.ravel(), minlength=256)
    present = set(np.flatnonzero(counts[: len(result.classes)]).tolist()) | {0}
    if result.seeds is not None:
        present |= {int(k) + 1 for k in result.seeds.classes}
    scores = result.tag_scores or {}
    return [
        (
            result.classes[k],
            round(float(counts[k]) / result.mask.size, 6),
            round(scores[result.classes[k]], 4) if result.classes[k] in scores else '',
        )
        for k in sorted(present)
    ]


def _overlay(result: Inference) -> Image.Image:
    """The mask over the photo, at most of two megapixels."""
    size = limited_size(result.mask.shape, _OVERLAY_PIXELS)[::-1]
    photo = Image.fromarray(result.image).resize(size, Image.Resampling.BILINEAR)
    mask = Image.fromarray(result.mask).resize(size, Image.Resampling.NEAREST)
    return Image.fromarray(mask_overlay(np.asarray(photo), np.asarray(mask), result.palette))


def _signature(path: Path) -> list[int]:
    """Size and time of a photo's file, by which a changed one is known."""
    try:
        state = path.stat()
    except OSError:
        return []
    return [state.st_size, state.st_mtime_ns]


def _read_ledger(path: Path) -> dict[str, dict[str, Any]]:
    """What is done, by photo. A line that a killed run has cut short is ended, and left out."""
    if not path.is_file():
        return {}
    text = path.read_text(encoding='utf-8', errors='replace')
    if text and not text.endswith('\n'):
        with open(path, 'a', encoding='utf-8') as file:
            file.write('\n')
    done = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and 'photo' in entry:
            done[entry['photo']] = entry
    return done


def _read_tags(
    path: str | Path, photos: Mapping[str, Path], classes: Sequence[str]
) -> dict[str, Sequence[str]]:
    """Tags of the photos that the table names."""
    ids = {strip_suffix(photo): photo for photo in photos}
    table = read_tag_csv(path, list(ids), classes=classes[1:])
    for remark in table.remarks:
        print_log(f'{path}: {remark}', 'current', logging.WARNING)
    found = {photo: table.tags[i] for i, photo in ids.items() if i in table.tags}
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
