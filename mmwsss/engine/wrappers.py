"""Model wrapper for distributed runs without training."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import nn

from mmwsss.registry import MODEL_WRAPPERS


@MODEL_WRAPPERS.register_module()
class PassThrough(nn.Module):
    """A model wrapper that only passes calls on.

    ``DistributedDataParallel`` refuses a model that has nothing to train (a refiner, a proposer,
    frozen networks), and there is nothing to synchronise.

    Args:
        module: The model.
    """

    def __init__(self, module: BaseModel) -> None:
        super().__init__()
        self.module: BaseModel = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model."""
        return self.module(*args, **kwargs)

    def train_step(self, data: dict | tuple | list, optim_wrapper: OptimWrapper) -> dict:
        """Refuse: there is nothing to train."""
        raise ValueError(f'{type(self.module).__name__} has no parameter that requires gradients')

    def val_step(self, data: dict | tuple | list) -> list:
        """Validate as the model does."""
        return self.module.val_step(data)

    def test_step(self, data: dict | tuple | list) -> list:
        """Test as the model does."""
        return self.module.test_step(data)
