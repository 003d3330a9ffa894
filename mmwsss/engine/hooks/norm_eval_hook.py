"""Keep batch norms in evaluation mode during training."""

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmwsss.registry import HOOKS


@HOOKS.register_module()
class NormEvalHook(Hook):
    """Freeze the batch-norm statistics of a part of a model during training.

    What ``norm_eval=True`` does in OpenMMLab's own backbones, for those that lack it
    (``mmpretrain.TIMMBackbone``). Scales and shifts still learn. Small sets of photos and small
    batches have poor statistics of their own.

    Args:
        part: Dotted name of the part within the model.
    """

    def __init__(self, part: str = 'backbone') -> None:
        self.part = part
        self.norms: Sequence[nn.Module] = ()

    def before_train(self, runner: Runner) -> None:
        """Find the norms.

        Raises:
            ValueError: The model has no such part.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        try:
            part = model.get_submodule(self.part)
        except AttributeError as error:
            parts = ', '.join(name for name, _ in model.named_children())
            raise ValueError(
                f'NormEvalHook(part={self.part!r}): {error}. Its parts are {parts}, or dotted '
                'names of what they hold'
            ) from None
        self.norms = [norm for norm in part.modules() if isinstance(norm, _BatchNorm)]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | tuple | list | None = None
    ) -> None:
        """Put the norms into evaluation mode again: loops set the whole model to training."""
        for norm in self.norms:
            norm.eval()
