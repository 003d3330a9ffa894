"""Vision transformer with one token for each class."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from mmwsss.models.backbones.class_token_layer import AttentionWatch, ClassTokenLayer
from mmwsss.models.backbones.patch_embed import PatchEmbed
from mmwsss.registry import MODELS, build

# Names of DeiT's sizes (https://arxiv.org/abs/2012.12877).
ARCHS: dict[str, dict[str, int]] = {
    name: dict(embed_dims=d, num_layers=12, num_heads=d // 64, feedforward_channels=4 * d)
    for name, d in (('deit-tiny', 192), ('deit-small', 384), ('deit-base', 768))
}


class ClassTokenViTOutput(NamedTuple):
    """Output of a :class:`ClassTokenViT`.

    Args:
        tokens: Class tokens, background first where there is one. Shape: (N, K, D).
        patches: Shape: (N, D, h, w).
    """

    tokens: Tensor
    patches: Tensor


class _Tokenizer(nn.Module):
    """Small network that makes K class tokens from one."""

    def __init__(self, embed_dims: int, channels: int, num_tokens: int):
        super().__init__()
        self.fc1 = nn.Linear(embed_dims, channels)
        self.fc2 = nn.Linear(channels, embed_dims * num_tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: (1, 1, D) to (1, K, D)."""
        return self.fc2(F.relu(self.fc1(x))).view(1, -1, x.shape[-1])


