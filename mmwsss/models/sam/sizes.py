"""Sizes of Segment Anything networks, given by name or read from a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from segment_anything.modeling import Sam


@dataclass(frozen=True)
class SAMSizes:
    """Layer sizes of a SAM network.

    Args:
        embed_dims: Channels of the image encoder.
        depth: Number of blocks of the encoder.
        num_heads: Attention heads of each block.
        global_attn_indexes: Blocks with attention over the whole image; the others use windows.
        image_size: Side of the square that the encoder takes, in pixels.
        patch_size: Side of a patch, in pixels.
        window_size: Side of a window, in patches.
        out_channels: Channels of embeddings and prompts.
        decoder_mlp: Hidden channels of the decoder's MLPs.
    """

    embed_dims: int
    depth: int
    num_heads: int
    global_attn_indexes: tuple[int, ...]
    image_size: int = 1024
    patch_size: int = 16
    window_size: int = 14
    out_channels: int = 256
    decoder_mlp: int = 2048

    def __post_init__(self) -> None:
        object.__setattr__(self, 'global_attn_indexes', tuple(self.global_attn_indexes))

    @property
    def grid(self) -> int:
        """Side of the embedding, in patches."""
        return self.image_size // self.patch_size


#: The three published networks (sam_vit_b_01ec64.pth, sam_vit_l_0b3195.pth, sam_vit_h_4b8939.pth).
PUBLISHED = {
    'vit_b': SAMSizes(768, 12, 12, (2, 5, 8, 11)),
    'vit_l': SAMSizes(1024, 24, 16, (5, 11, 17, 23)),
    'vit_h': SAMSizes(1280, 32, 16, (7, 15, 23, 31)),
}


def parse_sizes(arch: str | Mapping[str, Any] | SAMSizes) -> SAMSizes:
    """Get the sizes from a name (``'vit_b'``, ``'vit_l'``, ``'vit_h'``) or from their fields."""
    if isinstance(arch, SAMSizes):
        return arch
    if isinstance(arch, str):
        if arch not in PUBLISHED:
            note = ', which a checkpoint of its own must tell' if arch == 'auto' else ''
            raise ValueError(
                f'arch must be one of {", ".join(PUBLISHED)} or sizes, found {arch!r}{note}'
            )
        return PUBLISHED[arch]
    return SAMSizes(**arch)


def sizes_of(state: Mapping[str, Tensor]) -> SAMSizes:
    """Read the sizes from a state dict of a ``segment_anything.Sam``.

    Raises:
        ValueError: An entry that every SAM has is missing.
    """
    encoder, mlp = 'image_encoder', 'mask_decoder.transformer.layers.0.mlp.lin1.weight'
    try:
        width, _, patch, _ = state[f'{encoder}.patch_embed.proj.weight'].shape
        grid = state[f'{encoder}.pos_embed'].shape[1]
        blocks = re.compile(rf'{encoder}\.blocks\.(\d+)\.attn\.rel_pos_h')
        tables = {int(m[1]): state[name].shape for name in state if (m := blocks.fullmatch(name))}
        whole = tuple(sorted(i for i, shape in tables.items() if shape[0] == 2 * grid - 1))
        windows = {(shape[0] + 1) // 2 for i, shape in tables.items() if i not in whole}
        return SAMSizes(
            width,
            len(tables),
            width // tables[0][1],
            whole,
            image_size=grid * patch,
            patch_size=patch,
            window_size=windows.pop() if windows else 14,
            out_channels=state[f'{encoder}.neck.0.weight'].shape[0],
            decoder_mlp=state[mlp].shape[0],
        )
    except (KeyError, ValueError) as error:
        raise ValueError(
            f'no SAM checkpoint: {error} is missing (found {", ".join(list(state)[:4])}, ...)'
        ) from None


def describe_mismatch(found: SAMSizes, expected: SAMSizes) -> str:
    """Say which sizes differ and which ``arch`` fits; empty if nothing differs."""
    have, want = asdict(found), asdict(expected)
    different = [f'{k} {have[k]} found, {want[k]} expected' for k in have if have[k] != want[k]]
    if not different:
        return ''
    name = next((repr(n) for n, sizes in PUBLISHED.items() if sizes == found), None)
    fitting = name or f'dict({", ".join(f"{k}={v}" for k, v in have.items())})'
    return f'{"; ".join(different)}. To use this checkpoint set arch={fitting}'


def build_sam(sizes: SAMSizes) -> Sam:
    """Build an untrained SAM of these sizes.

    Raises:
        ImportError: segment-anything is not installed.
    """
    try:
        from segment_anything.modeling import (
            ImageEncoderViT,
            MaskDecoder,
            PromptEncoder,
            Sam,
            TwoWayTransformer,
        )
    except ImportError as error:
        raise ImportError(
            "SAM needs the package segment-anything: pip install 'mmwsss[sam]'"
        ) from error
    channels, side = sizes.out_channels, sizes.image_size
    return Sam(
        ImageEncoderViT(
            img_size=side,
            patch_size=sizes.patch_size,
            embed_dim=sizes.embed_dims,
            depth=sizes.depth,
            num_heads=sizes.num_heads,
            mlp_ratio=4,
            out_chans=channels,
            qkv_bias=True,
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=sizes.window_size,
            global_attn_indexes=sizes.global_attn_indexes,
        ),
        PromptEncoder(
            embed_dim=channels,
            image_embedding_size=(sizes.grid, sizes.grid),
            input_image_size=(side, side),
            mask_in_chans=16,
        ),
        MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=channels, mlp_dim=sizes.decoder_mlp, num_heads=8
            ),
            transformer_dim=channels,
            iou_head_depth=3,
            iou_head_hidden_dim=256,
        ),
    )
