"""Parameter schedulers."""

from mmwsss.engine.schedulers.psa_poly import PSAPolyLR

__all__ = ['PSAPolyLR']
