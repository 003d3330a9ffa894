"""Patch embedding."""

from mmengine.model import BaseModule
from torch import Tensor, nn


class PatchEmbed(BaseModule):
    """Split an image or a feature map into patch tokens by a convolution with stride = kernel.

    Args:
        embed_dims: Channels D of a patch.
        patch_size: Its side in pixels.
        stem: Network in front, of whose feature maps the last is taken; None takes the image.
        stem_channels: Channels of what the convolution gets.
        stem_stride: Its stride.

    Raises:
        ValueError: The stem's stride does not divide ``patch_size``.
    """

    def __init__(
        self,
        embed_dims: int,
        patch_size: int,
        stem: nn.Module | None = None,
        stem_channels: int = 3,
        stem_stride: int = 1,
    ):
        super().__init__()
        if patch_size % stem_stride:
            raise ValueError(
                f'stem_stride must divide patch_size, found {stem_stride} and {patch_size}'
            )
        self.patch_size = patch_size
        self.stem = stem
        side = patch_size // stem_stride
        self.projection = nn.Conv2d(stem_channels, embed_dims, side, side)

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
        x = images[..., :height, :width]
        return self.projection(x if self.stem is None else self.stem(x)[-1])
