"""Check whether a checkpoint fits the network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model inside wrappers for distribution and test-time augmentation."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = cast(nn.Module, model.module)
    return model


def misfit(model: nn.Module, checkpoint: Any, *, unknown: bool = True) -> str:
    """Explain why a checkpoint does not fit the model.

    All trained weights must be there, in their shapes; frozen helper networks read files of their
    own and may be missing. Nothing is loaded.

    Args:
        model: The model, wrapped or not.
        checkpoint: What a file holds: weights by name, or those under ``state_dict``.
        unknown: Whether weights that the model does not have count as well.

    Returns:
        What is wrong, or '' where nothing is.
    """
    model = unwrap(model)
    own = model.state_dict()
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    state, adapted = weights_of(checkpoint), _adapted(model)
    missing = sorted(name for name in trained if name in own and name not in state)
    shapes = {
        name: f'{name} {tuple(state[name].shape)} instead of {tuple(value.shape)}'
        for name, value in own.items()
        if hasattr(state.get(name), 'shape')
        and state[name].shape != value.shape
        and name not in adapted
    }
    strange = sorted(set(state) - set(own))
    parts = []
    if missing:
        parts.append(f'{len(missing)} of {len(trained)} weights are missing ({_first(missing)})')
    if shapes:
        parts.append(f'{len(shapes)} have another shape ({_first(list(shapes.values()))})')
    if strange and (unknown or parts):
        parts.append(f'{len(strange)} are unknown ({_first(strange)})')
    if not parts:
        return ''
    return f'does not fit {type(model).__name__} of this config: {", ".join(parts)}'


def _adapted(model: nn.Module) -> set[str]:
    """Entries that a module adapts while loading, such as position tables."""
    names = set()
    for prefix, module in model.named_modules():
        loads = type(module)._load_from_state_dict.__module__
        if module._load_state_dict_pre_hooks or not loads.startswith('torch.'):
            own = [*module._parameters, *module._buffers, '_extra_state']
            names |= {f'{prefix}.{name}' if prefix else name for name in own}
    return names


def weights_of(checkpoint: Any) -> OrderedDict[str, Any]:
    """The weights of a checkpoint by name, without the prefix of a wrapper."""
    state = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, Mapping) else {}
    state = state if isinstance(state, Mapping) else {}
    plain = OrderedDict((str(name).removeprefix('module.'), v) for name, v in state.items())
    # Versions of the layers, where torch keeps them.
    vars(plain)['_metadata'] = getattr(state, '_metadata', OrderedDict())
    return plain


def other_classes(trained: Sequence[str] | None, tested: Sequence[str] | None) -> str:
    """Report classes of a checkpoint that have another index in the data.

    Args:
        trained: Class names in the checkpoint, in order; None where it has none.
        tested: Those of the data.

    Returns:
        The first such class with both places, or ''. Names that only one side has do not count:
        they may be spelled differently.
    """
    before, now = (
        {str(name).strip().lower(): place for place, name in enumerate(names or ())}
        for names in (trained, tested)
    )
    for name, place in before.items():
        if now.get(name, place) != place:
            return f"'{name}' is class {place} of the checkpoint and class {now[name]} of the data"
    return ''


def _first(names: Sequence[str]) -> str:
    return ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')
