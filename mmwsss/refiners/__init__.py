"""Refiners: from seeds to better seeds, or to masks."""

from mmwsss.refiners.add_evidence import AddEvidence
from mmwsss.refiners.base import Refiner
from mmwsss.refiners.chain import Chain
from mmwsss.refiners.crf import CRF
from mmwsss.refiners.ir_labels import IRLabels
from mmwsss.refiners.location_prior import LocationPrior
from mmwsss.refiners.par import PAR
from mmwsss.refiners.par_labels import PARLabels
from mmwsss.refiners.prior import CentrePrior
from mmwsss.refiners.refine_model import RefineModel
from mmwsss.refiners.sam_seeding import SAMSeeding
from mmwsss.refiners.sam_vote import SAMVote, sam_vote
from mmwsss.refiners.threshold import Threshold

__all__ = [
    'CRF',
    'PAR',
    'AddEvidence',
    'CentrePrior',
    'Chain',
    'IRLabels',
    'LocationPrior',
    'PARLabels',
    'RefineModel',
    'Refiner',
    'SAMSeeding',
    'SAMVote',
    'Threshold',
    'sam_vote',
]
