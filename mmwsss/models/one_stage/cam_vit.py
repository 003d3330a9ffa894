"""The network of one-stage transformers: two class activation maps and a decoder on one ViT."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmwsss.models.backbones.class_token_vit import ClassTokenViT
from mmwsss.ops.cam import fuse_scales, stretch_cam
from mmwsss.registry import MODELS, build


class Tokens(NamedTuple):
    """Output tokens of the transformer for a batch.

    Args:
        class_token: Class token after the last norm. Shape: (N, D).
        patches: Patch tokens of the last block, after the last norm. Shape: (N, D, h, w).
        aux_patches: Patch tokens of the auxiliary block, not normed. Shape: (N, D, h, w).
    """

    class_token: Tensor
    patches: Tensor
    aux_patches: Tensor


class CAMViTOutput(NamedTuple):
    """Output of a :class:`CAMViT`.

    Args:
        tokens: See :class:`Tokens`.
        logits: Class scores by the last block. Shape: (N, C).
        aux_logits: Class scores by the auxiliary block. Shape: (N, C).
        segmentation: Logits of background and classes. Shape: (N, C + 1, h, w).
    """

    tokens: Tokens
    logits: Tensor
    aux_logits: Tensor
    segmentation: Tensor


@MODELS.register_module()
class CAMViT(BaseModule):
    """A vision transformer with a classifier on two of its blocks, and a segmentation decoder.

    The network of ToCo (CVPR 2023), SeCo, DuPL, MoRe and CoSA. A class's map is a 1x1 convolution
    without bias on the patch tokens, its score the maximum of the map. Classifiers and decoder keep
    torch's initial weights.

    Args:
        num_classes: Foreground classes C.
        backbone: Config or module of a
            :class:`~mmwsss.models.backbones.class_token_vit.ClassTokenViT` with one class token.
        decoder: Config or module from patches (N, D, h, w) to logits (N, C + 1, h, w).
        aux_block: Block (from 0; negative from the end) whose patches give the auxiliary map.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: The backbone has several class tokens, or no such block.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: dict | ClassTokenViT,
        decoder: dict | nn.Module,
        aux_block: int = -3,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.backbone: ClassTokenViT = build(MODELS, backbone)
        self.decoder: nn.Module = build(MODELS, decoder)
        depth = self.backbone.depth
        if not -depth <= aux_block < depth or self.backbone.num_tokens != 1:
            raise ValueError(
                f'aux_block must be {-depth} to {depth - 1} and the backbone have one class token '
                f'(num_classes=1, background=False), found {aux_block} and '
                f'{self.backbone.num_tokens}'
            )
        self.aux_block = aux_block % depth
        dims = self.backbone.embed_dims
        self.classifier = nn.Conv2d(dims, num_classes, 1, bias=False)
        self.aux_classifier = nn.Conv2d(dims, num_classes, 1, bias=False)

    def tokens(self, images: Tensor) -> Tokens:
        """Run the transformer on normalised images (N, 3, H, W)."""
        net = self.backbone
        x, grid = net.embed(images)
        middle = net.run(x, 0, self.aux_block + 1)
        last = net.split(net.ln1(net.run(middle, self.aux_block + 1, net.depth)), grid)
        return Tokens(last.tokens[:, 0], last.patches, net.split(middle, grid).patches)

    def forward(self, images: Tensor) -> CAMViTOutput:
        """Compute tokens, class scores and segmentation of normalised images (N, 3, H, W)."""
        tokens = self.tokens(images)
        heads = (self.classifier, tokens.patches), (self.aux_classifier, tokens.aux_patches)
        logits, aux_logits = (
            head(F.adaptive_max_pool2d(patches, 1)).flatten(1) for head, patches in heads
        )
        return CAMViTOutput(tokens, logits, aux_logits, self.decoder(tokens.patches))

    def cams(self, tokens: Tokens) -> tuple[Tensor, Tensor]:
        """Compute raw maps of the last and of the auxiliary block. Shape: (N, C, h, w)."""
        return self.classifier(tokens.patches), self.aux_classifier(tokens.aux_patches)

    @torch.no_grad()
    def multi_scale_cams(self, images: Tensor, scales: Sequence[float]) -> tuple[Tensor, Tensor]:
        """Compute maps fused over scales and mirror images, each stretched to [0, 1).

        Args:
            images: Normalised. Shape: (N, 3, H, W).
            scales: Factors of the images' sides, which are cut to integers. As published, scale 1
                comes first, also where they lack it.

        Returns:
            Maps of the last and of the auxiliary block. Shape: (N, C, H, W) each.
        """
        height, width = images.shape[-2:]
        found: tuple[list[Tensor], list[Tensor]] = [], []
        for scale in (1, *(scale for scale in scales if scale != 1)):
            x = resize_by(images, scale)
            cams = self.cams(self.tokens(torch.cat([x, x.flip(-1)])))
            for maps, cam in zip(found, cams, strict=True):
                views = cam.float().unflatten(0, (2, -1)).movedim(0, 2)  # (N, C, 2, h, w)
                maps.append(views.flatten(0, 1))
        last, aux = (
            stretch_cam(fuse_scales(maps, (height, width), 'max_flip')).unflatten(
                0, (len(images), -1)
            )
            for maps in found
        )
        # Older versions of torch would reuse weights cast here, without gradients, in training.
        torch.clear_autocast_cache()
        return last, aux


def resize_by(images: Tensor, scale: float) -> Tensor:
    """Resize bilinearly by a factor; sides are cut to integers.

    Args:
        images: Shape: (N, 3, H, W).
        scale: Positive factor.
    """
    size = [max(1, int(side * scale)) for side in images.shape[-2:]]
    return images if scale == 1 else F.interpolate(images, size, mode='bilinear')
