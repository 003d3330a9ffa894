"""Make IRN's training labels: confident pixels only, refined by the dense CRF."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from mmwsss.ops.dense_crf import (
    Backend,
    ChannelOrder,
    DenseCRF,
    check_backend,
    crf_protocol,
    label_unary,
)
from mmwsss.ops.two_level_labels import combine_levels
from mmwsss.refiners.base import Refiner, check_input
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class IRLabels(Refiner):
    """IRN's training labels: seeds thresholded with two background scores, each refined by the CRF.

    Ahn, Cho and Kwak, "Weakly Supervised Learning of Instance Segmentation with Inter-pixel
    Relations", CVPR 2019, section 4.1. A pixel gets its class if that wins against the high
    background score; background if no class wins against the low one; otherwise 255. The CRF's
    kernels are built once for both.

    Args:
        high: High background score. Published: 0.30 (IRN), 0.35 (RIB), 0.45 (LPCAM).
        low: Low background score. Published: 0.05 (IRN), 0.17 (RIB), 0.25 (LPCAM).
        confidence: Probability that a label is right, as the CRF assumes.
        protocol: Name in :data:`mmwsss.ops.dense_crf.PROTOCOLS`, or fields of ``CRFProtocol``.
        channel_order: Channel order of the image given to the kernels.
        backend: ``'lattice'`` or ``'pydensecrf'``, see :class:`mmwsss.ops.dense_crf.DenseCRF`.
        tuned_on_masks: Whether the scores were chosen on ground truth, to be recorded.

    Raises:
        CRFNotInstalled: The library is missing.
        ValueError: An argument is out of range.
    """

    runs_in = 'worker'
    output = 'mask'

    def __init__(
        self,
        *,
        high: float = 0.3,
        low: float = 0.05,
        confidence: float = 0.7,
        protocol: str | dict[str, Any] = 'irn',
        channel_order: ChannelOrder = 'rgb',
        backend: Backend = 'lattice',
        tuned_on_masks: bool = False,
    ) -> None:
        if not 0 <= low <= high <= 1:
            raise ValueError(f'0 <= low <= high <= 1 expected, found low {low} and high {high}')
        check_backend(backend)  # fail now rather than later in a worker
        self.backend = backend
        self.high, self.low, self.confidence = high, low, confidence
        self.crf_protocol, self.channel_order = crf_protocol(protocol), channel_order
        self.tuned_on_masks = tuned_on_masks

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> np.ndarray:
        """Labels at the image's size; see :class:`Refiner`. Without classes all background."""
        check_input(image, seeds)
        if not len(seeds.classes):
            return np.zeros(seeds.size, np.uint8)
        full, number = seeds.resize(), len(seeds.classes) + 1
        crf = DenseCRF(image, number, self.crf_protocol, self.channel_order, backend=self.backend)
        # Labels are positions in the list of present classes, as the CRF counts them.
        value = np.array([0, *(full.classes + 1)], np.uint8)
        levels = []
        for background in (self.high, self.low):
            labels = np.searchsorted(value, full.to_mask(background))
            labels = crf(label_unary(labels, number, self.confidence)).argmax(0)
            levels.append(torch.from_numpy(value[labels]))
        return combine_levels(*levels).numpy()

    def protocol(self) -> dict[str, Any]:
        """Background scores, kernels and iterations."""
        return {
            'type': 'IRLabels',
            'high': self.high,
            'low': self.low,
            'confidence': self.confidence,
            **asdict(self.crf_protocol),
            'channel_order': self.channel_order,
            'backend': self.backend,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
