"""Run convolutions in the memory layout that is fastest on CPUs and tensor cores."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmwsss.engine.errors import StageFailed
from mmwsss.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Put a model's weights into ``torch.channels_last`` before it trains or is tested.

    Activations follow the weights. On CPUs it saves the copies between the layouts of torch and of
    oneDNN. Results differ by rounding.

    In a distributed run the layout has to change before ``DistributedDataParallel`` looks at the
    parameters: it lays its gradient buckets out by their strides, and gives wrong gradients where
    these change later. ``WSSSRunner`` calls :meth:`convert` when it wraps the model.
    """

    priority = 'VERY_LOW'

    @classmethod
    def is_among(cls, hooks: Sequence[Hook | dict] | None) -> bool:
        """Whether it is among the hooks of a config, of which some may be built already."""
        kinds: list[Any] = [
            hook.get('type') if isinstance(hook, dict) else type(hook) for hook in hooks or ()
        ]
        names = {kind if isinstance(kind, str) else kind.__name__ for kind in kinds}
        return any(name.rsplit('.', 1)[-1] == cls.__name__ for name in names)

    @staticmethod
    def convert(model: nn.Module) -> None:
        """Change the layout of all four-dimensional weights, in place."""
        model.to(memory_format=torch.channels_last)

    def before_run(self, runner: Runner) -> None:
        """Change the layout, or see that a wrapped model has it already.

        Raises:
            StageFailed: The model was wrapped with weights of another layout.
        """
        if not is_model_wrapper(runner.model):
            self.convert(runner.model)
        elif not all(
            weight.is_contiguous(memory_format=torch.channels_last)
            for weight in runner.model.parameters()
            if weight.dim() == 4
        ):
            raise StageFailed(
                'ChannelsLastHook came after the model was wrapped for several processes, where a '
                "change of layout makes wrong gradients: list it in the config's custom_hooks and "
                'run with WSSSRunner (tools/train.py does), or leave it out'
            )
