"""Transformer block whose attention can be recorded."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import Tensor, nn


class AttentionWatch:
    """Sums attention over the blocks of a :class:`ClassTokenViT`, for some samples of a batch.

    Attention is the mean over heads after the softmax. Nothing is stacked: a sum of each kind is
    all that is kept.

    Args:
        samples: Which of the batch; None watches all.
        classes_from: First block (from 0) whose attention from class tokens to patches is added;
            None adds none.
        patches_from: The same for attention between patches.

    Attributes:
        classes: Sum from each class token (query) to the patches. Shape: (n, K, h * w), or None.
        patches: Sum from each patch (query, rows) to the patches. Shape: (n, h * w, h * w), or
            None.

    Raises:
        ValueError: Nothing is to be watched.
    """

    def __init__(
        self,
        samples: slice | None = None,
        *,
        classes_from: int | None = 0,
        patches_from: int | None = None,
    ):
        if classes_from is None and patches_from is None:
            raise ValueError('classes_from or patches_from must be a block, found None for both')
        self.samples = slice(None) if samples is None else samples
        self.classes_from, self.patches_from = classes_from, patches_from
        self.classes: Tensor | None = None
        self.patches: Tensor | None = None

    def sees_classes(self, block: int) -> bool:
        """Whether class tokens are watched in a block."""
        return self.classes_from is not None and block >= self.classes_from

    def sees_patches(self, block: int) -> bool:
        """Whether patches are watched in a block."""
        return self.patches_from is not None and block >= self.patches_from

    def add(self, block: int, attention: Tensor, num_tokens: int) -> None:
        """Add a block's attention.

        Args:
            block: Its number.
            attention: Rows of the class tokens or of all. Shape: (n, K or K + h * w, K + h * w).
            num_tokens: K.
        """
        attention = attention[..., num_tokens:]
        if self.sees_classes(block):
            own = attention[:, :num_tokens]
            self.classes = own if self.classes is None else self.classes + own
        if self.sees_patches(block):
            own = attention[:, num_tokens:]
            self.patches = own if self.patches is None else self.patches + own


class ClassTokenLayer(TransformerEncoderLayer):
    """Mmpretrain's pre-norm transformer block, whose attention can be watched.

    The watched rows of the attention are computed beside torch's fused attention, which keeps
    none; if all samples are watched in full, instead of it.

    Args:
        embed_dims: Channels D.
        num_heads: Heads.
        feedforward_channels: Channels inside the feed-forward part.
        drop_path_rate: Probability with which a branch is left out, drawn for each sample and
            branch.
    """

    def __init__(
        self,
        *,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_path_rate: float = 0.0,
    ):
        super().__init__(
            embed_dims,
            num_heads,
            feedforward_channels,
            drop_path_rate=drop_path_rate,
            norm_cfg=dict(type='LN', eps=1e-6),
        )
        self.drop_path_rate = drop_path_rate

    def init_weights(self) -> None:
        """Initialise linear layers as DeiT: truncated normal with deviation 0.02, biases 0."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(
        self,
        x: Tensor,
        watches: Sequence[AttentionWatch] = (),
        *,
        block: int = 0,
        num_tokens: int = 0,
    ) -> Tensor:
        """Apply the block.

        Args:
            x: Class tokens, then patches. Shape: (N, K + h * w, D).
            watches: To be told the attention.
            block: The number under which they are told.
            num_tokens: K.
        """
        x = x + self._attend(self.ln1(x), watches, block, num_tokens)
        return self.ffn(self.ln2(x), identity=x)

    def _attend(
        self, x: Tensor, watches: Sequence[AttentionWatch], block: int, num_tokens: int
    ) -> Tensor:
        attn = self.attn
        q, k, v = attn.qkv(x).unflatten(-1, (3, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = None
        for watch in watches:
            if watch.sees_patches(block):
                attention = _attention(q[watch.samples], k[watch.samples])
                if len(attention) == len(x):
                    mixed = attention @ v
            elif watch.sees_classes(block):
                attention = _attention(q[watch.samples, :, :num_tokens], k[watch.samples])
            else:
                continue
            watch.add(block, attention.mean(1), num_tokens)
        if mixed is None:
            mixed = F.scaled_dot_product_attention(q, k, v)
        return attn.out_drop(attn.proj_drop(attn.proj(mixed.transpose(1, 2).flatten(2))))


def _attention(q: Tensor, k: Tensor) -> Tensor:
    """Attention of each head. Shape: (n, heads, rows, d) and (n, heads, N, d) to (..., rows, N)."""
    return torch.softmax(q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1), dim=-1)
