"""segment-anything, batched: a frozen wrapper, prompts, its decoder with LoRA."""

from mmwsss.models.sam.point_decoder import PointDecoder, PointMasks
from mmwsss.models.sam.points import SAMPointDecoder
from mmwsss.models.sam.prompts import Prompts
from mmwsss.models.sam.sam import SAM, SAMOutput

__all__ = ['SAM', 'PointDecoder', 'PointMasks', 'Prompts', 'SAMOutput', 'SAMPointDecoder']
