"""Frozen helpers: thin, batched wrappers of foundation models."""

from mmwsss.models.foundation.clip import CLIP, CLIPTokens
from mmwsss.models.foundation.grounding_bert import LocalBert
from mmwsss.models.foundation.grounding_hf import HFGroundingDINO
from mmwsss.models.foundation.grounding_mmdet import MMDetGroundingDINO
from mmwsss.models.foundation.point_decoder import PointDecoder, PointMasks
from mmwsss.models.foundation.prompt_learner import PromptLearner
from mmwsss.models.foundation.region_points import RegionPointDecoder
from mmwsss.models.foundation.sam import SAM, SAMOutput
from mmwsss.models.foundation.sam_points import SAMPointDecoder
from mmwsss.models.foundation.sam_prompts import Prompts
from mmwsss.models.foundation.simulated_detector import SimulatedDetector

__all__ = [
    'CLIP',
    'SAM',
    'CLIPTokens',
    'HFGroundingDINO',
    'LocalBert',
    'MMDetGroundingDINO',
    'PointDecoder',
    'PointMasks',
    'PromptLearner',
    'Prompts',
    'RegionPointDecoder',
    'SAMOutput',
    'SAMPointDecoder',
    'SimulatedDetector',
]
