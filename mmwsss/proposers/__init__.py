"""Proposers: class-agnostic masks of an image."""

from mmwsss.lazy import lazy_names

HOMES = {
    'ProposeModel': 'mmwsss.proposers.propose_model',
    'Proposer': 'mmwsss.proposers.base',
    'RegionProposer': 'mmwsss.proposers.regions',
    'Regions': 'mmwsss.proposers.regions',
    'SAMAutoProposer': 'mmwsss.proposers.sam_auto',
}
__all__ = list(HOMES)
__getattr__ = lazy_names(__name__, HOMES)
