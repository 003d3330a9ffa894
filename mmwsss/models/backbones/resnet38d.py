"""ResNet-38d: the wide pre-activation ResNet of the PSA family."""

from collections.abc import Iterable, Sequence
from typing import cast

import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmwsss.registry import MODELS


def _conv(cin: int, cout: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    """Convolution without bias that keeps the size at stride 1."""
    padding = dilation * (kernel // 2)
    return nn.Conv2d(cin, cout, kernel, stride, padding, dilation, bias=False)


class _Unit(nn.Module):
    """Pre-activation residual unit; the shortcut's convolution takes the activated input."""

    shortcut: nn.Module | None

    def __init__(self, cin: int, norm_cfg: dict):
        super().__init__()
        self.norm1 = build_norm_layer(norm_cfg, cin)[1]

    def activate(self, x: Tensor) -> Tensor:
        """Compute the input of the unit's convolutions: ``relu(norm1(x))``."""
        return F.relu(self.norm1(x), inplace=True)

    def branch(self, y: Tensor) -> Tensor:
        """Residual of the activated input."""
        raise NotImplementedError

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Add the branch of ``y = activate(x)`` to the shortcut. Shape: (N, cout, h, w)."""
        shortcut = x if self.shortcut is None else self.shortcut(y)
        return shortcut + self.branch(y)


class _Basic(_Unit):
    """Two 3x3 convolutions ``cin -> mid -> cout``."""

    def __init__(
        self, cin: int, mid: int, cout: int, stride: int, dilations: tuple, norm_cfg: dict
    ):
        super().__init__(cin, norm_cfg)
        same = cin == cout and stride == 1
        self.shortcut = None if same else _conv(cin, cout, 1, stride)
        self.conv1 = _conv(cin, mid, 3, stride, dilations[0])
        self.norm2 = build_norm_layer(norm_cfg, mid)[1]
        self.conv2 = _conv(mid, cout, 3, 1, dilations[1])

    def branch(self, y: Tensor) -> Tensor:
        return self.conv2(F.relu(self.norm2(self.conv1(y)), inplace=True))


class _Bottleneck(_Unit):
    """1x1, dilated 3x3 and 1x1 convolution ``cin -> cout/4 -> cout/2 -> cout`` with dropout."""

    def __init__(self, cin: int, cout: int, dilation: int, dropout: float, norm_cfg: dict):
        super().__init__(cin, norm_cfg)
        self.shortcut = _conv(cin, cout, 1)
        self.conv1 = _conv(cin, cout // 4, 1)
        self.norm2 = build_norm_layer(norm_cfg, cout // 4)[1]
        self.conv2 = _conv(cout // 4, cout // 2, 3, 1, dilation)
        self.norm3 = build_norm_layer(norm_cfg, cout // 2)[1]
        self.conv3 = _conv(cout // 2, cout, 1)
        self.dropout = nn.Dropout2d(dropout)

    def branch(self, y: Tensor) -> Tensor:
        y = self.dropout(F.relu(self.norm2(self.conv1(y)), inplace=True))
        y = self.dropout(F.relu(self.norm3(self.conv2(y)), inplace=True))
        return self.conv3(y)


@MODELS.register_module()
class ResNet38d(BaseModule):
    """Wide pre-activation ResNet with output stride 8 ("model A1").

    `Wider or Deeper: Revisiting the ResNet Model for Visual Recognition
    <https://arxiv.org/abs/1611.10080>`_, dilated as in AffinityNet (CVPR 2018) and all that
    builds on it (SEAM, S2C, ICAM, MCTformer's segmentor). Modules are ``stem``, ``stage{2..7}.{i}``
    and ``norm``. Stages 2, 3 and 4 halve the size, so that (H, W) becomes
    ceil(ceil(ceil(H / 2) / 2) / 2).

    The defaults are those of S2C: frozen stem and stage 2, batch norm on ImageNet's statistics with
    frozen scale and shift, dropout 0.2. ICAM and AffinityNet take ``dropout=(0.3, 0.5)``; ICAM's
    segmentor ``frozen_stages=0, norm_eval=False, norm_cfg=dict(type='BN', momentum=3e-4)``.

    Args:
        base_channels: Channels of the stem; stages 2..7 have 2, 4, 8, 16, 32, 64 times as many.
            Published weights need 64; less is for tests and small experiments.
        out_indices: Stages whose **activated** output is returned, from {1..7}: stage i's output
            after the next norm and ReLU (1 is the stem). 4, 5 and 7 are the taps called
            ``conv4``, ``conv5`` and ``conv6`` elsewhere, with 512, 1024 and 4096 channels.
        frozen_stages: Last frozen stage: 0 freezes nothing, 1 the stem, 2 also stage 2, ...
        norm_eval: Keep batch norm on its running statistics in training.
        norm_cfg: Norm layers, e.g. ``dict(type='SyncBN')``.
        dropout: Channel dropout (``Dropout2d``) inside stages 6 and 7.
        init_cfg: E.g. ``dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params')``;
            MXNet's own file is read as it is.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> model = ResNet38d(base_channels=4, out_indices=(4, 7)).eval()
        >>> [tuple(y.shape) for y in model(torch.rand(1, 3, 61, 45))]
        [(1, 32, 8, 6), (1, 256, 8, 6)]
    """

    def __init__(
        self,
        *,
        base_channels: int = 64,
        out_indices: Sequence[int] = (7,),
        frozen_stages: int = 2,
        norm_eval: bool = True,
        norm_cfg: dict | None = None,
        dropout: Sequence[float] = (0.2, 0.2),
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        if not out_indices or not set(out_indices) <= set(range(1, 8)):
            raise ValueError(f'out_indices must be stages from 1..7, found {tuple(out_indices)}')
        if not 0 <= frozen_stages <= 7:
            raise ValueError(f'frozen_stages must be 0 (none) to 7, found {frozen_stages}')
        if len(dropout) != 2:
            raise ValueError(
                f'dropout must hold two rates, of stages 6 and 7, found {tuple(dropout)}'
            )
        if norm_cfg is None:
            norm_cfg = dict(type='BN', requires_grad=False)
        self.out_indices = tuple(sorted(out_indices))
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        b = base_channels
        self.stem = _conv(3, b, 3)
        self.stage2 = self._basic_stage(3, b, 2 * b, 2 * b, 2, (1, 1), norm_cfg)
        self.stage3 = self._basic_stage(3, 2 * b, 4 * b, 4 * b, 2, (1, 1), norm_cfg)
        self.stage4 = self._basic_stage(6, 4 * b, 8 * b, 8 * b, 2, (1, 1), norm_cfg)
        self.stage5 = self._basic_stage(3, 8 * b, 8 * b, 16 * b, 1, (1, 2), norm_cfg)
        self.stage6 = nn.ModuleList([_Bottleneck(16 * b, 32 * b, 4, dropout[0], norm_cfg)])
        self.stage7 = nn.ModuleList([_Bottleneck(32 * b, 64 * b, 4, dropout[1], norm_cfg)])
        self.norm = build_norm_layer(norm_cfg, 64 * b)[1]
        self._freeze_stages()

    @staticmethod
    def _basic_stage(
        depth: int, cin: int, mid: int, cout: int, stride: int, dilations: tuple, norm_cfg: dict
    ) -> nn.ModuleList:
        """``depth`` units, of which the first has the stride and a smaller first dilation."""
        units = [_Basic(cin, mid, cout, stride, dilations, norm_cfg)]
        for _ in range(depth - 1):
            units.append(_Basic(cout, mid, cout, 1, (dilations[1],) * 2, norm_cfg))
        return nn.ModuleList(units)

    @property
    def stages(self) -> list[nn.Sequential]:
        """The stem and stages 2..7."""
        return [self.stem] + [getattr(self, f'stage{i}') for i in range(2, 8)]

    def _freeze_stages(self) -> None:
        for stage in self.stages[: self.frozen_stages]:
            stage.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> 'ResNet38d':
        """Set the mode; what is frozen stays in eval mode."""
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Activated outputs of the stages in ``out_indices``, ascending.

        Args:
            x: Normalised RGB images. Shape: (N, 3, H, W).
        """
        taps = {}
        x = self.stem(x)
        for index, stage in enumerate(self.stages[1:], start=1):
            for number, unit in enumerate(cast(Iterable[_Unit], stage)):
                y = unit.activate(x)
                if number == 0 and index in self.out_indices:
                    taps[index] = y
                x = unit(x, y)
        taps[7] = F.relu(self.norm(x))
        return tuple(taps[index] for index in self.out_indices)
