"""Predictions as PASCAL VOC's evaluation server takes them."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder, shown
from mmwsss.stores.atomic import atomic_write
from mmwsss.stores.images import open_image
from mmwsss.stores.mask_store import voc_palette

CLASSES = 21  # with the background
COMPETITIONS = ('comp5', 'comp6')
_SHOWN = 5  # files with a fault that are named


def pack_voc(
    masks: str | Path,
    out: str | Path,
    ids: Sequence[str],
    *,
    images: str | Path | None = None,
    competition: str = 'comp6',
    image_set: str = 'test',
) -> int:
    """Write the archive that the server takes, after a look at every mask.

    It holds ``results/VOC2012/Segmentation/<competition>_<image_set>_cls/<id>.png``, one palette
    PNG in VOC's colours for each image of the list. The same masks give the same bytes.

    Args:
        masks: A mask store, or any folder of palette or grey PNGs of class numbers. Masks of images
            that are not in the list are left out.
        out: The archive, ``*.tar.gz`` or ``*.tgz``. It is written at the very end.
        ids: The list; the real one has 1456 images.
        images: Folder of the photos, whose sizes the masks must have. Sizes are not compared
            without it.
        competition: 'comp6' where more was learnt from than VOC's own photos (weights of ImageNet,
            CLIP, ... are such), 'comp5' where not.
        image_set: The server's name of the list.

    Returns:
        Number of masks that were left out.

    Raises:
        DataError: A mask or a photo is missing, or some masks are not what the server takes: other
            sizes, values beyond 0..20 (255 is none of them), colours, another palette.
    """
    out = Path(out)
    if not out.name.endswith(('.tar.gz', '.tgz')):
        raise DataError(f'{out}: the archive is a .tar.gz (or .tgz) file')
    if competition not in COMPETITIONS:
        raise DataError(f'competition is {" or ".join(COMPETITIONS)}, found {competition!r}')
    if not ids or len(set(ids)) < len(ids):
        raise DataError('the list is empty, or names an image twice')
    files = list_folder(masks, ('.png',))
    _require(ids, files, f'{masks}: no mask')
    photos: Mapping[str, str] = {}
    if images is not None:
        photos = list_folder(images, IMAGE_SUFFIXES)
        _require(ids, photos, f'{images}: no photo')
    encoded, faults = {}, []
    for id in ids:
        path = Path(masks) / files[id]
        try:
            size = _photo_size(Path(images) / photos[id]) if images is not None else None
            encoded[id] = _encode(_read(path, size))
        except (OSError, ValueError) as error:
            faults.append(f'  {path.name}: {error}')
    if faults:
        more = '\n  ...' if len(faults) > _SHOWN else ''
        raise DataError(
            f'{masks}: {len(faults)} of {len(ids)} masks are not what the server takes:\n'
            + '\n'.join(faults[:_SHOWN])
            + more
        )
    _write(out, f'results/VOC2012/Segmentation/{competition}_{image_set}_cls', encoded)
    return len(files) - len(ids)


def _require(ids: Sequence[str], files: Mapping[str, str], what: str) -> None:
    missing = [id for id in ids if id not in files]
    if missing:
        raise DataError(f'{what} of {len(missing)} of {len(ids)} images: {shown(missing)}')


def _photo_size(path: Path) -> tuple[int, int]:
    """(width, height) by the header."""
    with open_image(path) as image:
        return image.size


def _read(path: Path, size: tuple[int, int] | None) -> np.ndarray:
    with open_image(path, ('PNG',)) as image:
        if image.mode not in ('P', 'L'):
            raise ValueError(
                f'a palette or grey PNG of class numbers is expected, found mode {image.mode}. '
                'tools/dataset_converters/colour_masks.py makes numbers of colours'
            )
        if size is not None and image.size != size:
            raise ValueError(
                f'it is {image.width} x {image.height} (width x height), the photo '
                f'{size[0]} x {size[1]}'
            )
        mask = np.asarray(image)
        palette = image.getpalette('RGB') if image.mode == 'P' else None
    values = np.unique(mask)
    if values[-1] >= CLASSES:
        ignored = '. 255 is for pixels to ignore; here each is a class' if 255 in values else ''
        raise ValueError(
            f'values 0..{CLASSES - 1} are expected, found {values[values >= CLASSES].tolist()}'
            + ignored
        )
    if palette is not None:
        _check_colours(values, np.array(palette, np.uint8).reshape(-1, 3))
    return mask


def _check_colours(values: np.ndarray, palette: np.ndarray) -> None:
    """Refuse colours other than VOC's, which mean other classes; a ramp of greys is accepted."""
    used = palette[values]
    if np.array_equal(used, voc_palette()[values]) or (used == used[:, :1]).all():
        return
    wrong = int(values[(used != voc_palette()[values]).any(1)][0])
    raise ValueError(
        f"value {wrong} has the colour {palette[wrong].tolist()}, VOC's is "
        f'{voc_palette()[wrong].tolist()}: an editor may have numbered the colours anew. '
        'tools/dataset_converters/colour_masks.py with --classes voc reads the colours instead'
    )


def _encode(mask: np.ndarray) -> bytes:
    image = Image.fromarray(mask.astype(np.uint8))
    image.putpalette(voc_palette().tobytes())
    buffer = io.BytesIO()
    image.save(buffer, 'PNG')
    return buffer.getvalue()


def _write(out: Path, folder: str, encoded: Mapping[str, bytes]) -> None:
    with (
        atomic_write(out) as temporary,
        open(temporary, 'wb') as file,
        gzip.GzipFile('', 'wb', fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode='w') as archive,
    ):
        for id, data in encoded.items():
            entry = tarfile.TarInfo(f'{folder}/{id}.png')
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