@MODELS.register_module()
class ClassTokenViT(BaseModule):
    """DeiT with a token for each class instead of one.

    `Multi-class Token Transformer for Weakly Supervised Semantic Segmentation
    <https://arxiv.org/abs/2203.02891>`_ (MCTformer, CVPR 2022) learns C tokens. "Class Tokens
    Infusion for Weakly Supervised Semantic Segmentation" (CTI, CVPR 2024) adds one of the
    background and makes all of DeiT's one by a tokenizer. Blocks are mmpretrain's. With
    ``num_classes=1, background=False, tokenizer_channels=None, drop_path_rate=0,
    final_norm=True`` this is the plain vision transformer (ToCo's).

    Args:
        num_classes: Foreground classes C.
        background: Add a background token, in front. K is C, or C + 1 with it.
        tokenizer_channels: Hidden channels of the tokenizer (CTI: 1920); None makes every token a
            parameter of its own.
        arch: ``'deit-tiny'``, ``'deit-small'`` or ``'deit-base'``, or their four numbers:
            ``dict(embed_dims=, num_layers=, num_heads=, feedforward_channels=)``.
        img_size: Side that the position table is made for; other sizes interpolate it.
        patch_size: Side of a patch. What is left over on the right and below is cut off.
        stem: Config or module of a network whose last feature map is cut into patches instead of
            the image, e.g. ``mmpretrain.ResNet``. Published networks have none; it is for data that
            are too few for a transformer to learn from pixels.
        stem_channels: Channels of that feature map.
        stem_stride: Its stride in pixels; divides ``patch_size``.
        drop_path_rate: Probability of leaving a branch out in the last block; it grows linearly
            from 0 in the first.
        final_norm: Apply LayerNorm after the last block.
        frozen_positions: Do not train the position tables.
        init_cfg: E.g. ``dict(type='Pretrained', checkpoint=...)`` with a checkpoint of this class,
            of ``convert_checkpoint.py deit``, or mmpretrain's of a DeiT (``prefix='backbone.'``).

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> arch = dict(embed_dims=8, num_layers=2, num_heads=2, feedforward_channels=16)
        >>> model = ClassTokenViT(num_classes=3, arch=arch, img_size=64)
        >>> [tuple(y.shape) for y in model(torch.rand(1, 3, 70, 100))]
        [(1, 4, 8), (1, 8, 4, 6)]
    """

    def __init__(
        self,
        *,
        num_classes: int,
        background: bool = True,
        tokenizer_channels: int | None = 1920,
        arch: str | dict = 'deit-small',
        img_size: int = 224,
        patch_size: int = 16,
        stem: dict | nn.Module | None = None,
        stem_channels: int = 3,
        stem_stride: int = 1,
        drop_path_rate: float = 0.1,
        final_norm: bool = False,
        frozen_positions: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        sizes = dict(ARCHS.get(arch, {}) if isinstance(arch, str) else arch)
        if set(sizes) != set(ARCHS['deit-small']):
            raise ValueError(
                f'arch must be one of {sorted(ARCHS)} or dict({"=, ".join(ARCHS["deit-small"])}=), '
                f'found {arch!r}'
            )
        if img_size % patch_size or not 0 <= drop_path_rate < 1:
            raise ValueError(
                'img_size must be a multiple of patch_size and drop_path_rate in [0, 1), found '
                f'{img_size}, {patch_size} and {drop_path_rate}'
            )
        depth, dims = sizes.pop('num_layers'), sizes['embed_dims']
        self.num_classes = num_classes
        self.num_tokens = num_classes + background
        self.embed_dims = dims
        self.patch_embed = PatchEmbed(
            dims, patch_size, build(MODELS, stem), stem_channels, stem_stride
        )
        side = img_size // patch_size
        self.pos_embed_patch = nn.Parameter(torch.zeros(1, side * side, dims))
        self.pos_embed_cls = nn.Parameter(torch.zeros(1, self.num_tokens, dims))
        self.tokenizer = None
        if tokenizer_channels is not None:
            self.tokenizer = _Tokenizer(dims, tokenizer_channels, self.num_tokens)
        own = 1 if self.tokenizer is not None else self.num_tokens
        self.cls_token = nn.Parameter(torch.zeros(1, own, dims))
        self.bg_token = None
        if background and self.tokenizer is not None:
            self.bg_token = nn.Parameter(torch.zeros(1, 1, dims))
        rates = [drop_path_rate * block / max(depth - 1, 1) for block in range(depth)]
        self.layers = nn.ModuleList(ClassTokenLayer(**sizes, drop_path_rate=p) for p in rates)
        self.ln1 = nn.LayerNorm(dims, eps=1e-6) if final_norm else nn.Identity()
        if frozen_positions:
            self.pos_embed_patch.requires_grad_(False)
            self.pos_embed_cls.requires_grad_(False)
        for parameter in (self.cls_token, self.pos_embed_patch):
            trunc_normal_(parameter, std=0.02)

    @property
    def depth(self) -> int:
        """Number of blocks."""
        return len(self.layers)

    @property
    def fixed_blocks(self) -> int:
        """Number of first blocks without stochastic depth, whose result is not random."""
        for block, layer in enumerate(self.layers):
            if cast(ClassTokenLayer, layer).drop_path_rate > 0:
                return block
        return self.depth

    def class_tokens(self) -> Tensor:
        """Class tokens before the first block, the same for every image. Shape: (1, K, D)."""
        tokens = self.cls_token
        if self.tokenizer is not None:
            added = self.cls_token.expand(-1, self.num_classes, -1)
            if self.bg_token is not None:
                added = torch.cat([self.bg_token, added], 1)
            tokens = self.tokenizer(self.cls_token) + added
        return tokens + self.pos_embed_cls

    def positions(self, grid: tuple[int, int]) -> Tensor:
        """Position table of the patches, bicubic where the grid is not its own. Shape: (1, h*w, D).

        Args:
            grid: (h, w).
        """
        return resize_positions(self.pos_embed_patch, grid)

    def embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Class tokens and patches before the first block.

        Args:
            images: Normalised RGB images. Shape: (N, 3, H, W).

        Returns:
            Shape: (N, K + h * w, D), and (h, w).

        Raises:
            ValueError: An image is smaller than a patch.
        """
        x = self.patch_embed(images)
        grid = tuple(x.shape[-2:])
        patches = x.flatten(2).transpose(1, 2) + self.positions(grid)
        return torch.cat([self.class_tokens().expand(len(x), -1, -1), patches], 1), grid

    def run(
        self, x: Tensor, start: int, stop: int, watches: Sequence[AttentionWatch] = ()
    ) -> Tensor:
        """Apply blocks ``start`` to ``stop - 1``.

        Args:
            x: Class tokens, then patches. Shape: (N, K + h * w, D).
            start: First block.
            stop: Block before which to stop.
            watches: To be told the attention.
        """
        for block in range(start, stop):
            x = self.layers[block](x, watches, block=block, num_tokens=self.num_tokens)
        return x

    def split(self, x: Tensor, grid: tuple[int, int]) -> ClassTokenViTOutput:
        """Take class tokens and patches apart."""
        tokens, patches = x[:, : self.num_tokens], x[:, self.num_tokens :]
        return ClassTokenViTOutput(tokens, patches.transpose(1, 2).unflatten(-1, grid))

    def forward(
        self, images: Tensor, watches: Sequence[AttentionWatch] = ()
    ) -> ClassTokenViTOutput:
        """Class tokens and patches after the last block.

        Args:
            images: Normalised RGB images. Shape: (N, 3, H, W).
            watches: To be told the attention.
        """
        x, grid = self.embed(images)
        return self.split(self.ln1(self.run(x, 0, self.depth, watches)), grid)

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Also accept the entries of a DeiT checkpoint, from which published networks start."""
        positions = state_dict.pop(f'{prefix}pos_embed', None)
        if positions is not None:
            state_dict[f'{prefix}pos_embed_cls'] = positions[:, :1]
            state_dict[f'{prefix}pos_embed_patch'] = positions[:, 1:]
            if isinstance(self.ln1, nn.Identity):
                for name in ('ln1.weight', 'ln1.bias'):
                    state_dict.pop(prefix + name, None)
        for name in ('cls_token', 'pos_embed_cls'):
            value, ours = state_dict.get(prefix + name), getattr(self, name)
            if value is not None and value.shape[1] == 1 != ours.shape[1]:
                state_dict[prefix + name] = value.repeat(1, ours.shape[1], 1)
        table = state_dict.get(f'{prefix}pos_embed_patch')
        if table is not None and table.shape[1] != self.pos_embed_patch.shape[1]:
            side = round(self.pos_embed_patch.shape[1] ** 0.5)
            state_dict[f'{prefix}pos_embed_patch'] = resize_positions(table, (side, side))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def resize_positions(table: Tensor, grid: tuple[int, int]) -> Tensor:
    """Interpolate a square table bicubically (align_corners False).

    Args:
        table: Shape: (1, side * side, D).
        grid: (h, w).

    Returns:
        Shape: (1, h * w, D); ``table`` itself where the grid is its own.
    """
    side = round(table.shape[1] ** 0.5)
    if grid == (side, side):
        return table
    square = table.transpose(1, 2).unflatten(-1, (side, side))
    return F.interpolate(square, grid, mode='bicubic', align_corners=False).flatten(2).mT
