"""SAM's mask decoder for many prompts at once, with far fewer operations.

The original decoder spends most of its time projecting the 64 x 64 image tokens again for every
prompt, although a prompt has fewer than a dozen tokens. This module computes the same numbers, up
to rounding, with less work:

- In the first layer the image tokens do not depend on the prompt: they are projected once per
  image.
- In later layers, a projection W of the image tokens X is moved to the few prompt tokens t:
  ``t (X W)' = (t W') X'`` and ``A (X W) = (A X) W``. The part that comes from the positional
  encoding is the same for all prompts.
- Biases of keys cancel in the softmax and are left out.
- The two transposed convolutions are computed as linear maps of single tokens; pixels are
  rearranged only once, in the finished mask.
- Only the requested output tokens go through the last attention and produce masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from segment_anything.modeling import MaskDecoder
    from segment_anything.modeling.transformer import Attention, TwoWayAttentionBlock


class ImageTokens(NamedTuple):
    """Image tokens of N images and their projections, shared by all prompts on an image.

    Args:
        tokens: Image tokens. Shape: (N, L, D).
        key: Keys of the first layer's token-to-image attention. Shape: (N, heads, L, c).
        value: Values of that attention. Shape: (N, heads, L, c).
        query: Queries of the first layer's image-to-token attention. Shape: (N, heads, c, L).
    """

    tokens: Tensor
    key: Tensor
    value: Tensor
    query: Tensor

    def select(self, index: slice | Tensor) -> ImageTokens:
        """Return these images; an index may be repeated."""
        return ImageTokens(*(x[index] for x in self))


class FoldedDecoder:
    """Fast evaluation of a ``segment_anything`` ``MaskDecoder`` with the decoder's own parameters.

    Args:
        decoder: The package's decoder, already on its final device and in its final precision.
        image_pe: Positional encoding of the image tokens. Shape: (1, D, s, s).
    """

    #: Output tokens: 0 predicts the IoUs, 1 + i makes mask i (0 the single mask, 1..3 the three).
    IOU_TOKEN = 0

    def __init__(self, decoder: MaskDecoder, image_pe: Tensor):
        transformer = decoder.transformer
        weight = decoder.iou_token.weight
        pe = image_pe.to(weight).flatten(2)[0].T  # (L, D)
        self.decoder = decoder
        self.side = image_pe.shape[-1]
        self.out_tokens = torch.cat([weight, decoder.mask_tokens.weight])
        self.layers = transformer.layers
        self.to_image = [_ToImage(x.cross_attn_token_to_image, pe) for x in self.layers]
        self.to_tokens = [_ToTokens(x.cross_attn_image_to_token, pe) for x in self.layers]
        self.last = _ToImage(transformer.final_attn_token_to_image, pe)
        self.last_norm = transformer.norm_final_attn
        first, self.norm, _, second, _ = decoder.output_upscaling
        self.upscaling = [_as_linear(first), _as_linear(second)]

    def prepare(self, features: Tensor) -> ImageTokens:
        """Compute what all prompts on an image share.

        Args:
            features: Image embeddings with the dense prompt added. Shape: (N, D, s, s).
        """
        keys = features.flatten(2).transpose(1, 2).contiguous()
        return ImageTokens(keys, *self.to_image[0].shared(keys), self.to_tokens[0].shared(keys))

    def attend(
        self, images: ImageTokens, tokens: Tensor, present: Tensor, wanted: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Run the decoder's attention layers between prompt tokens and image tokens.

        Args:
            images: Tokens of each prompt's image, or of a single image that all prompts are on.
            tokens: Embedded prompts. Shape: (P, T, D).
            present: True for tokens that exist, False for padding. Shape: (P, T).
            wanted: The output tokens to return.

        Returns:
            Output tokens (P, len(wanted), D) and image tokens (P, s * s, D).
        """
        count = len(tokens)
        keys, key, value, query = (x.expand(count, *x.shape[1:]) for x in images)
        pe = torch.cat([self.out_tokens.expand(count, -1, -1), tokens.to(keys.dtype)], 1)
        present = F.pad(present, (len(self.out_tokens), 0), value=True)
        bias = keys.new_zeros(present.shape).masked_fill_(~present, -torch.inf)
        queries = pe
        for index, layer in enumerate(self.layers):
            first = index == 0  # the image tokens do not depend on the prompt yet
            attended = _self_attention(layer, queries, pe, bias)
            queries = layer.norm1(attended if layer.skip_first_layer_pe else queries + attended)
            read, write = self.to_image[index], self.to_tokens[index]
            seen = read(queries + pe, keys, (key, value) if first else None)
            queries = layer.norm2(queries + seen)
            queries = layer.norm3(queries + layer.mlp(queries))
            update = write(queries + pe, queries, bias, keys, query if first else None)
            keys = layer.norm4(torch.baddbmm(keys, *update).add_(write.bias))
        queries, pe = queries[:, wanted], pe[:, wanted]
        return self.last_norm(queries + self.last(queries + pe, keys)), keys

    def quality(self, token: Tensor) -> Tensor:
        """Predict the IoUs of the three masks from the IoU token. Shape: (P, D) to (P, 3)."""
        return self.decoder.iou_prediction_head(token)[:, 1:]

    def masks(self, keys: Tensor, tokens: Tensor, outputs: Sequence[int]) -> Tensor:
        """Compute mask logits.

        Args:
            keys: Image tokens of the prompts. Shape: (P, s * s, D).
            tokens: Output tokens of ``outputs``. Shape: (P, K, D).
            outputs: Which masks: 0 the single one, 1..3 the three. Length K.

        Returns:
            Shape: (P, K, 4 s, 4 s).
        """
        heads = self.decoder.output_hypernetworks_mlps
        hyper = torch.stack([heads[i](tokens[:, k]) for k, i in enumerate(outputs)], 2)
        (weight, bias), (weight2, bias2) = self.upscaling
        x = F.linear(keys, weight, bias).unflatten(-1, (4, -1))
        x = F.gelu(F.layer_norm(x, x.shape[-1:], self.norm.weight, self.norm.bias, self.norm.eps))
        x = F.gelu(F.linear(x, weight2, bias2)).flatten(1, -2).unflatten(-1, (4, -1))
        x = x.flatten(1, -2) @ hyper  # (P, 16 s s, K)
        side = self.side
        x = x.view(len(keys), side, side, 2, 2, 2, 2, -1)  # rows, columns, then two subdivisions
        x = x.permute(0, 7, 1, 3, 5, 2, 4, 6)
        return x.reshape(len(keys), -1, 4 * side, 4 * side)


