"""Stores: crash-safe folders in which a stage leaves its output for the next one; no pickle."""

from mmwsss.stores.base import BadEntry, Store
from mmwsss.stores.errors import StoreError, StoreMismatch
from mmwsss.stores.mask_store import MaskStore
from mmwsss.stores.meta import StoreMeta
from mmwsss.stores.open import create_store, open_store
from mmwsss.stores.prompt_store import PromptStore
from mmwsss.stores.proposal_store import ProposalStore
from mmwsss.stores.reader import StoreReader
from mmwsss.stores.score_store import ScoreStore
from mmwsss.stores.writer import StoreOutput, StoreWriter

__all__ = [
    'BadEntry',
    'MaskStore',
    'PromptStore',
    'ProposalStore',
    'ScoreStore',
    'Store',
    'StoreError',
    'StoreMeta',
    'StoreMismatch',
    'StoreOutput',
    'StoreReader',
    'StoreWriter',
    'create_store',
    'open_store',
]
