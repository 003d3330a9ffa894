"""What travels between parts: plain CPU numpy, shapes checked on construction."""

from mmwsss.structures.proposals import Proposals
from mmwsss.structures.seeds import Seeds

__all__ = ['Proposals', 'Seeds']
