"""WeCLIP: a frozen CLIP labels photos and carries the segmentor that learns from them."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mmwsss.models.clip.clip import CLIP
from mmwsss.models.clip.fixed_prompts import FixedPrompts
from mmwsss.models.one_stage.segmented import Segmented
from mmwsss.models.one_stage.token_segmentor import TokenSegmentor
from mmwsss.registry import MODELS


@MODELS.register_module()
class WeCLIP(TokenSegmentor):
    """Frozen CLIP: A Strong Backbone for Weakly Supervised Semantic Segmentation.

    `B. Zhang et al., CVPR 2024 <https://arxiv.org/abs/2406.11189>`_. One training: GradCAM of the
    tags, spread along CLIP's attention and refined by PAR, labels each crop; a small decoder on the
    tokens of the same CLIP learns from that. In *phase 2* the affinity of the decoder's features
    corrects the attention. CLIP is frozen and no part of checkpoints.

    Images have ImageNet's normalisation, as published, although CLIP was trained with another.

    Args:
        clip: See :class:`TokenSegmentor`, as all that is not described here.
        prompts: The classes' names and words for the background.
        num_classes: Foreground classes C.
        caa: How maps are spread along the attention.
        choose: Last blocks of which phase 2 chooses the attention (VOC 6, COCO 10).
        phase2: When phase 2 begins: arguments of a
            :class:`~mmwsss.models.one_stage.phase_trigger.PhaseTrigger`.

    Raises:
        ValueError: ``test_cfg`` has an unknown key, the numbers of classes and prompts differ, or
            CLIP has fewer blocks than are looked at.
    """

    def __init__(
        self,
        *,
        clip: Mapping[str, Any] | CLIP,
        prompts: Mapping[str, Any] | FixedPrompts,
        num_classes: int,
        caa: Mapping[str, Any],
        choose: int = 6,
        scale_divisor: float = 1.0,
        phase2: Mapping[str, Any] = dict(after=15000),
        channels: int = 256,
        layers: int = 3,
        heads: int = 8,
        dropout: float = 0.1,
        loss_seg: Mapping[str, Any] = dict(type='BalancedCrossEntropyLoss'),
        loss_affinity: Mapping[str, Any] = dict(type='TokenAffinityLoss', radius=8),
        affinity_weight: float = 0.1,
        par_iterations: int = 20,
        ignore_padding: bool = False,
        test_cfg: Mapping[str, Any] | None = None,
        data_preprocessor: Mapping[str, Any] | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            clip=clip,
            prompts=prompts,
            num_classes=num_classes,
            caa=caa,
            choose=choose,
            scale_divisor=scale_divisor,
            phase2=phase2,
            blocks=-1,
            channels=channels,
            layers=layers,
            heads=heads,
            dropout=dropout,
            loss_seg=loss_seg,
            loss_affinity=loss_affinity,
            affinity_weight=affinity_weight,
            par_iterations=par_iterations,
            ignore_padding=ignore_padding,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )

    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Logits and features of images of any size; rows and columns beyond patches are dropped.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            attention: Last blocks of which the attention is wanted.
        """
        image = self.seeder.clip.encode(x, attention, keep_blocks=True, drop_rest=True)
        fused = self.fusion([block[:, 1:].float() for block in image.blocks], image.grid)
        return Segmented(image, self.decoder(fused), fused)
