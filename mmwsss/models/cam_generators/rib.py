"""RIB: a classifier of convolutions, fine-tuned on each image without its last activation."""

from typing import ClassVar

from torch import Tensor

from mmwsss.models.cam_generators.cam import CAMGenerator
from mmwsss.models.cam_generators.rib_tuning import Look, RIBTestCfg, RIBTuning
from mmwsss.registry import MODELS


@MODELS.register_module()
class RIB(RIBTuning, CAMGenerator):
    """Fine-tune a trained classifier on every image and sum the maps of all steps.

    As published, see :class:`~mmwsss.models.cam_generators.rib_tuning.RIBTuning`.

    Args:
        backbone: Of the classifier.
        head: Of the classifier.
        test_cfg: See :class:`~mmwsss.models.cam_generators.rib_tuning.RIBTestCfg`. The pipeline has
            ``dict(type='MultiScale', scales=(1, 0.5, 1.5, 2))``, ``LoadDisjoint`` and
            ``PackTagged(meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes'))``.
        data_preprocessor: ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.
    """

    test_cfg_class: ClassVar[type[RIBTestCfg]] = RIBTestCfg
    test_cfg: RIBTestCfg

    def look(self, x: Tensor) -> Look:
        """Return class activation maps, and their positive part."""
        cam = self.checked_cams(x).cam
        return Look(cam, cam.relu())
