"""Confusion matrices of label maps and the scores that follow from them."""

from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np
import torch

Maps = TypeVar('Maps', np.ndarray, torch.Tensor)


def confusion(
    pred: Maps, gt: Maps, num_classes: int, ignore: int = 255, *, void: bool = False
) -> Maps:
    """Compute a confusion matrix: the pixels of each pair of true and predicted class.

    Args:
        pred: Predicted labels 0..n-1, one map or a batch. Integers, any shape.
        gt: True labels 0..n-1 or ``ignore``, of the same shape and library.
        num_classes: Number n of classes, background included.
        ignore: Ground truth of pixels that are left out.
        void: Allow ``ignore`` as a prediction; such pixels are counted in an
            extra last column: missed by the true class, predicted as none.

    Returns:
        ``N[g, p]``, int64, as numpy array or tensor like the inputs.
        Shape: (n, n), with ``void`` (n, n + 1).

    Raises:
        ValueError: Shapes differ, a scored pixel's label is no class, or ``ignore`` is one.
    """
    if tuple(pred.shape) != tuple(gt.shape):
        raise ValueError(
            f'prediction {tuple(pred.shape)} and ground truth {tuple(gt.shape)} differ in size: '
            'were the masks made from other versions of the images?'
        )
    if ignore < num_classes:
        raise ValueError(f'ignore must not be one of the {num_classes} classes, found {ignore}')
    # Each pixel is read once: all pairs are counted whatever their labels; which labels occur is
    # then read from the small table.
    side = ignore + 1
    pred, gt = pred.reshape(-1), gt.reshape(-1)
    if isinstance(pred, torch.Tensor):
        pred, gt = pred.long(), gt.long()
        _check_range(pred, gt, side)
        table = torch.bincount(gt * side + pred, minlength=side * side).view(side, side)
    else:
        if not (side == 256 and pred.dtype == gt.dtype == np.uint8):
            _check_range(pred, gt, side)
        table = np.bincount(gt.astype(np.intp) * side + pred, minlength=side * side)
        table = table.reshape(side, side)

    scored = table[:ignore]
    columns = [*range(num_classes), ignore] if void else list(range(num_classes))
    counts = scored[:num_classes][:, columns]
    if counts.sum() != scored.sum():
        strange_gt = [g for g in range(num_classes, ignore) if scored[g].any()]
        strange_pred = [p for p in range(side) if p not in columns and scored[:, p].any()]
        raise ValueError(
            f'labels must be 0..{num_classes - 1} or {ignore} in the ground truth, and '
            f'0..{num_classes - 1}{f" or {ignore}" if void else ""} in the prediction: '
            f'found ground truth {strange_gt}, prediction {strange_pred}'
        )
    return counts


def _check_range(pred: Maps, gt: Maps, side: int) -> None:
    for name, labels in (('prediction', pred), ('ground truth', gt)):
        if len(labels) and not (labels.min() >= 0 and labels.max() < side):
            raise ValueError(
                f'{name} labels must lie in 0..{side - 1}, '
                f'found {int(labels.min())}..{int(labels.max())}'
            )


AbsentRule = Literal['nan', 'zero', 'present']


def check_absent(absent: str) -> None:
    """Raise an error unless this is an :data:`AbsentRule`."""
    if absent not in get_args(AbsentRule):
        raise ValueError(f"absent must be 'nan', 'zero' or 'present', found {absent!r}")


@dataclass(frozen=True)
class Scores:
    """IoU, precision, recall and accuracy of confusion matrices, as fractions in [0, 1].

    Per class, shape (..., n): ``iou``, ``precision``, ``recall``, ``fp`` and ``fn`` (pixels
    wrongly claimed and missed, over the union); NaN where a class has no such pixels (0 by the
    rule 'zero'). Means over classes, shape (...): ``miou``, ``mprecision``, ``mrecall``, ``mfp``,
    ``mfn`` and ``macc`` (recall of the classes with ground truth, whatever the rule). Share of
    right pixels, shape (...): ``pacc``.
    """

    iou: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    miou: np.ndarray
    mprecision: np.ndarray
    mrecall: np.ndarray
    mfp: np.ndarray
    mfn: np.ndarray
    pacc: np.ndarray
    macc: np.ndarray


def scores_from_confusion(counts: np.ndarray | torch.Tensor, absent: AbsentRule = 'nan') -> Scores:
    """Compute scores from confusion matrices.

    Args:
        counts: ``N[..., g, p]``, possibly with the extra column of :func:`confusion`.
            Shape: (..., n, n) or (..., n, n + 1).
        absent: How classes without pixels enter the means. ``'nan'`` leaves out what is
            undefined (IRN), ``'zero'`` counts it as 0 (PSA, S2C, CTI, MCTformer),
            ``'present'`` averages over the classes that the ground truth has (ToCo, CLIP-ES).
            On a list with every class the three agree.

    Returns:
        The :class:`Scores`, with the leading dimensions of ``counts``.
    """
    check_absent(absent)
    table = np.asarray(counts.cpu() if isinstance(counts, torch.Tensor) else counts, np.float64)
    classes = table.shape[-2]
    hits = np.diagonal(table[..., :classes], axis1=-2, axis2=-1)
    true, claimed = table.sum(-1), table[..., :classes].sum(-2)
    union = true + claimed - hits

    def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        empty = 0.0 if absent == 'zero' else np.nan
        return np.divide(part, whole, out=np.full_like(whole, empty), where=whole > 0)

    def mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
        keep = where & ~np.isnan(values)
        number = keep.sum(-1)
        total = np.where(keep, values, 0).sum(-1)
        return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)

    counted = true > 0 if absent == 'present' else np.full(true.shape, True)
    per_class = {
        'iou': ratio(hits, union),
        'precision': ratio(hits, claimed),
        'recall': ratio(hits, true),
        'fp': ratio(claimed - hits, union),
        'fn': ratio(true - hits, union),
    }
    pixels = true.sum(-1)
    return Scores(
        **per_class,
        **{f'm{name}': mean(values, counted) for name, values in per_class.items()},
        pacc=np.divide(hits.sum(-1), pixels, out=np.full(pixels.shape, np.nan), where=pixels > 0),
        macc=mean(per_class['recall'], true > 0),
    )
