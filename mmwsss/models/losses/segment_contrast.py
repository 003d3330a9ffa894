"""S2C's segment contrast, computed without features at full resolution."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor, nn

from mmwsss.registry import MODELS


class _Image(NamedTuple):
    """Intermediate results of one image: n segments, h x w features, H x W pixels."""

    ids: Tensor  # (n,)
    target: Tensor  # (H, W), places in ids
    prototypes: Tensor  # (n, D)
    similar: Tensor  # (n, h, w), dot products with the features
    inverse: Tensor  # (H, W), 1 / length of the interpolated features
    rows: Tensor  # (H, h)
    columns: Tensor  # (W, w)


@MODELS.register_module()
class SegmentContrastLoss(nn.Module):
    """Pull each pixel's feature to its segment's mean and push it from other segments' means.

    SAM-segment contrasting of `From SAM to CAMs <https://openaccess.thecvf.com/CVPR2024>`_ (Kweon
    and Yoon, CVPR 2024, section 3.2): features are resized to the image (bilinear, align_corners
    False) and normalised; a segment's prototype is the normalised mean over its pixels, without
    gradient; the loss is the cross entropy of ``temperature`` times the cosine similarities, mean
    over the pixels of all images that have a segment.

    As published, id 0 (no segment) is never a target, but its prototype takes part in the softmax;
    so do all ids up to the batch's greatest id that an image lacks, with similarity 0. The loss
    therefore depends on the composition of the batch. In distributed training the greatest id and
    the number of pixels are taken over all processes, which gives the loss of the joint batch.

    Everything except the similarities is computed at low resolution: interpolation commutes with
    the product of features and prototypes, the length of an interpolated feature follows from the
    products of neighbouring features, and a segment's mean is a weighted mean of low-resolution
    features. An image's similarities, (segments, H, W), are kept only while its gradient is
    computed, which happens in the forward pass.

    Args:
        temperature: Factor of the similarities.
        absent_ids: As published, ids that an image lacks are in its softmax; False leaves them out.
        loss_weight: Factor of the loss.
    """

    def __init__(
        self, *, temperature: float = 1.0, absent_ids: bool = True, loss_weight: float = 1.0
    ):
        super().__init__()
        self.temperature = temperature
        self.absent_ids = absent_ids
        self.loss_weight = loss_weight

    def forward(self, features: Tensor, segments: Tensor) -> Tensor:
        """Loss of a batch; 0 if no pixel has a segment.

        Args:
            features: Shape: (N, D, h, w).
            segments: Segment of each pixel, 0 none. Shape: (N, H, W), int64.

        Returns:
            Scalar. In distributed training its mean over the processes is the loss.
        """
        with torch.autocast(features.device.type, enabled=False):
            return self.loss_weight * self._loss(features.float(), segments)

    def _loss(self, features: Tensor, segments: Tensor) -> Tensor:
        valid, width = (segments > 0).sum(), segments.max() + 1
        all_reduce(valid)
        all_reduce(width, 'max')
        total = features.new_zeros(())
        for part, segment in zip(self._images(features, segments), segments, strict=True):
            absent = width - len(part.ids) if self.absent_ids else 0 * width
            total = total + _CrossEntropy.apply(
                part.similar,
                part.inverse,
                part.rows,
                part.columns,
                part.target,
                segment > 0,
                self.temperature,
                absent,
            )
        return total * (get_world_size() / valid.clamp(min=1))

    @torch.no_grad()
    def similarities(
        self, features: Tensor, segments: Tensor
    ) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Compute the similarities of each image at full resolution, for inspection.

        Args:
            features: Shape: (N, D, h, w).
            segments: Shape: (N, H, W), int64.

        Returns:
            For each image the ids of its n segments, (n,), their prototypes, (n, D), and the
            cosine similarities of all pixels to these, (n, H, W).
        """
        return [
            (part.ids, part.prototypes, part.rows @ part.similar @ part.columns.T * part.inverse)
            for part in self._images(features.float(), segments)
        ]

    @staticmethod
    def _images(features: Tensor, segments: Tensor) -> Iterator[_Image]:
        rows, columns = (
            _interpolation(*lengths, features.device)
            for lengths in zip(features.shape[2:], segments.shape[1:], strict=True)
        )
        inverse = _inverse(feature_lengths(features, rows, columns))
        for one, over_length, segment in zip(features, inverse, segments, strict=True):
            ids, target = segment.unique(return_inverse=True)
            with torch.no_grad():
                # Sums of interpolation weights, over lengths, of each segment's pixels.
                members = over_length.new_zeros((len(ids), *segment.shape))
                members.scatter_(0, target[None], over_length[None])
                weights = _adjoint(members, rows, columns)
                prototypes = F.normalize(weights.flatten(1) @ one.flatten(1).T)
            similar = (prototypes @ one.flatten(1)).view(-1, *one.shape[1:])
            yield _Image(ids, target, prototypes, similar, over_length, rows, columns)


