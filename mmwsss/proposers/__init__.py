"""Proposers: class-agnostic masks of an image."""

from mmwsss.proposers.base import Proposer
from mmwsss.proposers.propose_model import ProposeModel
from mmwsss.proposers.regions import RegionProposer, Regions
from mmwsss.proposers.sam_auto import SAMAutoProposer

__all__ = ['ProposeModel', 'Proposer', 'RegionProposer', 'Regions', 'SAMAutoProposer']
