"""An example method: CAM with log-sum-exp pooling instead of the mean."""

import math

import torch
from torch import Tensor, nn

from mmwsss.models.cam_generators.base import CAMOutput
from mmwsss.models.cam_generators.cam import CAMGenerator
from mmwsss.registry import MODELS


@MODELS.register_module()
class LSECAMGenerator(CAMGenerator):
    """CAM whose class score is a smooth maximum of the map.

    `From Image-level to Pixel-level Labeling with Convolutional Networks
    <https://arxiv.org/abs/1411.6228>`_, eq. 2: ``log(mean(exp(r * cam))) / r`` lies between
    the mean (r -> 0) and the maximum (r -> inf) of the map.

    Args:
        sharpness: r, positive.
        backbone: See :class:`CAMGenerator`.
        head: See :class:`CAMGenerator`.
        test_cfg: See :class:`CAMGenerator`.
        data_preprocessor: See :class:`CAMGenerator`.
        init_cfg: See :class:`CAMGenerator`.
    """

    def __init__(
        self,
        backbone: dict | nn.Module,
        head: dict | nn.Module,
        *,
        sharpness: float = 3.0,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if not sharpness > 0:
            raise ValueError(f'sharpness must be positive, found {sharpness}')
        super().__init__(
            backbone,
            head,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.sharpness = sharpness

    def cams(self, x: Tensor) -> CAMOutput:
        """Class scores by log-sum-exp, and raw maps, of images (N, 3, H, W)."""
        _, cam = self.features(x)
        pixels = cam.flatten(2)
        total = torch.logsumexp(self.sharpness * pixels, -1) - math.log(pixels.shape[-1])
        return CAMOutput(total / self.sharpness, cam)
