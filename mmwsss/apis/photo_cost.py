"""What the seeds of a photo cost: memory and time, estimated before anything is run."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmwsss.apis.pipelines import photo_pipeline
from mmwsss.models.cam_generators.base import BaseCAMGenerator
from mmwsss.registry import MODELS

# Measured on one CPU core of float32 with EfficientNet-Lite0 (scales 1, 1.5) and ResNet-18 (scales
# 0.5 to 2), mirrored, at 0.08 to 1.9 megapixels a photo: 350 and 160 MiB a megapixel of the largest
# batch, 1.2 to 1.7 and 1.5 to 1.7 s a megapixel of all; 1100 and 1200 MiB before the first photo.
_BASE_MIB, _MIB, _SECONDS = 1200.0, 370.0, 1.7


class PhotoCost(NamedTuple):
    """An estimate for small networks; large ones take several times that.

    Args:
        size: (height, width) of the largest scale at which the network sees the photo.
        mib: Memory of the process in MiB.
        seconds: Time on one CPU core.
    """

    size: tuple[int, int]
    mib: float
    seconds: float


def photo_cost(cfg: Config, size: tuple[int, int]) -> PhotoCost | None:
    """Estimate what making seeds of a photo takes, from what a config's test pipeline makes of it.

    Args:
        cfg: Config of a CAM network.
        size: (height, width) of the photo.

    Returns:
        The estimate; None if the config is of something else.
    """
    init_default_scope(cfg.get('default_scope', 'mmwsss'))
    model: Any = cfg.get('model') or {}
    kind = MODELS.get(model['type']) if model.get('type') else None
    seeds = isinstance(kind, type) and issubclass(kind, BaseCAMGenerator)
    if not seeds or cfg.get('test_dataloader') is None:
        return None
    pipeline, _, _, limit = photo_pipeline(cfg)
    image = limit(np.zeros((*size, 3), np.uint8), 'the largest photo')
    packed = pipeline(
        {
            'img': image,
            'img_id': '',
            'img_path': None,
            'ori_shape': size,
            'img_shape': image.shape[:2],
            'gt_label': np.zeros(1, np.float32),
        }
    )
    inputs = packed['inputs']
    scales = inputs if isinstance(inputs, list) else [inputs]
    views = 2 if (model.get('test_cfg') or {}).get('flip', True) else 1
    sizes = [(int(x.shape[-2]), int(x.shape[-1])) for x in scales]
    millions = [height * width * views / 1e6 for height, width in sizes]
    largest = max(sizes, key=lambda s: s[0] * s[1])
    return PhotoCost(largest, _BASE_MIB + _MIB * max(millions), _SECONDS * sum(millions))
