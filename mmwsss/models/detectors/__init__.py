"""Detectors that are asked in words, and the model that writes what they find."""

from mmwsss.models.detectors.bert import LocalBert
from mmwsss.models.detectors.hf_grounding_dino import HFGroundingDINO
from mmwsss.models.detectors.mmdet_grounding_dino import MMDetGroundingDINO
from mmwsss.models.detectors.prompt_model import PromptModel

__all__ = ['HFGroundingDINO', 'LocalBert', 'MMDetGroundingDINO', 'PromptModel']
