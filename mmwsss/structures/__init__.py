"""What travels between parts: plain CPU numpy, shapes checked on construction."""

from mmwsss.structures.box_prompts import BoxPrompts
from mmwsss.structures.proposals import Proposals
from mmwsss.structures.seeds import Seeds

__all__ = ['BoxPrompts', 'Proposals', 'Seeds']
