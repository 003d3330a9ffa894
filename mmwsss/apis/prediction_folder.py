"""The folder that predictions are written to, and how a stopped run goes on in it."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from PIL import Image

from mmwsss.apis.inferencer import Inference
from mmwsss.apis.photo_paths import output_names
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import shown
from mmwsss.datasets.transforms.pixel_limit import limited_size
from mmwsss.recipes.stage_folder import read_json
from mmwsss.stores.arrays import pack
from mmwsss.stores.atomic import atomic_write, atomic_write_bytes, atomic_write_json
from mmwsss.version import __version__
from mmwsss.visualization.overlay import full_palette, mask_overlay

#: Stride of saved scores, as in score stores.
STRIDE = 4
_RECORD, _LEDGER, _TABLE, _LEFT_OUT = (
    'predict.json',
    'done.jsonl',
    'predictions.csv',
    'left_out.txt',
)
_OVERLAY_PIXELS = 1 << 21


class PredictionFolder:
    """Writes masks, overlays, scores and the table of predictions, and knows which are done.

    ``predict.json`` records the network and the options, ``done.jsonl`` has one line per finished
    photo, so that a run that was stopped loses at most one photo.

    Args:
        root: The folder. It is made by :meth:`open`.
        photos: Files by the names under which they are reported.
        tags: Class names by photo; a photo without an entry gets the tags that are predicted.
        overlay: Write overlays as well.
        scores: Write class scores as well.
    """

    def __init__(
        self,
        root: Path,
        photos: Mapping[str, Path],
        tags: Mapping[str, Sequence[str]],
        overlay: bool,
        scores: bool,
    ) -> None:
        self.root, self.photos = root, photos
        self._given, self._overlay, self._scores = tags, overlay, scores
        self._names = output_names(list(photos))
        self._done: dict[str, dict[str, Any]] = {}

    def open(self, identity: Mapping[str, Any], overwrite: bool) -> None:
        """Begin the folder, or go on in it.

        Args:
            identity: What decides the masks besides the photos and their tags.
            overwrite: Do all photos again if the folder has another identity.

        Raises:
            DataError: It holds predictions of another identity, or other files.
        """
        if self.root.exists() and not self.root.is_dir():
            raise DataError(f'{self.root}: is a file; give a folder for the results')
        earlier = read_json(self.root / _RECORD)
        if earlier is None and self.root.is_dir() and any(self.root.iterdir()):
            raise DataError(
                f'{self.root}: holds files and is no folder of predictions (no {_RECORD}); give '
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
                    f'{self.root}: made by another network or with other options '
                    f'({"; ".join(texts)}). Give another folder, or --overwrite to do all again'
                )
            if differs:
                print_log(f'{self.root}: made otherwise, all photos are done again', 'current')
            if differs or overwrite:
                (self.root / _LEDGER).unlink(missing_ok=True)
        self.root.mkdir(parents=True, exist_ok=True)
        atomic_write_json(self.root / _RECORD, {**identity, 'version': __version__})
        self._done = _read_ledger(self.root / _LEDGER)
        self._settle_names()
        self._refuse_other_photos()

    def _settle_names(self) -> None:
        """Finished photos keep their names; a new one whose name is taken keeps its suffix."""
        taken = {entry['name'].casefold(): photo for photo, entry in self._done.items()}
        for photo in self.photos:
            if photo in self._done:
                self._names[photo] = self._done[photo]['name']
            elif self._names[photo].casefold() in taken:
                self._names[photo] = photo

    def _refuse_other_photos(self) -> None:
        strangers = [
            photo
            for photo, path in self.photos.items()
            if (entry := self._done.get(photo)) is not None
            and entry['path'] != os.path.abspath(path)
            and entry['signature'] != _signature(path)
            and os.path.exists(entry['path'])
        ]
        if strangers:
            raise DataError(
                f'{self.root}: holds masks of other photos of these names: {shown(strangers)}. '
                'Give another folder, or all photos in one call'
            )

    def pending(self) -> list[str]:
        """Photos that are not done, or have changed since, or lack a file that is asked for."""
        return [photo for photo in self.photos if not self._is_done(photo)]

    def _is_done(self, photo: str) -> bool:
        entry = self._done.get(photo)
        return (
            entry is not None
            and entry['signature'] == _signature(self.photos[photo])
            and entry['tags'] == self.tags(photo)
            and all(file.is_file() for file in self._files(photo).values())
        )

    def tags(self, photo: str) -> list[str] | None:
        """The tags that were given for a photo; ``None`` if they are to be predicted."""
        given = self._given.get(photo)
        return None if given is None else list(given)

    def write(self, photo: str, result: Inference) -> None:
        """Write the files of a photo, then note it as done."""
        files = self._files(photo)
        image = Image.fromarray(result.mask)
        image.putpalette(full_palette(result.palette).tobytes())
        with atomic_write(files['mask'], sync_folder=False) as path:
            image.save(path, 'PNG')
        if 'overlay' in files:
            with atomic_write(files['overlay'], sync_folder=False) as path:
                _overlay(result).save(path, 'JPEG', quality=90)
        if 'scores' in files:
            atomic_write_bytes(files['scores'], _packed_scores(result), sync_folder=False)
        entry = {
            'photo': photo,
            'name': self._names[photo],
            'path': os.path.abspath(self.photos[photo]),
            'signature': _signature(self.photos[photo]),
            'tags': self.tags(photo),
            'rows': _rows(result),
        }
        with open(self.root / _LEDGER, 'a', encoding='utf-8') as ledger:
            ledger.write(json.dumps(entry, ensure_ascii=False) + '\n')
        self._done[photo] = entry

    def close(self, left_out: Mapping[str, str]) -> None:
        """Write the table of all finished photos, and the list of the others with reasons."""
        text = io.StringIO(newline='')
        writer = csv.writer(text)
        writer.writerow(('photo', 'class', 'share', 'score'))
        for photo in sorted(self._done):
            writer.writerows((photo, *row) for row in self._done[photo]['rows'])
        atomic_write_bytes(self.root / _TABLE, text.getvalue().encode('utf-8-sig'))
        if left_out:
            lines = ''.join(f'{photo}: {reason}\n' for photo, reason in left_out.items())
            atomic_write_bytes(self.root / _LEFT_OUT, lines.encode())
        else:
            (self.root / _LEFT_OUT).unlink(missing_ok=True)

    def _files(self, photo: str) -> dict[str, Path]:
        name = self._names[photo]
        files = {'mask': self.root / 'masks' / f'{name}.png'}
        if self._overlay:
            files['overlay'] = self.root / 'overlays' / f'{name}.jpg'
        if self._scores:
            files['scores'] = self.root / 'scores' / f'{name}.npz'
        return files


def _packed_scores(result: Inference) -> bytes:
    """Class scores at a quarter of the photo's size, as an entry of a score store."""
    assert result.seeds is not None, 'only CAM networks give scores'
    height, width = result.mask.shape
    seeds = result.seeds.resize((-(-height // STRIDE), -(-width // STRIDE)))
    return pack(
        {
            'classes': seeds.classes,
            'scores': seeds.scores.astype(np.float16),
            'size': np.asarray((height, width), np.int32),
        }
    )


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
    """Size and time of a photo's file, which tell whether it has changed."""
    try:
        state = path.stat()
    except OSError:
        return []
    return [state.st_size, state.st_mtime_ns]


def _read_ledger(path: Path) -> dict[str, dict[str, Any]]:
    """Finished photos. A last line that a killed run has cut short is ended and ignored."""
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
