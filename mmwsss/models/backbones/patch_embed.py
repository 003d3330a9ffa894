"""From images to patches."""

from collections.abc import Sequence

from torch import Tensor, nn


class PatchEmbed(nn.Module):
    """One convolution whose stride is its size, after an optional stem of small ones.

    Args:
        embed_dims: Channels D of a patch.
        patch_size: Its side in pixels.
        stem_channels: Channels of 3x3 convolutions of stride 2 in front, each with a group norm
            and GELU (`Early Convolutions Help Transformers See Better
            <https://arxiv.org/abs/2106.14881>`_; with group norm, so that views in one batch do
            not see each other).

    Raises:
        ValueError: The stem strides further than a patch, or its channels are no multiples of 8.
    """

    def __init__(self, embed_dims: int, patch_size: int, stem_channels: Sequence[int] = ()):
        super().__init__()
        stride, rest = 2 ** len(stem_channels), [c for c in stem_channels if c % 8]
        if patch_size % stride or rest:
            raise ValueError(
                'stem_channels are multiples of 8, and two to the power of their number divides '
                f'patch_size, found {tuple(stem_channels)} and {patch_size}'
            )
        self.patch_size = patch_size
        stem, channels = [], 3
        for width in stem_channels:
            stem += [
                nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False),
                nn.GroupNorm(8, width),
                nn.GELU(),
            ]
            channels = width
        self.stem = nn.Sequential(*stem)
        self.projection = nn.Conv2d(
            channels, embed_dims, patch_size // stride, patch_size // stride
        )

    def forward(self, images: Tensor) -> Tensor:
        """Whole patches only. Shape: (N, 3, H, W) to (N, D, H // patch_size, W // patch_size).

        Raises:
            ValueError: An image is smaller than a patch.
        """
        height, width = (side // self.patch_size * self.patch_size for side in images.shape[-2:])
        if not height or not width:
            raise ValueError(
                f'an image of {tuple(images.shape[-2:])} pixels is smaller than a patch, expected '
                f'sides of at least {self.patch_size}: leave small scales out of the pipeline'
            )
        return self.projection(self.stem(images[..., :height, :width]))
