"""What the numbers of photos of each tag say before training."""

from __future__ import annotations

from collections.abc import Sequence

from mmwsss.datasets.listing import shown

#: Photos of a tag below which its masks are hardly better than a guess.
FEW = 10


def count_remarks(counts: Sequence[int], names: Sequence[str], photos: int) -> list[str]:
    """Say which tags too little or nothing can be learned about.

    Args:
        counts: Photos that have each tag.
        names: Names of the tags.
        photos: All photos.
    """
    tags = [(name, count) for name, count in zip(names, counts, strict=True) if count]
    remarks = [
        f'every photo has the tag {name!r}: where it is cannot be learned. Add photos without it'
        for name, count in tags
        if count == photos
    ]
    few = sorted((count, name) for name, count in tags if count < min(FEW, photos))
    if few:
        listed = shown([f'{name} ({count})' for count, name in few])
        remarks.append(
            f'fewer than {FEW} photos have the tag {listed}: masks are hardly better than a guess. '
            'Add some'
        )
    return remarks
