"""Parameter schedulers."""

from mmwsss.engine.schedulers.deit_cosine import DeiTCosineLR
from mmwsss.engine.schedulers.psa_poly import PSAPolyLR

__all__ = ['DeiTCosineLR', 'PSAPolyLR']