class _Folded:
    """Weights of one attention layer between prompt and image tokens, split by head."""

    def __init__(self, attention: Attention):
        self.attention = attention
        self.heads = attention.num_heads
        self.scale = (attention.internal_dim // attention.num_heads) ** -0.5

    def rows(self, layer: nn.Linear) -> Tensor:
        """Split the weights of a projection by head. Shape: (heads, c, D)."""
        return layer.weight.unflatten(0, (self.heads, -1))

    def split(self, x: Tensor) -> Tensor:
        """Split channels by head. Shape: (P, T, heads * c) to (P, heads, T, c)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def logits(self, x: Tensor, weight: Tensor, keys: Tensor, position: Tensor) -> Tensor:
        """Dot products of ``x`` and projected image tokens. Shape: (P, h, T, c) to (P, h, T, L).

        Args:
            x: Projected tokens.
            weight: The projection of the image tokens. Shape: (h, c, D).
            keys: Image tokens. Shape: (P, L, D).
            position: The projected positions. Shape: (h, c, L).
        """
        count, heads, length, _ = x.shape
        folded = torch.einsum('phtc,hcd->phtd', x, weight).flatten(1, 2)
        result = (folded @ keys.transpose(1, 2)).view(count, heads, length, -1)
        places = x.transpose(0, 1).flatten(1, 2) @ position  # one product per head for all prompts
        return result.add_(places.view(heads, count, length, -1).transpose(0, 1))


class _ToImage(_Folded):
    """Attention in which prompt tokens query image tokens."""

    def __init__(self, attention: Attention, pe: Tensor):
        super().__init__(attention)
        self.key, self.value = self.rows(attention.k_proj), self.rows(attention.v_proj)
        self.value_bias = attention.v_proj.bias.view(self.heads, 1, -1)
        self.position = self.key @ pe.T
        self.pe = pe

    def shared(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Projected keys and values of image tokens. Shape: (N, L, D) to (N, h, L, c)."""
        attention = self.attention
        return self.split(attention.k_proj(keys + self.pe)), self.split(attention.v_proj(keys))

    def __call__(self, tokens: Tensor, keys: Tensor, shared: tuple | None = None) -> Tensor:
        query = self.split(self.attention.q_proj(tokens))
        if shared is not None:
            out = F.scaled_dot_product_attention(query, *shared)
        else:
            weights = self.logits(query * self.scale, self.key, keys, self.position).softmax(-1)
            seen = weights.flatten(1, 2) @ keys
            seen = seen.view(len(tokens), self.heads, -1, keys.shape[-1])
            out = torch.einsum('phtd,hcd->phtc', seen, self.value) + self.value_bias
        return self.attention.out_proj(out.transpose(1, 2).flatten(2))


class _ToTokens(_Folded):
    """Attention in which image tokens query prompt tokens."""

    def __init__(self, attention: Attention, pe: Tensor):
        super().__init__(attention)
        self.query = self.rows(attention.q_proj)
        self.position = self.split(attention.q_proj(pe)[None])[0].transpose(1, 2)
        self.out = attention.out_proj.weight.unflatten(1, (self.heads, -1)).permute(1, 2, 0)
        self.bias = attention.out_proj.bias
        self.pe = pe

    def shared(self, keys: Tensor) -> Tensor:
        """Projected queries of image tokens. Shape: (N, L, D) to (N, h, c, L)."""
        return self.split(self.attention.q_proj(keys + self.pe)).transpose(2, 3).contiguous()

    def __call__(
        self,
        tokens: Tensor,
        values: Tensor,
        bias: Tensor,
        keys: Tensor,
        shared: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return two factors; their product plus the bias updates the image tokens.

        Returns:
            Attention (P, L, h * T) and projected values (P, h * T, D).
        """
        key = self.split(self.attention.k_proj(tokens)) * self.scale
        if shared is not None:
            logits = key @ shared
        else:
            logits = self.logits(key, self.query, keys, self.position)
        weights = logits.add_(bias[:, None, :, None]).softmax(2).flatten(1, 2)
        value = self.split(self.attention.v_proj(values))
        return weights.transpose(1, 2), torch.einsum('phtc,hcd->phtd', value, self.out).flatten(
            1, 2
        )


def _self_attention(
    layer: TwoWayAttentionBlock, queries: Tensor, pe: Tensor, bias: Tensor
) -> Tensor:
    """Self-attention of prompt tokens; ``bias`` (P, T) is -inf at padding tokens."""
    attention = layer.self_attn
    x = queries if layer.skip_first_layer_pe else queries + pe
    q, k, v = (
        projection(y).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
        for projection, y in (
            (attention.q_proj, x),
            (attention.k_proj, x),
            (attention.v_proj, queries),
        )
    )
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias[:, None, None, :])
    return attention.out_proj(out.transpose(1, 2).flatten(2))


def _as_linear(layer: nn.ConvTranspose2d) -> tuple[Tensor, Tensor]:
    """Write a 2x2 transposed convolution of stride 2 as a linear map to four pixels' channels."""
    weight = layer.weight.permute(2, 3, 1, 0).flatten(0, 2)
    assert layer.bias is not None
    return weight.contiguous(), layer.bias.repeat(4)
