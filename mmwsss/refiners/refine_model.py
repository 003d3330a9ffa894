"""A model around a refiner, so that a refining stage is an ordinary test run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from mmwsss.refiners.base import Refiner, apply, build_refiner
from mmwsss.registry import MODELS
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds


@MODELS.register_module()
class RefineModel(BaseModel, StoreWriter):
    """A model without parameters that applies a refiner.

    A refiner with ``runs_in = 'worker'`` is applied in the DataLoader's workers, and this model
    only passes its results on. Any other runs here if there is a GPU, and in the workers too if
    there is none.

    Args:
        refiner: Config of a refiner, or one (see :mod:`mmwsss.refiners`).

    Raises:
        TypeError: It is no refiner, or lacks a method.
        ValueError: What it says of itself is incomplete, see
            :func:`~mmwsss.refiners.base.build_refiner`.
    """

    def __init__(self, refiner: dict | Refiner) -> None:
        super().__init__()
        self.refiner = build_refiner(refiner)

    def store_output(self) -> StoreOutput:
        """Say that it writes scores or masks, as the refiner does, with the refiner's protocol."""
        refiner = self.refiner
        return StoreOutput(
            ('masks',) if refiner.output == 'mask' else ('scores',),
            refiner=refiner.protocol(),
            in_workers=partial(refine_in_worker, refiner=refiner)
            if refiner.place(self.data_preprocessor.device) == 'worker'
            else None,
        )

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Refine a batch. Images stay on the CPU: a refiner moves what it needs itself."""
        return self(**data, mode='predict')

    def forward(
        self, inputs: Sequence[Tensor], data_samples: list[SegDataSample], mode: str = 'predict'
    ) -> list[SegDataSample]:
        """Refine the samples: fill ``seeds`` or, if the refiner returns masks, ``pred_sem_seg``.

        Args:
            inputs: RGB images, uint8. Shape: (3, H, W) each.
            data_samples: Samples with ``seeds``, and ``proposals`` and ``evidence`` where the
                refiner needs them, or with ``refined``.
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
                result = self._refine(image, sample)
            if self.refiner.output == 'seeds':
                sample.seeds = result
            else:
                data = torch.from_numpy(result).long()[None]
                sample.pred_sem_seg = PixelData(data=data)
        return data_samples

    def _refine(self, image: Tensor, sample: SegDataSample) -> Seeds | np.ndarray:
        try:
            return refine(self.refiner, image, sample)
        except ValueError as error:  # the loader's workers name the photo themselves
            name = sample.get('img_id')
            raise ValueError(f'photo {name!r}: {error}' if name else str(error)) from error


def refine_in_worker(sample: dict[str, Any], refiner: Refiner) -> dict[str, Any]:
    """Refine a packed sample, ``inputs`` uint8 (3, H, W); adds ``refined`` to its data."""
    data = sample['data_samples']
    data.set_field(refine(refiner, sample['inputs'], data), 'refined')
    return sample


def refine(refiner: Refiner, image: Tensor, sample: SegDataSample) -> Seeds | np.ndarray:
    """Apply a refiner to a packed image, after checking that the inputs it needs were loaded.

    Args:
        refiner: What to apply.
        image: RGB, uint8, perhaps smaller than the photo. Shape: (3, h, w).
        sample: Its data, with ``seeds`` and, where the refiner needs them, ``proposals`` and
            ``evidence``.

    Returns:
        Seeds of the photo's size, held as the refiner leaves them, or a mask of that size.

    Raises:
        ValueError: One of them is not there, or :func:`~mmwsss.refiners.base.apply` refuses them or
            the result.
    """
    needed = {
        'seeds': ('LoadSeeds', True),
        'proposals': ('LoadProposals', refiner.needs_proposals),
        'evidence': ('LoadEvidence', refiner.needs_evidence),
    }
    for name, (loader, is_needed) in needed.items():
        if is_needed and name not in sample:
            raise ValueError(
                f'{type(refiner).__name__} needs what {loader} reads: add '
                f"dict(type='{loader}', store=...) to the pipeline, before PackTagged"
            )
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy())
    seeds, size = sample.seeds, pixels.shape[:2]
    proposals, evidence = sample.get('proposals'), sample.get('evidence')
    if size == seeds.size or tuple(sample.get('ori_shape', size)) == size:
        return apply(refiner, pixels, seeds, proposals, evidence)
    if refiner.needs_proposals and proposals.size != size:
        raise ValueError(
            f'{type(refiner).__name__}: the proposals were made at '
            f'{proposals.size[1]}x{proposals.size[0]}, but max_pixels of the data set has shrunk '
            f'the photo to {size[1]}x{size[0]}: give it the value that they were made with'
        )
    if evidence is not None:
        evidence = replace(evidence, size=size)
    result = apply(refiner, pixels, replace(seeds, size=size), proposals, evidence)
    if isinstance(result, Seeds):
        return replace(result, size=seeds.size)
    return cv2.resize(result, seeds.size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
