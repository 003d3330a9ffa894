"""Files of masks beside photos: finding them, and comparing a few with the tags."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mmwsss.datasets.errors import DataError, ImageError
from mmwsss.datasets.io import read_mask
from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder
from mmwsss.stores.mask_audit import MaskAudit

_COMPARED = 16  # masks that are compared with the tags when a data set is built


def find_masks(folder: str, suffix: str, stem_to_id: Callable[[str], str]) -> dict[str, str]:
    """Find the masks of a folder.

    Args:
        folder: The folder.
        suffix: End of their names: ``'.png'``, or more, e.g. ``'_mask.png'``.
        stem_to_id: Turns a path below the folder, without that end, into an image id.

    Returns:
        Path by image id.

    Raises:
        DataError: No such folder, or two masks are of one image.
    """
    end, extension = os.path.splitext(suffix)
    files = list_folder(folder, (extension or end,))
    end = end if extension else ''
    masks: dict[str, str] = {}
    for stem, name in files.items():
        if not stem.endswith(end):
            continue
        img_id = stem_to_id(stem.removesuffix(end))
        if img_id in masks:
            raise DataError(f'{folder}: {name} and {masks[img_id]} are both of {img_id!r}')
        masks[img_id] = os.path.join(folder, name)
    return masks


def compare_masks(
    masks: Mapping[str, str], tags: Mapping[str, np.ndarray], classes: Sequence[str]
) -> str | None:
    """Compare a few masks with the tags, to notice masks of other classes before training.

    Args:
        masks: Path by image id.
        tags: Multi-hot (C,) by image id, in the order of the data set.
        classes: Names, the background first.

    Returns:
        What is wrong; None if nothing is.
    """
    audit = MaskAudit(tuple(classes))
    ids = [img_id for img_id, own in tags.items() if img_id in masks and own.any()]
    for place in np.unique(np.linspace(0, len(ids) - 1, _COMPARED).astype(int)) if ids else ():
        img_id = ids[place]
        try:
            mask = read_mask(masks[img_id], len(classes), img_id=img_id)
        except ImageError:  # whoever reads it says so
            continue
        audit.add(img_id, mask, np.flatnonzero(tags[img_id]).tolist())
    return audit.error()


def why_no_masks(folder: str, suffix: str, ids: Sequence[str]) -> str:
    """Say what to do if no image of a data set has a mask.

    Args:
        folder: Where masks were looked for.
        suffix: End of their names that was looked for.
        ids: The images.
    """
    found = list_folder(folder, (*IMAGE_SUFFIXES, '.npy'), lambda stem: stem, twice_ok=True)
    names = list(found.values())
    if not names:
        return f'{folder} holds no image'
    wanted = set(ids)
    ends = {suffix}
    for stem, name in found.items():
        match = next((i for i in _beginnings(stem) if i in wanted), None)
        if match is not None:
            ends.add(name[len(match) :])
    other = sorted(ends - {suffix})
    text = (
        f'{folder} holds {len(names)} files, e.g. {names[0]}, but none is ID{suffix}, as '
        f'{next(iter(ids))}{suffix}'
    )
    if any(end.lower().endswith('.png') for end in other):
        return f'{text}. Give seg_map_suffix={other[0]!r}'
    if other:
        return (
            f'{text}. Masks are PNG files: JPEG changes the numbers of the classes, so '
            f'save {other[0]} files as PNG, from their source if there is one'
        )
    return f'{text}. Give another list, or the folder of these images'


def _beginnings(stem: str) -> list[str]:
    """Beginnings of a name that end before ``_``, ``-`` or ``.``, the longest first."""
    cuts = [i for i, letter in enumerate(stem) if letter in '_-.']
    return [stem, *(stem[:cut] for cut in reversed(cuts))]
