"""Loss on the affinities of pairs of tokens."""

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor, nn

from mmwsss.registry import MODELS


def near_pairs(grid: tuple[int, int], radius: int, device: torch.device | str = 'cpu') -> Tensor:
    """Find the pairs of tokens whose rows and columns differ by at most the radius.

    Returns:
        True for near pairs, also on the diagonal. Shape: (h w, h w), bool.
    """
    y, x = (torch.arange(side, device=device) for side in grid)
    rows, columns = (a.flatten() for a in torch.meshgrid(y, x, indexing='ij'))
    return ((rows[:, None] - rows).abs() <= radius) & ((columns[:, None] - columns).abs() <= radius)


@MODELS.register_module()
class TokenAffinityLoss(nn.Module):
    """Raise the affinity of near tokens with equal labels and lower that of different labels.

    ``.5 sum (1 - P) / (n1 + 1) + .5 sum P / (n0 + 1)`` over pairs of equal and of different labels,
    of the whole batch over all processes (WeCLIP, ExCEL). Two background tokens count as equal.
    Pairs count in both orders, and each token is paired with itself too.

    Args:
        radius: Greatest distance of a pair in rows and in columns.
        ignore_index: Label of tokens that are left out.
    """

    def __init__(self, *, radius: int = 8, ignore_index: int = 255) -> None:
        super().__init__()
        if radius < 0:
            raise ValueError(f'radius is at least 0, found {radius}')
        self.radius, self.ignore_index = radius, ignore_index

    def targets(self, label: Tensor, grid: tuple[int, int]) -> Tensor:
        """Label pairs: 1 for equal labels, 0 for different ones, ``ignore_index`` for all others.

        Args:
            label: Label map at image size; a token has the label of its top left pixel.
                Shape: (N, H, W).
            grid: (h, w).

        Returns:
            Shape: (N, h w, h w), uint8.
        """
        places = F.interpolate(label[:, None].float(), grid, mode='nearest').flatten(1)
        equal = (places[:, :, None] == places[:, None]).to(torch.uint8)
        known = places != self.ignore_index
        counts = known[:, :, None] & known[:, None] & near_pairs(grid, self.radius, label.device)
        return equal.masked_fill(~counts, self.ignore_index)

    def forward(self, affinity: Tensor, label: Tensor, grid: tuple[int, int]) -> Tensor:
        """Compute the loss of a batch.

        Args:
            affinity: In [0, 1]. Shape: (N, h w, h w).
            label: See :meth:`targets`.
            grid: (h, w).
        """
        target = self.targets(label, grid)
        alike, unlike = target == 1, target == 0
        counts = torch.stack([alike.sum(), unlike.sum()]).to(affinity)
        all_reduce(counts)
        positive = ((1 - affinity) * alike).sum() / (counts[0] + 1)
        negative = (affinity * unlike).sum() / (counts[1] + 1)
        return get_world_size() * (positive + negative) / 2