@lru_cache(maxsize=32)
def _interpolation(source: int, target: int, device: torch.device) -> Tensor:
    """Return the matrix of bilinear interpolation along an axis. Shape: (target, source)."""
    return F.interpolate(
        torch.eye(source, device=device)[None], target, mode='linear', align_corners=False
    )[0].T.contiguous()


def feature_lengths(features: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Squared lengths of interpolated features, computed from products of neighbouring features.

    Args:
        features: Shape: (N, D, h, w).
        rows: Interpolation along the vertical. Shape: (H, h).
        columns: Interpolation along the horizontal. Shape: (W, w).

    Returns:
        Shape: (N, H, W).
    """
    own = features.square().sum(1)
    right = (features[..., :-1] * features[..., 1:]).sum(1)
    below = (features[..., :-1, :] * features[..., 1:, :]).sum(1)
    diagonal = (features[..., :-1, :-1] * features[..., 1:, 1:]).sum(1)
    diagonal = diagonal + (features[..., :-1, 1:] * features[..., 1:, :-1]).sum(1)
    # |sum w_i F_i|^2 has the factors w_i^2 and 2 w_i w_j; each is separable over the axes.
    table = torch.cat([torch.cat([own, 2 * right], 2), torch.cat([2 * below, 2 * diagonal], 2)], 1)
    return _products(rows) @ table @ _products(columns).T


def _products(matrix: Tensor) -> Tensor:
    """Squares of interpolation weights, and products of neighbouring ones, side by side."""
    return torch.cat([matrix.square(), matrix[:, :-1] * matrix[:, 1:]], 1)


def _inverse(squared: Tensor) -> Tensor:
    """``1 / length``, and 0 for a feature without length. Shape: (H, W)."""
    positive = squared > 1e-24
    return torch.where(positive, torch.where(positive, squared, 1).rsqrt(), 0)


def _adjoint(maps: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Transpose of the interpolation. Shape: (n, H, W) to (n, h, w)."""
    return rows.T @ (maps @ columns)


class _CrossEntropy(torch.autograd.Function):
    """Cross entropy summed over pixels, with the gradient computed in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        similar: Tensor,
        inverse: Tensor,
        rows: Tensor,
        columns: Tensor,
        target: Tensor,
        valid: Tensor,
        temperature: float,
        absent: int,
    ) -> Tensor:
        dots = rows @ (similar @ columns.T)  # (n, H, W)
        logits = dots * (temperature * inverse)
        target = target[None]
        picked = logits.gather(0, target)[0]
        # Similarities are cosines: exponentials of T times them cannot overflow for sane T.
        top = logits.amax(0).clamp_(min=0)
        chances = logits.sub_(top).exp_()
        total = chances.sum(0) + absent * torch.exp(-top)
        loss = ((total.log() + top - picked) * valid).sum()
        gradient = chances.mul_(valid / total)
        gradient.scatter_add_(0, target, -valid[None].to(gradient))
        to_inverse = temperature * (gradient * dots).sum(0)
        to_similar = _adjoint(gradient.mul_(temperature * inverse), rows, columns)
        ctx.save_for_backward(to_similar, to_inverse)
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        to_similar, to_inverse = ctx.saved_tensors
        return gradient * to_similar, gradient * to_inverse, *[None] * 6
