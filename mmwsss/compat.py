"""The one place for what the ecosystem needs today: a stand-in for mmcv's compiled ops.

``mmcv-lite`` installs without a compiler but has no ``mmcv._ext``, and then ``mmseg.models``,
``mmseg.apis`` and ``mmdet.models`` cannot be imported, although most models never call a
compiled op. :func:`install` appends a finder to ``sys.meta_path`` that serves a stand-in module
when nobody else offers ``mmcv._ext``: a compiled mmcv comes first and stays untouched.

In the stand-in, deformable attention takes mmcv's own pure-PyTorch path (on CUDA too), ``nms``,
``roi_align`` and ``sigmoid_focal_loss`` go to torchvision, and every other op raises
:class:`MissingOpError` when it is called. Importing this module imports neither torch nor mmcv.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from torch import Tensor

EXTENSION = 'mmcv._ext'


class MissingOpError(NotImplementedError):
    """A compiled mmcv op was called, and only the stand-in is installed."""


def install() -> None:
    """Serve the stand-in for ``mmcv._ext`` where no compiled one exists. Idempotent.

    Also names a user without an entry in the system's list (a container's ``--user 1234``), whose
    name torch asks for when torchvision is imported.
    """
    _name_the_user()
    if not any(isinstance(finder, _StandInFinder) for finder in sys.meta_path):
        sys.meta_path.append(_StandInFinder())


def _name_the_user() -> None:
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):  # ImportError: Windows without USERNAME
        os.environ['USER'] = f'uid{os.getuid()}' if hasattr(os, 'getuid') else 'nobody'


class _StandIn(ModuleType):
    """``mmcv._ext`` in Python: asked for any op, it gives a function."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith('__'):  # __path__, __wrapped__, ...: the import system's questions
            raise AttributeError(f'module {self.__name__!r} has no attribute {name!r}')
        op = _OPS.get(name) or _missing(name)
        setattr(self, name, op)
        return op


class _StandInFinder(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != EXTENSION:
            return None
        return ModuleSpec(fullname, self, origin='mmwsss.compat')

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name, __doc__)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: the ops are found on demand."""


def _missing(name: str) -> Callable[..., NoReturn]:
    def op(*args: Any, **kwargs: Any) -> NoReturn:
        raise MissingOpError(
            f'{EXTENSION}.{name} is a compiled op, and the mmcv installed here has none. '
            'Install a compiled mmcv that fits your torch (`pip uninstall mmcv-lite`, then '
            '`mim install "mmcv>=2.1,<2.2"`), or choose a model that does without this op.'
        )

    op.__name__ = name
    return op


def _gradients(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], grad_output: Tensor
) -> tuple[Tensor, ...]:
    """Recompute ``function(*inputs)`` and pull ``grad_output`` back to every input."""
    import torch

    with torch.enable_grad():
        leaves = [tensor.detach().requires_grad_() for tensor in inputs]
        return torch.autograd.grad(function(*leaves), leaves, grad_output)


def _deformable_attention(spatial_shapes: Tensor) -> Callable[..., Tensor]:
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    sizes = spatial_shapes.tolist()  # one synchronisation instead of one per number

    def attend(value: Tensor, locations: Tensor, weights: Tensor) -> Tensor:
        return multi_scale_deformable_attn_pytorch(value, sizes, locations, weights)

    return attend


def _ms_deform_attn_forward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    attend = _deformable_attention(spatial_shapes)
    return attend(value, sampling_locations, attention_weights)


def _ms_deform_attn_backward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    grads = _gradients(
        _deformable_attention(spatial_shapes),
        (value, sampling_locations, attention_weights),
        grad_output,
    )
    for target, grad in zip((grad_value, grad_sampling_loc, grad_attn_weight), grads, strict=True):
        target.copy_(grad)


def _nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    from torchvision.ops import nms

    # mmcv's offset 1 counts pixels (x2 - x1 + 1): the same as boxes that end one later.
    boxes = boxes + boxes.new_tensor((0, 0, offset, offset))
    return nms(boxes, scores, iou_threshold)


def _roi_align(
    rois: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> Callable[[Tensor], Tensor]:
    from torchvision.ops import roi_align

    if pool_mode != 1:
        _missing("roi_align with pool_mode='max'")()
    size = (aligned_height, aligned_width)
    return lambda features: roi_align(features, rois, size, spatial_scale, sampling_ratio, aligned)


def _roi_align_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    **geometry: Any,
) -> None:
    output.copy_(_roi_align(rois, **geometry)(features))


def _roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    **geometry: Any,
) -> None:
    # Pooling is linear in the features, so their values do not enter the gradient.
    (grad,) = _gradients(_roi_align(rois, **geometry), (grad_input,), grad_output)
    grad_input.copy_(grad)


def _sigmoid_focal_loss(
    target: Tensor, weight: Tensor, gamma: float, alpha: float
) -> Callable[[Tensor], Tensor]:
    from torch.nn.functional import one_hot
    from torchvision.ops import sigmoid_focal_loss

    if weight.numel():
        _missing('sigmoid_focal_loss with class weights')()

    def loss(logits: Tensor) -> Tensor:
        classes = logits.size(1)  # a target of `classes` is background: a row of zeros
        wanted = one_hot(target, classes + 1)[:, :classes].to(logits.dtype)
        return sigmoid_focal_loss(logits, wanted, alpha=alpha, gamma=gamma)

    return loss


def _sigmoid_focal_loss_forward(
    logits: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    output.copy_(_sigmoid_focal_loss(target, weight, gamma, alpha)(logits))


def _sigmoid_focal_loss_backward(
    logits: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    import torch

    loss = _sigmoid_focal_loss(target, weight, gamma, alpha)
    (grad,) = _gradients(loss, (logits,), torch.ones_like(logits))
    grad_input.copy_(grad)


_OPS: dict[str, Callable[..., Any]] = {
    'ms_deform_attn_forward': _ms_deform_attn_forward,
    'ms_deform_attn_backward': _ms_deform_attn_backward,
    'nms': _nms,
    'roi_align_forward': _roi_align_forward,
    'roi_align_backward': _roi_align_backward,
    'sigmoid_focal_loss_forward': _sigmoid_focal_loss_forward,
    'sigmoid_focal_loss_backward': _sigmoid_focal_loss_backward,
    # mmcv.utils.collect_env asks for these two.
    'get_compiler_version': lambda: 'n/a (mmwsss stand-in)',
    'get_compiling_cuda_version': lambda: 'n/a (mmwsss stand-in)',
}
