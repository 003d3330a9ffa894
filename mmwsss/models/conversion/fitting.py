"""Load initial weights into a part of a model, and check that they fit it.

Importing this module makes every ``init_cfg=dict(type='Pretrained', ...)`` of mmengine refuse a
checkpoint in which the part finds too few of its entries; mmengine would go on with random values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakSet

from mmengine.logging import print_log
from mmengine.model.weight_init import PretrainedInit, update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from mmwsss.models.conversion.efficientnet_keys import is_efficientnet, to_timm
from mmwsss.weights.errors import WeightsError

#: Share of a part's entries that must be in the checkpoint it starts from.
MIN_FOUND = 0.8
# Old files lack it, and nothing reads it where norms have a momentum.
_UNCOUNTED = '.num_batches_tracked'
_fitted: WeakSet[nn.Module] = WeakSet()


@WEIGHT_INITIALIZERS.register_module(name='Pretrained', force=True)
class FittedPretrainedInit(PretrainedInit):
    """Start a part of a model from a checkpoint in which it finds at least 80 % of its entries.

    Entries of the checkpoint that the part does not have are counted in one line. The names of
    EfficientNet-Lite's own files are translated into timm's, and timm's networks within
    ``mmpretrain.TIMMBackbone`` take timm's names.

    Args:
        checkpoint: File, URL or ``package://NAME/PATH``.
        prefix: What stands in front of the part's names in the checkpoint, e.g. ``'backbone.'``;
            a dictionary within the checkpoint counts as a part of the names (``'model.'``).
            Without it, ``module.`` in front of a name is taken off.
        map_location: Device of the tensors.
    """

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into a part.

        Raises:
            WeightsError: Too few of its entries are there; the message names a prefix that fits.
        """
        state = flat_state(CheckpointLoader.load_checkpoint(self.checkpoint, self.map_location))
        load_fitting(module, state, self.checkpoint, self.prefix)
        _fitted.add(module)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())


def flat_state(checkpoint: Any) -> dict[str, Tensor]:
    """All tensors of a checkpoint by name; a ``state_dict`` is unwrapped, other dicts flattened."""
    if isinstance(checkpoint, Mapping) and isinstance(checkpoint.get('state_dict'), Mapping):
        checkpoint = checkpoint['state_dict']
    return dict(_tensors(checkpoint, ''))


