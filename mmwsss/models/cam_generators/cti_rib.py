"""RIB on CTI's transformer."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from mmwsss.models.backbones.class_token_vit import ClassTokenViT
from mmwsss.models.cam_generators.cti import CTI
from mmwsss.models.cam_generators.mctformer import ClassTokenTestCfg
from mmwsss.models.cam_generators.rib_tuning import Look, RIBTestCfg, RIBTuning
from mmwsss.models.heads.patch_cam_head import PatchCAMHead
from mmwsss.registry import MODELS


@dataclass(frozen=True)
class CTIRIBTestCfg(RIBTestCfg, ClassTokenTestCfg):
    """Options of :class:`CTIRIB` (``test_cfg``): those of RIB and of CTI.

    Args:
        fuse: CTI's by default.
        map_only: Empty by default: CTI uses one scale, and learns from it.
    """

    fuse: str = 's2c'
    map_only: tuple[int, ...] = ()


@MODELS.register_module()
class CTIRIB(RIBTuning, CTI):
    """Fine-tune CTI's trained transformer on every image and sum the maps of all steps.

    CTI's authors announced "RIB (transformer)" and never released it; no text says how RIB's parts
    are adapted. This is our reading. Both classifiers of CTI are used without their sigmoid: the
    loss is ``-((pooled maps + scores of class tokens) * tags).sum()``. RIB's pooling, which leaves
    out the most discriminative pixels, replaces CTI's plain mean of the raw patch maps; class
    tokens have no pixels to leave out, so their scores stay. The maps that are added up over the
    steps are those of CTI's inference: maps times the attention from class tokens, refined by the
    attention between patches. With one step the result is CTI's own seeds.

    Args:
        backbone: See :class:`~mmwsss.models.cam_generators.cti.CTI`. This and the arguments that
            are not described here have the values of the training.
        test_cfg: See :class:`CTIRIBTestCfg`. The pipeline has ``LoadDisjoint`` and
            ``PackTagged(meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes'))``.
    """

    test_cfg_class: ClassVar[type[CTIRIBTestCfg]] = CTIRIBTestCfg
    test_cfg: CTIRIBTestCfg
    backbone: ClassTokenViT
    head: PatchCAMHead

    def look(self, x: Tensor) -> Look:
        """Return raw maps of the patches, refined maps, and the scores of class tokens."""
        scores, maps, seeds = self.attended(x)
        return Look(maps, seeds, scores)
