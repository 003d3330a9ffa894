"""Memory of class tokens of recent images (CTI)."""

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather, get_world_size
from torch import Tensor, nn


class ClassMemory(nn.Module):
    """Memory of the newest normalised tokens of each class, filled by all processes.

    The memory of "Class Tokens Infusion for Weakly Supervised Semantic Segmentation" (CTI, CVPR
    2024), as released: a ring buffer of ``size`` tokens for each class. It is part of the model's
    state, so that a resumed run goes on with it (the release loses it). Every process holds the
    same memory, filled from the joined batch: first the images of rank 0, then those of rank 1, ...

    Args:
        num_classes: C.
        embed_dims: Channels D of a token.
        size: Tokens kept of a class.

    Raises:
        ValueError: ``size`` is not positive.
    """

    tokens: Tensor
    seen: Tensor

    def __init__(self, num_classes: int, embed_dims: int, size: int = 30):
        super().__init__()
        if size < 1:
            raise ValueError(f'the size of a memory is at least 1, found {size}')
        self.size = size
        self.register_buffer('tokens', torch.zeros(num_classes, size, embed_dims))
        self.register_buffer('seen', torch.zeros(num_classes, dtype=torch.int64))

    @property
    def counts(self) -> Tensor:
        """Tokens held of each class, at most ``size``. Shape: (C,)."""
        return self.seen.clamp(max=self.size)

    @property
    def ready(self) -> bool:
        """Whether every class is full."""
        return bool((self.seen >= self.size).all())

    @torch.no_grad()
    def update(self, tokens: Tensor, tags: Tensor) -> None:
        """Add the tokens of tagged classes, normalised (layer norm without scale and shift).

        Args:
            tokens: Of this process's images. Shape: (N, C, D).
            tags: Multi-hot. Shape: (N, C).
        """
        tagged = tags > 0
        new = F.layer_norm(tokens[tagged].float(), tokens.shape[-1:])
        tagged, new = gather_rows(tagged.to(torch.uint8)) > 0, gather_rows(new)
        place = tagged.cumsum(0) - 1
        image, classes = tagged.nonzero(as_tuple=True)
        place, number = place[image, classes], tagged.sum(0)
        # If there are more new tokens than places, only the last ones are written.
        kept = place >= number[classes] - self.size
        slot = (self.seen[classes] + place) % self.size
        self.tokens[classes[kept], slot[kept]] = new[kept]
        self.seen += number

    def means(self) -> Tensor:
        """Return the mean token of each class, 0 for a class without tokens. Shape: (C, D)."""
        held = torch.arange(self.size, device=self.seen.device) < self.seen[:, None]
        return (self.tokens * held[..., None]).sum(1) / self.counts.clamp(min=1)[:, None]

    def recall(self, tokens: Tensor, tags: Tensor) -> Tensor:
        """Replace the tokens of tagged classes by their means in the memory.

        Args:
            tokens: Shape: (N, C, D).
            tags: Multi-hot. Shape: (N, C).
        """
        return torch.where(tags[..., None] > 0, self.means().to(tokens), tokens)


def gather_rows(rows: Tensor) -> Tensor:
    """Gather the rows of all processes in rank order; their numbers may differ.

    Args:
        rows: Shape: (n, ...).
    """
    if get_world_size() == 1:
        return rows
    numbers = torch.cat(all_gather(torch.tensor([len(rows)], device=rows.device))).tolist()
    padded = rows.new_zeros((max(numbers), *rows.shape[1:]))
    padded[: len(rows)] = rows
    parts = zip(all_gather(padded), numbers, strict=True)
    return torch.cat([part[:number] for part, number in parts])