def _tensors(node: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(node, Tensor):
        yield name, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _tensors(value, f'{name}.{key}' if name else str(key))


def load_fitting(
    module: nn.Module, state: Mapping[str, Tensor], source: str, prefix: str | None = None
) -> None:
    """Load weights into a module that finds at least 80 % of its entries among them.

    Args:
        module: The part of a model. Its own hooks see the weights first, as ever.
        state: Names to tensors.
        source: What the weights are called in messages.
        prefix: See :class:`FittedPretrainedInit`.

    Raises:
        WeightsError: Too few of its entries are there.
    """
    part = type(module).__name__
    names = _select(state, prefix)
    if prefix and not names:
        raise WeightsError(
            f'{source}: no entry begins with {prefix!r}{_advice(module, state)}. Its entries are '
            f'{_some(list(state))}'
        )
    if is_efficientnet(names):
        names = to_timm(names)
    inner = getattr(module, 'timm_model', None)  # mmpretrain.TIMMBackbone's only part
    if isinstance(inner, nn.Module) and not any(key.startswith('timm_model.') for key in names):
        module = inner
    wanted = _wanted(module)
    missing, unread, misshapen = _load(module, names)
    absent = {name for name in missing if not name.endswith(_UNCOUNTED)}
    found = len(wanted) - len(absent) - len(misshapen)
    if found < MIN_FOUND * len(wanted):
        shapes = f'; {len(misshapen)} have another shape, e.g. {misshapen[0]}' if misshapen else ''
        raise WeightsError(
            f'{source} does not fit {part}: {found} of its {len(wanted)} entries are in the file, '
            f'{MIN_FOUND:.0%} are expected{shapes}{_advice(module, state)}. The file has '
            f'{_some(list(state))}; the network {_some(list(wanted))}'
        )
    rest = f', {len(unread)} entries of the file are not read ({_some(unread)})' if unread else ''
    lost = [*sorted(absent), *misshapen]
    gaps = f', at random: {_some(lost)}' if lost else ''
    print_log(
        f'{part} starts from {source}: {found} of its {len(wanted)} entries{gaps}{rest}', 'current'
    )


def require_started(model: nn.Module) -> None:
    """Check the parts that read their checkpoints by themselves, as mmseg's Swin does.

    Of such a part at least 80 % of the entries must now hold values of the file, whatever they
    are called there.

    Raises:
        WeightsError: They do not; the message names the part.
    """
    for name, module in model.named_modules():
        init = getattr(module, 'init_cfg', None)
        init = (
            next((i for i in init if i.get('type') == 'Pretrained'), None)
            if isinstance(init, list)
            else init
        )
        if not isinstance(init, Mapping) or init.get('type') != 'Pretrained':
            continue
        if module in _fitted or not init.get('checkpoint'):
            continue
        state = flat_state(CheckpointLoader.load_checkpoint(init['checkpoint'], 'cpu'))
        known = {_print_of(value) for value in state.values()}
        wanted = _wanted(module)
        found = sum(_print_of(value) in known for value in wanted.values())
        if found < MIN_FOUND * len(wanted):
            raise WeightsError(
                f'{init["checkpoint"]} does not fit {type(module).__name__} ({name}): {found} of '
                f'its {len(wanted)} entries come from the file, {MIN_FOUND:.0%} are expected'
                f'{_advice(module, state)}. The file has {_some(list(state))}; the network '
                f'{_some(list(wanted))}'
            )


def _print_of(value: Tensor) -> tuple:
    """Fingerprint of a tensor, to compare tensors."""
    value = value.detach().cpu().double().contiguous()
    return tuple(value.shape), value.sum().item(), value.abs().sum().item()


def _wanted(module: nn.Module) -> dict[str, Tensor]:
    state = module.state_dict()
    return {name: value for name, value in state.items() if not name.endswith(_UNCOUNTED)}


def _select(state: Mapping[str, Tensor], prefix: str | None) -> dict[str, Tensor]:
    """The entries below a prefix, without it."""
    if not prefix:
        return {name.removeprefix('module.'): value for name, value in state.items()}
    prefix = prefix if prefix.endswith('.') else f'{prefix}.'
    for full in (prefix, f'module.{prefix}'):
        names = {n.removeprefix(full): value for n, value in state.items() if n.startswith(full)}
        if names:
            break
    return names


def _load(module: nn.Module, state: Mapping[str, Tensor]) -> tuple[list[str], list[str], list[str]]:
    """Load what fits; names of the module's that are missing, unread ones, and wrong shapes."""
    own = dict(state)
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    try:
        missing, unread = module.load_state_dict(own, strict=False)
        return missing, unread, []
    except RuntimeError:  # torch refuses other shapes, having loaded the rest
        wrong = [n for n, v in own.items() if n in shapes and v.shape != shapes[n]]
        fitting = {name: value for name, value in own.items() if name not in set(wrong)}
        missing, unread = module.load_state_dict(fitting, strict=False)
        text = [f'{n} {tuple(own[n].shape)} instead of {tuple(shapes[n])}' for n in wrong]
        return [name for name in missing if name not in set(wrong)], unread, text


def _advice(module: nn.Module, state: Mapping[str, Tensor]) -> str:
    """The prefix with which the module would find most of its entries, if it would find enough."""
    wanted = _wanted(module)
    inner = 'timm_model.'
    wanted |= {n.removeprefix(inner): v for n, v in wanted.items() if n.startswith(inner)}
    counts: Counter[str] = Counter()
    for name, value in state.items():
        parts = name.split('.')
        for at in range(1, len(parts)):
            own = wanted.get('.'.join(parts[at:]))
            if own is not None and own.shape == value.shape:
                counts['.'.join(parts[:at]) + '.'] += 1
    if not counts:
        return ''
    prefix, count = counts.most_common(1)[0]
    total = len(_wanted(module))
    if count < MIN_FOUND * total:
        return ''
    return f". With prefix='{prefix}' beside the checkpoint (in init_cfg), {count} would be found"


def _some(names: list[str], limit: int = 3) -> str:
    rest = f' and {len(names) - limit} more' if len(names) > limit else ''
    return (', '.join(names[:limit]) or 'none') + rest
