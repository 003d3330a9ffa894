"""Stored regions as a point decoder."""

from collections.abc import Sequence

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from mmwsss.models.sam.point_decoder import PointDecoder, PointMasks
from mmwsss.registry import MODELS


@MODELS.register_module()
class RegionPointDecoder(PointDecoder):
    """Replaces SAM: returns the stored regions that a prompt's points hit.

    The regions are a partition that the pipeline reads from a proposal store and transforms with
    the image (``RegionsFromProposals``), so that nothing is segmented while training. The
    confidence of a pixel is the score of its region.
    """

    def __call__(
        self,
        images: Tensor,
        samples: Sequence[SegDataSample],
        image: Sequence[int],
        points: Sequence[np.ndarray],
    ) -> PointMasks:
        """Return for each prompt the union of the regions it hits; see :class:`PointDecoder`.

        Raises:
            ValueError: A sample has no regions.
        """
        for sample in samples:
            if 'regions' not in sample:
                raise ValueError(
                    f'{sample.get("img_id", "a sample")}: no regions; the pipeline needs '
                    "LoadProposals, dict(type='RegionsFromProposals') and "
                    "PackTagged(meta_keys=('region_scores',))"
                )
        if not len(points):
            empty = images.new_zeros((0, *images.shape[-2:]))
            return PointMasks(empty > 0, empty)
        device = images.device
        rows = torch.as_tensor(np.asarray(image), device=device)
        maps = torch.stack([sample.regions.data[0] for sample in samples]).to(device)
        longest = max(map(len, points))
        # Shorter prompts repeat their last point, which changes no union.
        padded = np.stack([np.pad(p, ((0, longest - len(p)), (0, 0)), 'edge') for p in points])
        x, y = torch.as_tensor(padded, device=device).long().unbind(-1)
        hits = maps[rows[:, None], y, x]  # 0: outside of the image
        masks = torch.zeros((len(points), *maps.shape[1:]), dtype=torch.bool, device=device)
        for hit in hits.T:
            masks |= (maps[rows] == hit[:, None, None]) & (hit > 0)[:, None, None]
        scores = [
            torch.as_tensor(sample.region_scores, dtype=torch.float32, device=device)
            for sample in samples
        ]
        values = torch.stack([score[labels] for score, labels in zip(scores, maps, strict=True)])
        return PointMasks(masks, values[rows])
