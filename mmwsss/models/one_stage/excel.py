"""ExCEL: dense similarities of a frozen CLIP and enriched texts label photos."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.models.clip.surgery import (
    CLIPSurgery,
    Features,
    SurgeryTokens,
    learnt_attention,
)
from mmwsss.models.clip.text_bank import TextBank
from mmwsss.models.one_stage.excel_test_cfg import ExCELTestCfg
from mmwsss.models.one_stage.phase_trigger import training_iteration
from mmwsss.models.one_stage.segmented import Segmented
from mmwsss.models.one_stage.token_segmentor import TokenSegmentor
from mmwsss.ops.text_similarity import text_similarity
from mmwsss.ops.token_affinity import relative_cosines
from mmwsss.registry import MODELS


@MODELS.register_module()
class ExCEL(TokenSegmentor):
    """Exploring CLIP's Dense Knowledge for Weakly Supervised Semantic Segmentation.

    `Z. Yang et al., CVPR 2025 <https://arxiv.org/abs/2503.20826>`_. Maps are similarities between
    patches, computed with "surgery" attention, and class texts that a bank of sentences enriches;
    no gradients are needed. Later in the training the decoder's features sharpen CLIP's attention
    (LVC) and the spreading of maps.

    As published, mean similarities are taken over all patches of the process's batch. Results
    therefore depend on the other images of the batch, except for the segmentation at test time.

    Args:
        bank: Sentences that enrich the texts of the classes; None leaves them as they are.
        surgery: Number of CLIP's last blocks with surgery attention.
        features: Which tokens of CLIP the decoder gets: ``'published'`` or ``'clean'``, see
            :class:`~mmwsss.models.clip.surgery.CLIPSurgery`.
        learnt_after: Iterations of training after which labels use what the decoder has learnt (VOC
            14000, COCO 30000).
        own_labels_after: Iterations after which the affinity learns from the network's own
            prediction (VOC 24000); None for never (COCO).
        options: All others of :class:`TokenSegmentor` (but ``scale_divisor`` and ``phase2``), e.g.
            ``clip``, ``prompts``, ``num_classes`` and ``caa``, whose threshold is that of the
            training. ``test_cfg`` has the fields of
            :class:`~mmwsss.models.one_stage.excel_test_cfg.ExCELTestCfg`.

    Raises:
        ValueError: An argument is out of range, or the numbers of classes and prompts differ.
    """

    FUSED = 0
    #: Options of the base that are set here, not taken.
    SET_HERE: ClassVar[tuple[str, ...]] = ('phase2', 'scale_divisor')
    test_cfg_class: ClassVar[type[ExCELTestCfg]] = ExCELTestCfg
    test_cfg: ExCELTestCfg

    def __init__(
        self,
        *,
        bank: Mapping[str, Any] | TextBank | None,
        surgery: int = 5,
        features: Features = 'published',
        learnt_after: int = 14000,
        own_labels_after: int | None = 24000,
        **options: Any,
    ):
        # Similarities have no factor.
        super().__init__(bank=bank, phase2=dict(after=learnt_after), scale_divisor=1.0, **options)
        patch, cfg = self.seeder.clip.sizes.vision_patch_size, self.test_cfg
        sides = [int((cfg.long_side or 0) * scale) for scale in (1, *cfg.scales)]
        wrong = [side for side in sides if side % patch or not side]
        if wrong or not cfg.square:
            raise ValueError(
                'test_cfg.square is True and long_side times each scale a multiple of a patch of '
                f'{patch} pixels here, found {cfg.square} and {wrong or sides}'
            )
        self.surgery = CLIPSurgery(self.seeder.clip, surgery, features)
        self.own_labels_after = own_labels_after

    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Compute logits and features of images (N, 3, H, W); attention is always complete."""
        image = self.surgery.encode(x)
        fused = self.fusion([block[:, 1:] for block in image.blocks], image.grid)
        return Segmented(image, self.decoder(fused), fused)

    @torch.no_grad()
    def class_maps(self, seen: Segmented, learnt: bool = False) -> Tensor:
        """Compute the similarity of each patch to each class.

        Args:
            seen: Output of :meth:`segment` for N images.
            learnt: Whether the decoder's features are added to CLIP's attention (LVC).

        Returns:
            Values in [0, 1]; the smallest is 0 unless it is at the class token.
            Shape: (N, C, h, w).
        """
        image = _surgery(seen)
        tokens = image.projected
        if learnt:
            tokens = self.surgery.project(image, learnt_attention(seen.features))
        maps = text_similarity(tokens, self.seeder.text())[:, 1:, : self.num_classes]
        return maps.transpose(1, 2).unflatten(2, image.grid)

    def maps(self, seen: Segmented, tags: Tensor, phase2: bool) -> tuple[list[Tensor], Tensor]:
        """Use similarities in the place of GradCAM; tests make seeds without LVC."""
        maps = self.class_maps(seen, phase2 and self.training)
        own = [image[tag > 0] for image, tag in zip(maps, tags, strict=True)]
        return own, torch.stack(_surgery(seen).attention, 1)

    def affinity(self, features: Tensor) -> Tensor:
        """Compute the affinity of patches relative to the batch's mean. Shape: (N, h w, h w)."""
        return relative_cosines(features).sigmoid()

    def affinity_label(self, seen: Segmented, label: Tensor) -> Tensor:
        """Return the label that the affinity learns: late, the network's own prediction."""
        if self.own_labels_after is None or training_iteration() <= self.own_labels_after:
            return label
        logits = F.interpolate(seen.logits.detach().float(), label.shape[-2:], mode='bilinear')
        return logits.argmax(1).masked_fill(label == 255, 255)

    def colours(self, x: Tensor) -> Tensor:
        """Return the crop with its values cut to 8 bits, whose colours PAR follows."""
        mean, std = self.data_preprocessor.mean, self.data_preprocessor.std
        return (x * std + mean).clamp(0, 255).floor() / 255

    def seed_colours(self, photo: Tensor, view: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the normalised photo in the size of the maps, whose colours PAR follows."""
        return F.interpolate(photo[None], size, mode='bilinear', align_corners=True)[0]

    def protocol(self) -> dict[str, Any]:
        """Describe how maps are made, for the record of a store."""
        return dict(super().protocol(), surgery=self.surgery.blocks)


def _surgery(seen: Segmented) -> SurgeryTokens:
    """Return CLIP's tokens from the output of :meth:`ExCEL.segment`."""
    assert isinstance(seen.image, SurgeryTokens)
    return seen.image
