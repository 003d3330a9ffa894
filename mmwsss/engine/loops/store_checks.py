"""Checks of a stage that writes a store, so that it stops before hours of work are lost."""

from collections.abc import Iterable, Sequence
from typing import Any

from mmengine.model import is_model_wrapper
from mmseg.engine.hooks import SegVisualizationHook

from mmwsss.engine.errors import StageFailed
from mmwsss.engine.loops.pending import LeftOut
from mmwsss.stores import Store, StoreOutput, StoreWriter


def output_of(model: Any, kind: str) -> StoreOutput:
    """Ask a model what it writes.

    Args:
        model: The model, perhaps wrapped for several processes.
        kind: ``test_cfg.kind``, what is to be kept.

    Raises:
        StageFailed: It does not write that.
    """
    model = model.module if is_model_wrapper(model) else model
    name = type(model).__name__
    if isinstance(model, StoreWriter):
        output, hint = model.store_output(), ''
    else:  # a segmentor of mmseg
        output = StoreOutput(('masks',))
        hint = f' (if {name} fills anything else, derive it from mmwsss.stores.StoreWriter)'
    if kind not in output.kinds:
        kinds = ' or '.join(repr(kind) for kind in output.kinds)
        raise StageFailed(
            f"test_cfg.kind is '{kind}', but {name} writes {kinds}: set test_cfg.kind to that{hint}"
        )
    return output


def require_masks_to_draw(hooks: Iterable[Any], kind: str) -> None:
    """Refuse mmseg's hook where there is no mask that it could draw.

    Raises:
        StageFailed: It is among the hooks, and masks are not what is written.
    """
    drawing = any(isinstance(hook, SegVisualizationHook) and hook.draw for hook in hooks)
    if drawing and kind != 'masks':
        raise StageFailed(
            f"mmseg's SegVisualizationHook draws masks, and this stage writes {kind}: "
            'leave it out, and paint them by tools/test.py --show-dir DIR'
        )


def require_some_tags(output: StoreOutput, dataset: Any, name: str) -> None:
    """Refuse seeds of the image-level labels where there are none: they would be empty.

    Args:
        output: What the model says of itself.
        dataset: The images.
        name: The model's, for the message.

    Raises:
        StageFailed: The images have no labels.
    """
    from_tags = output.protocol.get('seeds_of') == 'image-level labels'
    if from_tags and dataset.tag_protocol['tags'].get('source') == 'none':
        raise StageFailed(
            f'{name} makes seeds of the image-level labels, and these photos have none '
            '(tags.source is none). Set model.test_cfg.use_tags=False, for seeds of the classes '
            'that it predicts, or give tags'
        )


def require_some_success(bad: Sequence[LeftOut], store: Store) -> None:
    """Stop if all of the first images have failed in the same way.

    Args:
        bad: What was left out so far.
        store: Where the others are.

    Raises:
        StageFailed: They have, and there are no others.
    """
    ways = {(entry.where, entry.error) for entry in bad}
    if len(ways) > 1 or next(iter(store), None) is not None:
        return
    where = bad[0].where
    lines = '\n'.join(f'  {entry.id}: {entry.reason}' for entry in bad[:3])
    raise StageFailed(
        f'{where}: the first {len(bad)} images fail in the same way, so the fault is hardly '
        f'theirs:\n{lines}\n  ...\nLook at this part of the config, and at the files it names'
    )
