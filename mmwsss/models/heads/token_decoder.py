"""A small decoder on the tokens of a frozen vision transformer."""

from typing import Any

from torch import Tensor, nn

from mmwsss.models.clip.sizes import quick_transformer


class TokenDecoder(nn.Module):
    """Transformer blocks on a map, without positions, and a linear classifier.

    Pre-norm blocks with QuickGELU, as CLIP has them; no norm at the end.

    Args:
        num_classes: Number of labels, that of the background included.
        channels: Of the map.
        layers: Number of blocks.
        heads: Attention heads.
    """

    def __init__(
        self, num_classes: int, *, channels: int = 256, layers: int = 3, heads: int = 8
    ) -> None:
        super().__init__()
        self.transformer = quick_transformer(channels, layers, heads)
        self.classifier = nn.Conv2d(channels, num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map to logits. Shape: (N, channels, h, w) to (N, num_classes, h, w)."""
        tokens: Any = self.transformer(x.flatten(2).transpose(1, 2))
        return self.classifier(tokens.transpose(1, 2).unflatten(2, x.shape[-2:]))
