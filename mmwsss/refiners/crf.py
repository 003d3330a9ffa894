"""Refine class scores with a dense CRF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal, get_args

import numpy as np

from mmwsss.ops.background import alpha_background
from mmwsss.ops.dense_crf import (
    Backend,
    ChannelOrder,
    DenseCRF,
    KernelImage,
    check_backend,
    crf_protocol,
    softmax_unary,
)
from mmwsss.refiners.base import Refiner, check_input
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class CRF(Refiner):
    """Sharpen scores with a dense CRF; see :class:`mmwsss.ops.dense_crf.DenseCRF`.

    The background competes with the classes that are present; absent ones are left out. Its score
    comes from ``alpha`` (PSA's ``(1 - max)^alpha``; a larger one gives more foreground), from
    ``background`` (a constant) or, if neither is given, from the background map of the seeds, e.g.
    of a segmentor's softmax. The result has a background map, so that
    ``Threshold(background=None)`` turns it into masks.

    Args:
        alpha: Exponent of the background score. Published: 4, 24 and 32 (PSA, SEAM), 2 and 4
            (ICAM), 6, 10 and 24 (S2C, CTI), 1 (CLIP-ES).
        background: Constant background score.
        protocol: Name in :data:`mmwsss.ops.dense_crf.PROTOCOLS`, or fields of ``CRFProtocol``.
        scale_factor: Divides the widths of the kernels in pixels, as in PSA's older forks.
        channel_order: Channel order of the image given to the kernels.
        kernel_image: ``'photo'``, or ``'wrapped'`` as in CLIP-ES, see
            :func:`mmwsss.ops.dense_crf.wrapped_image`.
        backend: ``'lattice'`` or ``'pydensecrf'``, see :class:`mmwsss.ops.dense_crf.DenseCRF`.
        on_device: Compute on the model's device (a GPU) instead of in the DataLoader's workers;
            only with the backend ``'lattice'``.
        tuned_on_masks: Whether ``alpha`` or ``background`` was chosen on ground truth.

    Raises:
        CRFNotInstalled: The library is missing.
        ValueError: An argument is out of range.
    """

    runs_in: Literal['worker', 'device'] = 'worker'
    output = 'seeds'

    def __init__(
        self,
        alpha: float | None = None,
        *,
        background: float | None = None,
        protocol: str | dict[str, Any] = 'psa',
        scale_factor: float = 1,
        channel_order: ChannelOrder = 'rgb',
        kernel_image: KernelImage = 'photo',
        backend: Backend = 'lattice',
        on_device: bool = False,
        tuned_on_masks: bool = False,
    ) -> None:
        if alpha is not None and background is not None:
            raise ValueError(f'give alpha or background, found {alpha} and {background}')
        if alpha is not None and alpha <= 0:
            raise ValueError(f'alpha must be positive, found {alpha}')
        if kernel_image not in get_args(KernelImage):
            raise ValueError(f"kernel_image must be 'photo' or 'wrapped', found {kernel_image!r}")
        if background is not None and not 0 <= background <= 1:
            raise ValueError(f'background must lie in [0, 1], found {background}')
        if on_device and backend != 'lattice':
            raise ValueError(f"on_device is for backend='lattice', found {backend!r}")
        check_backend(backend)  # fail now rather than later in a worker
        self.backend, self.runs_in = backend, 'device' if on_device else 'worker'
        self.alpha, self.background, self.tuned_on_masks = alpha, background, tuned_on_masks
        self.crf_protocol = crf_protocol(protocol).scaled(scale_factor)
        self.channel_order, self.kernel_image = channel_order, kernel_image

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> Seeds:
        """Seeds at the image's size with a background map; see :class:`Refiner`."""
        check_input(image, seeds)
        full = seeds.resize()
        return self._infer(image, full, [self._background(full)])[0]

    def with_alphas(self, image: np.ndarray, seeds: Seeds, alphas: Sequence[float]) -> list[Seeds]:
        """Refine against several background scores; the kernels are built once.

        Args:
            image: RGB. Shape: (H, W, 3), uint8.
            seeds: Of the same image.
            alphas: Exponents of the background score.

        Returns:
            Seeds for each exponent.
        """
        check_input(image, seeds)
        full = seeds.resize()
        return self._infer(image, full, [alpha_background(full.scores, a) for a in alphas])

    def _background(self, full: Seeds) -> np.ndarray:
        if self.alpha is not None:
            return alpha_background(full.scores, self.alpha)
        if self.background is not None:
            return np.full(full.size, self.background, np.float32)
        if full.background is None:
            raise ValueError(
                'CRF: the seeds hold no background map, give alpha (e.g. 4) or background'
            )
        return full.background

    def _infer(
        self, image: np.ndarray, full: Seeds, backgrounds: Sequence[np.ndarray]
    ) -> list[Seeds]:
        crf = DenseCRF(
            image,
            len(full.classes) + 1,
            self.crf_protocol,
            self.channel_order,
            self.kernel_image,
            backend=self.backend,
            device=self.device,
        )
        refined = []
        for background in backgrounds:
            scores = crf(softmax_unary(np.concatenate([background[None], full.scores]))).clip(0, 1)
            refined.append(Seeds(full.classes, scores[1:], scores[0], full.size))
        return refined

    def protocol(self) -> dict[str, Any]:
        """Source of the background, kernels and iterations."""
        return {
            'type': 'CRF',
            'alpha': self.alpha,
            'background': self.background,
            **asdict(self.crf_protocol),
            'channel_order': self.channel_order,
            'kernel_image': self.kernel_image,
            'backend': self.backend,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }
