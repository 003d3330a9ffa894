"""Convolutions in the memory layout that CPUs and tensor cores like."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmwsss.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Put a model's weights into ``torch.channels_last`` before it trains or is tested.

    Activations follow the weights. On CPUs it saves the copies between the layouts of torch and of
    oneDNN. Results differ by rounding.
    """

    priority = 'VERY_LOW'

    def before_run(self, runner: Runner) -> None:
        """Change the layout of all four-dimensional weights."""
        runner.model.to(memory_format=torch.channels_last)
