"""Segment Anything (SAM): a frozen batched wrapper, a trainable one with LoRA, and prompts."""

from mmwsss.models.sam.point_decoder import PointDecoder, PointMasks
from mmwsss.models.sam.points import SAMPointDecoder
from mmwsss.models.sam.prompts import Prompts
from mmwsss.models.sam.sam import SAM, SAMOutput

__all__ = ['SAM', 'PointDecoder', 'PointMasks', 'Prompts', 'SAMOutput', 'SAMPointDecoder']
