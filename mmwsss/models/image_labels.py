"""Image-level labels of a batch."""

import torch
from mmseg.structures import SegDataSample
from torch import Tensor


def image_labels(samples: list[SegDataSample], num_classes: int, advice: str = '') -> Tensor:
    """Stack the image-level labels of samples.

    Args:
        samples: N samples with ``gt_label``, multi-hot (C,).
        num_classes: C.
        advice: Ends the message where a sample has no labels.

    Returns:
        Multi-hot float32. Shape: (N, C).

    Raises:
        ValueError: A sample has none, or they are for another number of classes.
    """
    for sample in samples:
        name = sample.get('img_id', sample.get('img_path', 'an image'))
        if 'gt_label' not in sample:
            raise ValueError(f'{name}: no image-level labels (gt_label){advice}')
        if sample.gt_label.shape != (num_classes,):
            raise ValueError(
                f'{name}: the image-level labels have shape {tuple(sample.gt_label.shape)}, '
                f'expected ({num_classes},): the model and the dataset differ in classes'
            )
    return torch.stack([sample.gt_label.float() for sample in samples])
