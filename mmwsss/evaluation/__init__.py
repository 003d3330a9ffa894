"""Metrics: seeds over all thresholds, label maps, tags."""

from mmwsss.evaluation.mask_metric import MaskMetric
from mmwsss.evaluation.seed_metric import SeedMetric
from mmwsss.evaluation.tag_metric import TagMetric

__all__ = ['MaskMetric', 'SeedMetric', 'TagMetric']
