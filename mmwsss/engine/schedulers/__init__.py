"""Parameter schedulers."""

from mmwsss.engine.schedulers.deit_cosine import DeiTCosineLR
from mmwsss.engine.schedulers.poly_warmup import PolyWarmupLR
from mmwsss.engine.schedulers.psa_poly import PSAPolyLR
from mmwsss.engine.schedulers.warmup_steps import WarmupStepsLR

__all__ = ['DeiTCosineLR', 'PSAPolyLR', 'PolyWarmupLR', 'WarmupStepsLR']
