"""Refiners as a model, so that a refining stage is a test run like any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from mmwsss.registry import MODELS, REFINERS
from mmwsss.structures import Proposals, Seeds


@MODELS.register_module()
class RefineModel(BaseModel):
    """A refiner in the place of a network; without parameters.

    A refiner that runs in the workers is appended to their pipeline by ``StoreTestLoop`` (see
    :meth:`worker_transform`) and its results only pass through here; any other runs here.

    Args:
        refiner: Config of a refiner, or one (see :mod:`mmwsss.refiners`).
    """

    def __init__(self, refiner: dict | Callable) -> None:
        super().__init__()
        self.refiner = REFINERS.build(refiner) if isinstance(refiner, dict) else refiner

    def worker_transform(self) -> Callable[[dict], dict] | None:
        """What the DataLoader's workers do before packing: add ``refined`` to the results."""
        return WorkerRefine(self.refiner) if self.refiner.runs_in == 'worker' else None

    def protocol(self) -> dict[str, Any]:
        """The refiner's record."""
        return {'refiner': self.refiner.protocol()}

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Refine a batch. Images stay on the CPU: only a refiner knows what it needs where."""
        return self(**data, mode='predict')

    def forward(
        self, inputs: Sequence[Tensor], data_samples: list[SegDataSample], mode: str = 'predict'
    ) -> list[SegDataSample]:
        """Fill ``seeds`` or, where the refiner gives masks, ``pred_sem_seg``.

        Args:
            inputs: RGB images, uint8. Shape: (3, H, W) each.
            data_samples: Samples with ``seeds``, and ``proposals`` or ``refined`` where there are.
            mode: 'predict'; nothing can be trained.

        Returns:
            The same samples; ``pred_sem_seg`` is int64 (1, H, W).
        """
        if mode != 'predict':
            raise ValueError(
                f"RefineModel has nothing to train: mode 'predict' only, found {mode!r}"
            )
        self.refiner.to(self.data_preprocessor.device)
        for image, sample in zip(inputs, data_samples, strict=True):
            result = sample.get('refined')
            if result is None:
                pixels = np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy())
                result = refine(self.refiner, pixels, sample.get('seeds'), sample.get('proposals'))
            if self.refiner.output == 'seeds':
                sample.seeds = result
            else:
                data = torch.from_numpy(result).long()[None]
                sample.pred_sem_seg = PixelData(data=data)
        return data_samples


class WorkerRefine:
    """Refine within a data pipeline.

    Args:
        refiner: What to apply; adds its result as ``refined``.
    """

    def __init__(self, refiner: Callable) -> None:
        self.refiner = refiner

    def __call__(self, results: dict) -> dict:
        """Results with ``img`` and ``seeds`` to results with ``refined``."""
        results['refined'] = refine(
            self.refiner, results['img'], results.get('seeds'), results.get('proposals')
        )
        return results


def refine(
    refiner: Callable, image: np.ndarray, seeds: Seeds | None, proposals: Proposals | None
) -> Seeds | np.ndarray:
    """Apply a refiner, having checked that what it needs was loaded."""
    needed = {
        'LoadSeeds': seeds,
        **({'LoadProposals': proposals} if refiner.needs_proposals else {}),
    }
    for loader, value in needed.items():
        if value is None:
            raise ValueError(
                f'{type(refiner).__name__} needs what {loader} reads: add '
                f"dict(type='{loader}', store=...) to the pipeline, before PackTagged"
            )
    return refiner(image, seeds, proposals)
