"""Data that parts exchange: plain numpy arrays, checked on construction."""

from mmwsss.structures.box_prompts import BoxPrompts
from mmwsss.structures.proposals import Proposals
from mmwsss.structures.seeds import Seeds

__all__ = ['BoxPrompts', 'Proposals', 'Seeds']
