"""Metrics: seeds over all thresholds, label maps, contours, tags."""

from mmwsss.evaluation.contour_metric import ContourMetric
from mmwsss.evaluation.mask_metric import MaskMetric
from mmwsss.evaluation.seed_metric import SeedMetric
from mmwsss.evaluation.seeding_power_metric import SeedingPowerMetric
from mmwsss.evaluation.tag_metric import TagMetric

__all__ = ['ContourMetric', 'MaskMetric', 'SeedMetric', 'SeedingPowerMetric', 'TagMetric']
