"""What each scale and mirrored view of a photo alone would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from mmseg.structures import SegDataSample

from mmwsss.apis.inferencer import Inference, WSSSInferencer
from mmwsss.structures import Seeds


@dataclass(frozen=True, eq=False)
class CAMView:
    """Seeds of one scale, as it is or mirrored.

    Args:
        size: (height, width) at which the network saw the photo.
        mirrored: Whether it saw the mirror image; the seeds are turned back.
        seeds: Seeds of the tags, if there were no other view.
        tag_scores: Score of each class in [0, 1], of this view alone.
    """

    size: tuple[int, int]
    mirrored: bool
    seeds: Seeds
    tag_scores: dict[str, float]

    def __str__(self) -> str:
        height, width = self.size
        return f'{width} x {height}{", mirrored" if self.mirrored else ""}'


@dataclass(frozen=True, eq=False)
class CAMViews:
    """All views of a photo.

    Args:
        tags: Names of the classes looked at, in the order of the seeds.
        given: Whether the tags were given, not predicted.
        fused: What the network makes of all views.
        views: Scale by scale, as it is before mirrored.
    """

    tags: tuple[str, ...]
    given: bool
    fused: Inference
    views: tuple[CAMView, ...]


def cam_views(
    inferencer: WSSSInferencer,
    photo: str | Path | np.ndarray,
    tags: Sequence[str] | None = None,
    *,
    background: float = 0.3,
) -> CAMViews:
    """Look at a photo through each scale and view of a CAM network's test config.

    Args:
        inferencer: The network.
        photo: A path, or an RGB array (H, W, 3) of uint8.
        tags: Names of the classes to look at. Defaults to those that the network predicts, or to
            the likeliest where it predicts none.
        background: Background score of the fused mask.

    Raises:
        ValueError: The network is a segmentor, or a tag is no class of it.
    """
    if not inferencer.makes_scores:
        raise ValueError('a segmentor has no class activation maps: give the CAM network')
    given = tags is not None
    if tags is None:
        (found,) = inferencer(photo)
        names = inferencer.classes[1:]
        scores = found.tag_scores or {}
        tags = [names[k] for k in _seeds(found).classes] or [max(names, key=scores.__getitem__)]
    (fused,) = inferencer(photo, [tags], background=background)
    _, packed = inferencer.prepare(photo, 0, inferencer.labels([photo], [tags]))
    inputs = packed['inputs']
    scales = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
    model, test_cfg = inferencer.model, inferencer.model.test_cfg
    views = []
    # Some networks, FMA for one, look at no mirror image and have no option for it.
    plain = {'flip': False} if hasattr(test_cfg, 'flip') else {}
    try:
        for mirrored in (False, True) if getattr(test_cfg, 'flip', False) else (False,):
            model.test_cfg = replace(test_cfg, use_tags=True, **plain)
            for scale in scales:
                seen = scale.flip(-1) if mirrored else scale
                sample = packed['data_samples'].clone()
                one = [seen] if len(scales) > 1 or not isinstance(inputs, torch.Tensor) else seen
                (result,) = inferencer.forward([{'inputs': one, 'data_samples': sample}])
                height, width = scale.shape[-2:]
                views.append(_view(result, (height, width), mirrored, inferencer.classes))
    finally:
        model.test_cfg = test_cfg
    views.sort(key=lambda view: (view.size, view.mirrored))
    order = [inferencer.classes[k + 1] for k in _seeds(fused).classes]
    return CAMViews(tuple(order), given, fused, tuple(views))


def _seeds(found: Inference) -> Seeds:
    """The seeds, which a CAM network always gives."""
    assert found.seeds is not None
    return found.seeds


def _view(
    sample: SegDataSample, size: tuple[int, int], mirrored: bool, classes: Sequence[str]
) -> CAMView:
    seeds = sample.seeds
    if mirrored:
        maps = np.ascontiguousarray(seeds.scores[..., ::-1])
        seeds = Seeds(seeds.classes, maps, size=seeds.size)
    scores = dict(zip(classes[1:], sample.tag_scores.cpu().tolist(), strict=True))
    return CAMView(size, mirrored, seeds, scores)
