"""Test options of Co2SAM."""

from dataclasses import dataclass

from mmwsss.ops.box_maps import BoxMapCfg


@dataclass(frozen=True)
class Co2SAMTestCfg(BoxMapCfg):
    """Options of making label maps (``test_cfg``).

    Args:
        oracle_tags: Remove classes that are not in the image-level labels. The published numbers
            do so on the list that is scored, which uses labels of the test images: such numbers
            are not segmentation results and are recorded as "oracle tags".
        absent_compete: See :class:`~mmwsss.ops.box_maps.BoxMapCfg`.
        drop_unmatched: See :class:`~mmwsss.ops.box_maps.BoxMapCfg`.
        boxes_at_a_time: Boxes to decode at a time.
        adapted: Use LoRA. False tests the original SAM: no checkpoint is needed and nothing can
            be trained.
    """

    oracle_tags: bool = False
    boxes_at_a_time: int = 16
    adapted: bool = True
