"""IoU of single images, for ranking them; numbers to report come from the evaluators."""

import numpy as np


def image_iou(prediction: np.ndarray, truth: np.ndarray, num_classes: int) -> float:
    """Mean IoU over the classes that occur in an image or in its prediction, in percent.

    Args:
        prediction: Values 0..num_classes - 1; 255 counts as an error. Shape: (H, W).
        truth: Values 0..num_classes - 1, and 255 for pixels that do not count. Shape: (H, W).
        num_classes: Number of classes with the background.

    Returns:
        0..100; NaN if no pixel counts.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f'the prediction has shape {prediction.shape}, the mask {truth.shape}')
    counted = truth != 255
    wanted = truth[counted].astype(np.int64)
    found = np.minimum(prediction[counted].astype(np.int64), num_classes)
    table = np.bincount(wanted * (num_classes + 1) + found, minlength=num_classes**2 + num_classes)
    table = table.reshape(num_classes, num_classes + 1)
    hits = np.diagonal(table)
    union = table.sum(1) + table[:, :num_classes].sum(0) - hits
    present = union > 0
    return float((hits[present] / union[present]).mean() * 100) if present.any() else float('nan')
