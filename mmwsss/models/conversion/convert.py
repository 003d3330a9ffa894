"""Turn published checkpoints into files that our models load."""

from pathlib import Path

import torch

from mmwsss.models.clip import sizes as clip_sizes
from mmwsss.models.clip.archive import is_archive, read_clip_weights
from mmwsss.models.conversion.checkpoint_format import rename_keys
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.models.conversion.reading import read_checkpoint
from mmwsss.models.sam.sizes import PUBLISHED, sizes_of
from mmwsss.stores.atomic import atomic_write


def describe_checkpoint(path: str | Path) -> tuple[str, list[str]]:
    """Find out what a published checkpoint is and what becomes of its entries.

    Args:
        path: The file.

    Returns:
        The kind, a key of :data:`~mmwsss.models.conversion.formats.FORMATS`, ``'sam'`` or
        ``'clip'``, and a line for each entry: ``old -> new`` or ``old -> dropped``; for a SAM or a
        CLIP, which need no conversion, how to use it.

    Raises:
        ValueError: The file holds no tensors, or is of no kind that is known.
    """
    state, reasons = read_clip_weights(path) if is_archive(path) else read_checkpoint(path), []
    try:
        found = clip_sizes.sizes_of(state)
    except ValueError as error:
        reasons.append(f'clip: {error}')
    else:
        names = [repr(name) for name in clip_sizes.published_archs(found)]
        fields = ', '.join(f'{name}={value}' for name, value in found.items())
        arch = names[0] if names else f'dict({fields}, transformer_heads=...)'
        use = f"dict(type='CLIP', arch={arch}, checkpoint='{path}')"
        return 'clip', [f'{len(state)} entries, read as they are by {use}']
    try:
        sizes = sizes_of(state)
    except ValueError as error:
        reasons.append(f'sam: {error}')
    else:
        arch = next((repr(name) for name, known in PUBLISHED.items() if known == sizes), str(sizes))
        use = f"dict(type='SAM', arch={arch}, checkpoint='{path}')"
        return 'sam', [f'{len(state)} entries, read as they are by {use}']
    for kind, source in FORMATS.items():
        try:
            renamed, dropped = rename_keys({name: name for name in state}, source)
        except (ValueError, ImportError) as error:  # a package may be missing to look at it
            reasons.append(f'{kind}: {error}')
        else:
            lines = [f'{old} -> {new}' for new, old in renamed.items()]
            return kind, lines + [f'{old} -> dropped' for old in dropped]
    raise ValueError(f'{path} is of no kind that is known:\n' + '\n'.join(reasons))


def convert_checkpoint(source: str | Path, target: str | Path, kind: str) -> list[str]:
    """Convert a published checkpoint and write it for ``load_from`` or ``Pretrained``.

    Args:
        source: The published file.
        target: Where to write; appears in full or not at all.
        kind: Key of :data:`~mmwsss.models.conversion.formats.FORMATS`.

    Returns:
        The names that were dropped.

    Raises:
        ValueError: ``kind`` is unknown, or the file is not of that kind.
    """
    if kind not in FORMATS:
        raise ValueError(f'kind must be one of {sorted(FORMATS)}, found {kind!r}')
    try:
        state, dropped = rename_keys(read_checkpoint(source), FORMATS[kind])
    except ValueError as error:
        raise ValueError(f'{source}: {error}') from error
    state = {name: FORMATS[kind].values(name, value) for name, value in state.items()}
    with atomic_write(target) as temporary:
        torch.save(dict(state_dict=state, meta=dict(converted_from=kind)), temporary)
    return dropped
