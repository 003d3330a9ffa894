"""Show where on a photo a CLIP finds what a text describes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from mmseg.structures import SegDataSample

from mmwsss.datasets.io import read_image
from mmwsss.datasets.transforms import ResizeToMultiple
from mmwsss.models.cam_generators import CLIPES
from mmwsss.models.clip import CLIP
from mmwsss.models.clip.archive import read_clip_weights
from mmwsss.models.clip.fixed_prompts import BACKGROUND
from mmwsss.models.clip.sizes import published_archs, sizes_of
from mmwsss.models.data_preprocessor import WSSSDataPreprocessor

_MEAN, _STD = (122.7709383, 116.7460125, 104.09373615), (68.5005327, 66.6321579, 70.32316305)


def clip_cam(
    image: str | Path | np.ndarray,
    texts: Sequence[str],
    checkpoint: str | Path,
    *,
    background: Sequence[str] = BACKGROUND,
    template: str = 'a clean origami {}.',
    arch: str | Mapping[str, Any] | None = None,
    threshold: float | None = 0.4,
    device: str | torch.device | None = None,
) -> np.ndarray:
    """Class activation maps of any texts on any photo, as CLIP-ES makes them; nothing is trained.

    The texts compete with each other and with the words for the background. A text that the photo
    does not show gets a map too: a map's greatest value is always 1.

    Args:
        image: A file, or RGB values, uint8 (H, W, 3).
        texts: P texts, e.g. ``['cat', 'person with clothes']``.
        checkpoint: Weights of a CLIP with a vision transformer, e.g. OpenAI's ``ViT-B-16.pt``. They
            are kept for the next call.
        background: What else the photo may show.
        template: Sentence in which ``{}`` stands for the text.
        arch: Sizes of the CLIP, see :class:`~mmwsss.models.clip.clip.CLIP`. Defaults to those of
            the published network that the weights fit.
        threshold: Threshold of the boxes from which maps spread along CLIP's attention; None leaves
            the maps as they are.
        device: E.g. 'cuda:1'. Defaults to the first GPU, or the CPU.

    Returns:
        Maps in [0, 1]. Shape: (P, H, W), float32.

    Raises:
        ValueError: There is no text, one occurs twice, or the weights are of another network.

    Example:
        >>> cat, dog = clip_cam('photo.jpg', ['cat', 'dog'], 'ViT-B-16.pt')
    """
    if isinstance(texts, str):
        texts = [texts]
    if not texts or len(set(texts)) < len(texts):
        raise ValueError(f'one or more different texts are expected, found {list(texts)}')
    pixels = image if isinstance(image, np.ndarray) else read_image(image)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(
            f'an RGB image (H, W, 3) of uint8 is expected, found {pixels.dtype} {pixels.shape}'
        )
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    sizes = tuple(arch.items()) if isinstance(arch, Mapping) else arch
    clip = _load(str(checkpoint), sizes).to(device)
    layers = min(8, clip.sizes.vision_layers)
    caa = dict(threshold=threshold, source='score', rounds=3, passes=2, layers=layers)
    model = CLIPES(
        clip,
        dict(names=texts, background=background, template=template),
        num_classes=len(texts),
        test_cfg=dict(caa=None if threshold is None else caa),
        data_preprocessor=WSSSDataPreprocessor(mean=_MEAN, std=_STD),
    ).to(device)
    resize = ResizeToMultiple(clip.sizes.vision_patch_size)
    (resized,) = resize.transform(dict(img=pixels))['imgs']
    sample: BaseDataElement = SegDataSample(metainfo=dict(ori_shape=pixels.shape[:2]))
    sample.gt_label = torch.ones(len(texts))
    inputs = [torch.from_numpy(resized.transpose(2, 0, 1).copy())]
    (sample,) = model.test_step(dict(inputs=inputs, data_samples=[sample]))
    return sample.seeds.scores


@lru_cache(maxsize=1)
def _load(checkpoint: str, arch: Any) -> CLIP:
    state = read_clip_weights(checkpoint)
    if arch is None:
        found = sizes_of(state)
        archs = published_archs(found)
        if not archs:
            raise ValueError(
                f'{checkpoint}: a CLIP of sizes that nobody has published: give arch, the fields '
                f'{found} and transformer_heads'
            )
        arch = archs[0]
    clip = CLIP(arch=dict(arch) if isinstance(arch, tuple) else arch)
    clip.load_state_dict(state, where=f'{checkpoint}: ')
    return clip
