"""Sizes of CLIP networks with a vision transformer, given by name or read from a state dict."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mmcv.cnn import ConvModule
from torch import Tensor, nn

from mmwsss.models.backbones.patch_embed import PatchEmbed
from mmwsss.registry import MODELS

if TYPE_CHECKING:
    from open_clip.model import CLIP


@dataclass(frozen=True)
class CLIPSizes:
    """Layer sizes of a CLIP network, under the names of OpenAI's constructor.

    Args:
        embed_dim: Channels that images and texts share.
        image_resolution: Side of the square image that the position table is made for, in pixels.
        vision_layers: Blocks of the image encoder.
        vision_width: Its channels, 64 a head.
        vision_patch_size: Side of a patch, in pixels.
        vision_stem: What stands before the patches, to learn from few images (`Early Convolutions
            Help Transformers See Better <https://arxiv.org/abs/2106.14881>`_): channels of 3x3
            convolutions of stride 2, or the name of a timm network whose last features have the
            stride of a patch. Published networks have none.
        context_length: Tokens of a text.
        vocab_size: Number of tokens that there are.
        transformer_width: Channels of the text encoder.
        transformer_heads: Its attention heads.
        transformer_layers: Its blocks.
    """

    embed_dim: int = 512
    image_resolution: int = 224
    vision_layers: int = 12
    vision_width: int = 768
    vision_patch_size: int = 16
    vision_stem: tuple[int, ...] | str = ()
    context_length: int = 77
    vocab_size: int = 49408
    transformer_width: int = 512
    transformer_heads: int = 8
    transformer_layers: int = 12

    def __post_init__(self) -> None:
        if not isinstance(self.vision_stem, str):  # configs have lists
            object.__setattr__(self, 'vision_stem', tuple(self.vision_stem))
        if self.vision_width % 64 or self.transformer_width % self.transformer_heads:
            raise ValueError(
                'vision_width is a multiple of 64 and transformer_width one of transformer_heads, '
                f'found {self}'
            )
        if self.image_resolution % self.vision_patch_size:
            raise ValueError(f'image_resolution is a multiple of vision_patch_size, found {self}')
        convolutions = 0 if isinstance(self.vision_stem, str) else len(self.vision_stem)
        if self.vision_patch_size % 2**convolutions:
            raise ValueError(f'each layer of vision_stem halves the patch, found {self}')

    @property
    def grid(self) -> int:
        """Side of the position table, in patches."""
        return self.image_resolution // self.vision_patch_size


#: OpenAI's networks with a vision transformer for 224 pixels, by open_clip's names. The ending says
#: that they have QuickGELU, without which their weights give wrong features.
PUBLISHED = {
    'ViT-B-16-quickgelu': CLIPSizes(),
    'ViT-B-32-quickgelu': CLIPSizes(vision_patch_size=32),
    'ViT-L-14-quickgelu': CLIPSizes(
        embed_dim=768,
        vision_layers=24,
        vision_width=1024,
        vision_patch_size=14,
        transformer_width=768,
        transformer_heads=12,
    ),
}


#: How :func:`sizes_of` calls a stem of timm.
_NETWORK = 'a network of timm'


def parse_sizes(arch: str | Mapping[str, Any] | CLIPSizes) -> CLIPSizes:
    """Return sizes by a name in :data:`PUBLISHED`, or made from their fields."""
    if isinstance(arch, CLIPSizes):
        return arch
    if isinstance(arch, str):
        if arch not in PUBLISHED:
            quick = f'{arch}-quickgelu'
            hint = f': OpenAI trained with QuickGELU, take {quick}' if quick in PUBLISHED else ''
            raise ValueError(
                f'arch must be one of {", ".join(PUBLISHED)} or sizes, found {arch!r}{hint}'
            )
        return PUBLISHED[arch]
    return CLIPSizes(**arch)


def sizes_of(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Read the sizes off a state dict with OpenAI's names; all but the text encoder's heads.

    A stem of timm is not named there: neither it nor the side of a patch is told.

    Raises:
        ValueError: It is no CLIP, or one whose image encoder is no transformer.
    """
    if any(name.startswith('visual.layer1.') for name in state):
        raise ValueError(
            'the image encoder of this CLIP is a ResNet, a vision transformer is needed'
        )
    blocks = re.compile(r'(visual\.)?transformer\.resblocks\.(\d+)\.attn\.in_proj_weight')
    found = [match for name in state if (match := blocks.fullmatch(name))]
    try:
        places = state['visual.positional_embedding'].shape[0] - 1
        return dict(
            **_patches_of(state, round(places**0.5)),
            embed_dim=state['text_projection'].shape[1],
            vision_layers=sum(match[1] is not None for match in found),
            context_length=state['positional_embedding'].shape[0],
            vocab_size=state['token_embedding.weight'].shape[0],
            transformer_width=state['ln_final.weight'].shape[0],
            transformer_layers=sum(match[1] is None for match in found),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(
            f'no CLIP: {error} is missing (found {", ".join(list(state)[:4]) or "nothing"}, ...)'
        ) from None


def _patches_of(state: Mapping[str, Tensor], grid: int) -> dict[str, Any]:
    """Read what is known of patches and of what stands before them."""
    if (patches := state.get('visual.conv1.projection.weight')) is not None:
        return dict(vision_width=patches.shape[0], vision_stem=_NETWORK)
    layers = re.compile(r'visual\.conv1\.stem\.\d+\.conv\.weight')
    stem = tuple(value.shape[0] for name, value in state.items() if layers.fullmatch(name))
    patches = state[f'visual.conv1.{"patches." if stem else ""}weight']
    side = patches.shape[-1] * 2 ** len(stem)
    return dict(
        image_resolution=side * grid,
        vision_width=patches.shape[0],
        vision_patch_size=side,
        vision_stem=stem,
    )


def published_archs(found: Mapping[str, Any]) -> list[str]:
    """List names in :data:`PUBLISHED` that fit what :func:`sizes_of` has found."""
    return [name for name, sizes in PUBLISHED.items() if found.items() <= asdict(sizes).items()]


def describe_mismatch(found: Mapping[str, Any], expected: CLIPSizes) -> str:
    """Say which sizes differ and which ``arch`` fits; empty if nothing differs."""
    want = asdict(expected)
    if isinstance(expected.vision_stem, str):
        want['vision_stem'] = _NETWORK
    different = [f'{k} {v} found, {want[k]} expected' for k, v in found.items() if want[k] != v]
    if not different:
        return ''
    fitting = [repr(name) for name in published_archs(found)]
    heads = 'transformer_heads=...'
    fields = f'dict({", ".join(f"{k}={v}" for k, v in found.items())}, {heads})'
    return f'{"; ".join(different)}. To use these weights set arch={(fitting or [fields])[0]}'


def build_clip(sizes: CLIPSizes) -> CLIP:
    """Build an untrained ``open_clip.model.CLIP`` with QuickGELU, under OpenAI's names.

    Raises:
        ImportError: open_clip is not installed.
        ValueError: The stem's stride is not that of a patch.
    """
    _require_open_clip()
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    clip = CLIP(
        sizes.embed_dim,
        CLIPVisionCfg(
            layers=sizes.vision_layers,
            width=sizes.vision_width,
            patch_size=sizes.vision_patch_size,
            image_size=sizes.image_resolution,
        ),
        CLIPTextCfg(
            context_length=sizes.context_length,
            vocab_size=sizes.vocab_size,
            width=sizes.transformer_width,
            heads=sizes.transformer_heads,
            layers=sizes.transformer_layers,
        ),
        quick_gelu=True,
    )
    if isinstance(sizes.vision_stem, str):
        clip.visual.conv1 = _patches_behind_network(sizes.vision_stem, sizes)
    elif sizes.vision_stem:
        clip.visual.conv1 = _patches_behind_stem(sizes.vision_stem, sizes)
    return clip


def quick_transformer(width: int, layers: int, heads: int) -> nn.Module:
    """Build untrained transformer blocks of open_clip with QuickGELU, batch first.

    Raises:
        ImportError: open_clip is not installed.
    """
    _require_open_clip()
    from open_clip.transformer import QuickGELU, Transformer

    return Transformer(width, layers, heads, act_layer=QuickGELU)


def _require_open_clip() -> None:
    if find_spec('open_clip') is None:
        raise ImportError("CLIP needs the package open_clip_torch: pip install 'mmwsss[clip]'")


def _patches_behind_stem(stem: tuple[int, ...], sizes: CLIPSizes) -> nn.Module:
    layers, channels = nn.Sequential(), 3
    for width in stem:
        layers.append(ConvModule(channels, width, 3, 2, 1, norm_cfg=dict(type='BN')))
        channels = width
    side = sizes.vision_patch_size // 2 ** len(layers)
    patches = nn.Conv2d(channels, sizes.vision_width, side, side, bias=False)
    return nn.Sequential(OrderedDict(stem=layers, patches=patches))


def _patches_behind_network(name: str, sizes: CLIPSizes) -> nn.Module:
    patch = sizes.vision_patch_size
    options = dict(features_only=True, output_stride=patch, out_indices=(4,))
    stem = MODELS.build(dict(type='mmpretrain.TIMMBackbone', model_name=name, **options))
    info = stem.timm_model.feature_info
    (channels,), (stride,) = info.channels(), info.reduction()
    if stride != patch:
        raise ValueError(
            f'vision_stem {name} has stride {stride}, expected that of a patch, {patch}'
        )
    return PatchEmbed(sizes.vision_width, patch, stem, channels, patch)
