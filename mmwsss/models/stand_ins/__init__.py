"""Stand-ins for foundation models, so that every recipe runs on a laptop without any weights."""

from mmwsss.models.stand_ins.clip_pretrainer import CLIPPretrainer
from mmwsss.models.stand_ins.region_points import RegionPointDecoder
from mmwsss.models.stand_ins.sam_from_masks import SAMFromMasks
from mmwsss.models.stand_ins.simulated_detector import SimulatedDetector

__all__ = ['CLIPPretrainer', 'RegionPointDecoder', 'SAMFromMasks', 'SimulatedDetector']
