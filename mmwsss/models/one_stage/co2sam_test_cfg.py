"""How Co2SAM makes label maps."""

from dataclasses import dataclass

from mmwsss.ops.box_maps import BoxMapCfg


@dataclass(frozen=True)
class Co2SAMTestCfg(BoxMapCfg):
    """How label maps are made (``test_cfg``).

    Args:
        oracle_tags: Remove classes that the image-level labels lack, as the published numbers do
            on the very list that is scored. Such numbers are no segmentation results; they are
            recorded as "oracle tags".
        absent_compete: See :class:`~mmwsss.ops.box_maps.BoxMapCfg`.
        drop_unmatched: See :class:`~mmwsss.ops.box_maps.BoxMapCfg`.
        boxes_at_a_time: Boxes to decode at a time.
        adapted: Use LoRA; False tests the SAM that it started from, for which no checkpoint is
            needed, and leaves nothing to train.
    """

    oracle_tags: bool = False
    boxes_at_a_time: int = 16
    adapted: bool = True
