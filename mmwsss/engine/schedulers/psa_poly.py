"""The learning-rate schedule of the PSA family."""

from mmengine.optim import OptimWrapper, PolyLR
from mmengine.optim.scheduler.param_scheduler import INF
from torch.optim import Optimizer

from mmwsss.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class PSAPolyLR(PolyLR):
    """Poly schedule ``lr * (1 - k / T) ** power`` at step k, constant from step T - 1 on.

    ``PolyOptimizer`` of AffinityNet (CVPR 2018), IRN, S2C, ICAM and others. mmengine's ``PolyLR``
    reaches ``eta_min`` one step too early: with the same ``end`` it divides by T - 1.

    T is floor(images / batch) * epochs. In an epoch-based run without knowing it, write
    ``dict(type='PSAPolyLR', begin=0, end=EPOCHS, by_epoch=True, convert_to_iter_based=True)``
    with ``drop_last=True`` in the loader.

    Args:
        optimizer: Optimizer or wrapper.
        power: Exponent.
        begin: First step (or epoch).
        end: Step (or epoch) that would be the first with rate 0; required.
        last_step: Last step done, for resuming without a state.
        by_epoch: Count epochs instead of steps.
        verbose: Print each new value.

    Raises:
        ValueError: ``end`` is not given.
    """

    def __init__(
        self,
        optimizer: Optimizer | OptimWrapper,
        *,
        power: float = 0.9,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = False,
        verbose: bool = False,
    ):
        if end >= INF:
            raise ValueError('PSAPolyLR needs end: the number of steps (or epochs) of the training')
        super().__init__(
            optimizer,
            power=power,
            begin=begin,
            end=end,
            last_step=last_step,
            by_epoch=by_epoch,
            verbose=verbose,
        )
        self.total_iters = end - begin
