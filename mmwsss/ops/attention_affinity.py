"""CAA: refine class activation maps with a transformer's own attention."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

EPS = 1e-7
SOURCES = ('score', 'cam')


@dataclass(frozen=True)
class AttentionAffinity:
    """Class-aware attention affinity (CAA) of CLIP-ES, with the variants of FMA-WSSS and WeCLIP.

    Every position receives scores from the positions inside the boxes of a class.

    Args:
        threshold: Boxes are drawn around regions above this share of the greatest score. None
            uses all positions instead of boxes.
        source: What is spread: the normalised ``'score'`` or the raw ``'cam'``, which may leave
            negative values.
        rounds: How often columns and rows are normalised in turn.
        power: Matrix power of the affinity.
        layers: Blocks, from the last one backwards, whose attention is averaged.
        passes: How often scores are stretched to [0, 1). A second pass matters only for maps so
            weak that the epsilon of the division counts (CLIP-ES, WeCLIP); 0 leaves their positive
            part as it is (ExCEL).

    Raises:
        ValueError: A value is out of range.
    """

    threshold: float | None
    source: str
    rounds: int = 1
    power: int = 2
    layers: int = 8
    passes: int = 1

    def __post_init__(self) -> None:
        counts = (self.rounds, self.power, self.layers, self.passes + 1)
        if not 0 <= (self.threshold or 0) <= 1 or min(counts) < 1:
            raise ValueError(
                'threshold in [0, 1] and rounds, power and layers of at least 1, passes of 0 or '
                f'more are expected, found {self}'
            )
        if self.source not in SOURCES:
            raise ValueError(f'source must be one of {SOURCES}, found {self.source!r}')

    def __call__(self, cam: Tensor, attention: Tensor, weight: Tensor | None = None) -> Tensor:
        """Refine the maps of one image.

        Args:
            cam: Raw maps. Shape: (P, h, w).
            attention: From :func:`merge_attention`. Shape: (h w, h w).
            weight: Factor of the maps before they are spread, e.g. a prediction; boxes ignore it.
                Shape: (P, h, w).

        Returns:
            Not normalised. Shape: (P, h, w).
        """
        score = self.score(cam)
        given = score if self.source == 'score' else cam
        if self.threshold is not None:
            given = given * box_masks(score, self.threshold)
        return self.spread(given if weight is None else given * weight, attention)

    def score(self, cam: Tensor) -> Tensor:
        """Stretch raw maps to [0, 1). Shape: (P, h, w)."""
        return minmax_score(cam, passes=self.passes)

    def walk(self, attention: Tensor) -> Tensor:
        """Compute how much each position (row) receives from each other. Shape: (h w, h w)."""
        return torch.linalg.matrix_power(affinity(attention, self.rounds), self.power)

    def spread(self, given: Tensor, attention: Tensor) -> Tensor:
        """Spread values from all positions to all others.

        Args:
            given: Values to spread. Shape: (P, h, w).
            attention: From :func:`merge_attention`. Shape: (h w, h w).

        Returns:
            Shape: (P, h, w).
        """
        # Rows sum to 1: the entries of their power are too small for float16.
        with torch.autocast(given.device.type, enabled=False):
            walk = self.walk(attention.to(given))
            return (given.flatten(1) @ walk.T).unflatten(1, given.shape[1:])


def merge_attention(attention: Tensor, half: bool = True) -> Tensor:
    """Average the attention over blocks and drop the class token.

    Args:
        attention: Attention of K blocks, averaged over heads; class token first. Shape: (K, L, L).
        half: Round to float16, as in the files of FMA-WSSS.

    Returns:
        float32. Shape: (L - 1, L - 1).
    """
    mean = attention[:, 1:, 1:].float().mean(0)
    return mean.half().float() if half else mean


def chosen_blocks(attention: Tensor) -> Tensor:
    """Choose the blocks whose patches attend to each other more than in the mean block.

    WeCLIP keeps the blocks whose summed difference from the decoder's affinity is not above the
    mean over blocks; the affinity is the same for all blocks and cancels.

    Args:
        attention: Mean or sum over heads, class token first. Shape: (K, L, L).

    Returns:
        Shape: (K,), bool.
    """
    total = attention[:, 1:, 1:].sum((1, 2), dtype=torch.float64)
    return total >= total.mean() * (1 - 1e-12)


def merge_chosen(attention: Tensor) -> Tensor:
    """Average the chosen blocks (1e-5 is added to their number) and drop the class token.

    Args:
        attention: As :func:`chosen_blocks` takes it. Shape: (K, L, L).

    Returns:
        float32. Shape: (L - 1, L - 1).
    """
    chosen = chosen_blocks(attention)
    return attention[chosen][:, 1:, 1:].float().sum(0) / (chosen.sum() + 1e-5)


def affinity(attention: Tensor, rounds: int = 1) -> Tensor:
    """Symmetric affinity of positions: columns, then rows are normalised to a sum of 1.

    Args:
        attention: Shape: (M, M).
        rounds: How often both are normalised.

    Returns:
        Shape: (M, M).
    """
    for _ in range(rounds):
        attention = attention / attention.sum(0, keepdim=True)
        attention = attention / attention.sum(1, keepdim=True)
    return (attention + attention.T) / 2


def minmax_score(cam: Tensor, eps: float = EPS, passes: int = 1) -> Tensor:
    """Stretch the positive part of each map to go from 0 to just under 1.

    Args:
        cam: Raw maps. Shape: (P, h, w).
        eps: Added to the range.
        passes: How often this is done.

    Returns:
        Shape: (P, h, w).
    """
    cam = cam.relu()
    for _ in range(passes):
        low, high = cam.amin((-2, -1), keepdim=True), cam.amax((-2, -1), keepdim=True)
        cam = (cam - low) / (high - low + eps)
    return cam


def box_masks(score: Tensor, threshold: float) -> Tensor:
    """Mark the union of the boxes around the regions that a class activates.

    Scores are quantised to 8 bits first. As published, boxes exclude the last row and the last
    column of the map.

    Args:
        score: In [0, 1]. Shape: (P, h, w).
        threshold: Share of the greatest 8-bit score; what is greater is activated.

    Returns:
        0 or 1, of the same dtype. Shape: (P, h, w).
    """
    levels = (255 * score).detach().cpu().numpy().astype(np.uint8)
    masks = np.zeros(levels.shape, np.float32)
    for mask, level in zip(masks, levels, strict=True):
        # The boxes of outer contours are those of 8-connected parts and hold those of holes.
        parts, _ = ndimage.label(level > int(threshold * int(level.max())), np.ones((3, 3)))
        for rows, columns in ndimage.find_objects(parts):
            bottom, right = min(rows.stop, len(level) - 1), min(columns.stop, level.shape[1] - 1)
            mask[rows.start : bottom, columns.start : right] = 1
    return torch.from_numpy(masks).to(score)
