"""Check whether a config says which weights each part of its model starts from."""

from torch import nn

from mmwsss.engine.errors import StageFailed


def require_named_weights(model: nn.Module) -> None:
    """Refuse a model that does not say which weights a part of it starts from.

    Raises:
        StageFailed: ``init_cfg`` of a part is ``Pretrained`` without a checkpoint.
    """
    for name, module in model.named_modules():
        init = getattr(module, 'init_cfg', None)
        if not isinstance(init, dict) or init.get('type') != 'Pretrained':
            continue
        if init.get('checkpoint') is None:
            parts = [part for part in name.split('.') if part not in ('', 'module')]
            key = '.'.join(('model', *parts, 'init_cfg'))
            raise StageFailed(
                f'{key}.checkpoint is None: give the weights to start from, '
                f'--cfg-options {key}.checkpoint=FILE, or start at random, {key}=None'
            )
