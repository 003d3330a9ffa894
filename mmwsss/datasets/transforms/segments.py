"""Turn proposals into integer maps, which geometric transforms handle like masks."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.registry import TRANSFORMS
from mmwsss.structures import Proposals


def segment_ids(label_map: np.ndarray, *, legacy_ids: bool = True) -> np.ndarray:
    """Segment id of each pixel, 0 for none.

    Args:
        label_map: As :meth:`Proposals.label_map` gives it: -1 uncovered. Shape: (H, W).
        legacy_ids: As in S2C's release, where ids are 8-bit: from 256 masks on they start anew.

    Returns:
        uint8 if ``legacy_ids``, else int32 (H, W).
    """
    return (label_map + 1).astype(np.uint8 if legacy_ids else np.int32)


def dense_ids(segments: np.ndarray, *, legacy_ids: bool = True) -> np.ndarray:
    """Renumber the existing segments without gaps, in the order of their ids.

    Args:
        segments: 0 where there is none. Shape: (H, W).
        legacy_ids: As in S2C's release: where every pixel has a segment, the smallest id becomes
            0, and that segment counts as none. If False, 0 stays reserved.
    """
    values, ranks = np.unique(segments, return_inverse=True)
    shift = 0 if legacy_ids or values[0] == 0 else 1
    return (ranks.reshape(segments.shape) + shift).astype(segments.dtype)


def _take_proposals(results: dict, name: str) -> Proposals:
    if 'proposals' not in results:
        raise ValueError(
            f"{name} needs proposals: put dict(type='LoadProposals', store=...) before it"
        )
    return results['proposals']


@TRANSFORMS.register_module()
class SegmentsFromProposals(BaseTransform):
    """Make the "segment everything" map of S2C (CVPR 2024) from proposals in rank order.

    Comes after ``LoadProposals`` and before the geometric transforms. Adds ``segments`` (H, W), 0
    where no mask lies, and takes the proposals out: nothing after needs them.

    Args:
        legacy_ids: See :func:`segment_ids`.
        keep_proposals: Leave the proposals for another transform.
    """

    def __init__(self, *, legacy_ids: bool = True, keep_proposals: bool = False) -> None:
        self.legacy_ids, self.keep_proposals = legacy_ids, keep_proposals

    def transform(self, results: dict) -> dict:
        """Proposals to ``segments``."""
        label_map = _take_proposals(results, type(self).__name__).label_map()
        results['segments'] = segment_ids(label_map, legacy_ids=self.legacy_ids)
        results.setdefault('aligned', {})['segments'] = 0
        if not self.keep_proposals:
            del results['proposals']
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(legacy_ids={self.legacy_ids})'


@TRANSFORMS.register_module()
class RelabelSegments(BaseTransform):
    """Renumber segments without gaps; as published, use it after resizing and before cropping.

    Args:
        legacy_ids: See :func:`dense_ids`.
    """

    def __init__(self, *, legacy_ids: bool = True) -> None:
        self.legacy_ids = legacy_ids

    def transform(self, results: dict) -> dict:
        """Renumber ``segments``."""
        results['segments'] = dense_ids(results['segments'], legacy_ids=self.legacy_ids)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(legacy_ids={self.legacy_ids})'


@TRANSFORMS.register_module()
class RegionsFromProposals(BaseTransform):
    """A partition of the image into regions of one granularity, for ``RegionPointDecoder``.

    Comes after ``LoadProposals`` of a ``RegionProposer``'s store, whose regions are nested and
    listed once, on the coarsest level where they occur. Adds ``regions`` (H, W), int32, 0 where
    there is none, and ``region_scores`` (R + 1,), float32, the first of them 0; takes the proposals
    out. ``PackTagged(meta_keys=('region_scores',))`` packs the scores.

    Args:
        level: 0 (small regions) to 2 (large ones).
    """

    def __init__(self, *, level: int = 2) -> None:
        if level not in (0, 1, 2):
            raise ValueError(f'level is 0, 1 or 2, found {level}')
        self.level = level

    def transform(self, results: dict) -> dict:
        """Proposals to ``regions`` and ``region_scores``."""
        proposals = _take_proposals(results, type(self).__name__)
        del results['proposals']
        use = np.flatnonzero(proposals.level >= self.level)
        use = use[np.argsort(proposals.level[use], kind='stable')]  # finest first
        masks = proposals.masks()[use]
        covered = masks.any(0) if len(use) else np.zeros(proposals.size, bool)
        best = masks.argmax(0) if len(use) else np.zeros(proposals.size, np.int64)
        results['regions'] = np.where(covered, best + 1, 0).astype(np.int32)
        results['region_scores'] = np.append(np.float32(0), proposals.iou[use])
        results.setdefault('aligned', {})['regions'] = 0
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(level={self.level})'
