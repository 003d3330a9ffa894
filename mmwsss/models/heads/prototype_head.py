"""Head that compares class tokens with learnt prototypes."""

import torch
import torch.nn.functional as F
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn


class PrototypeHead(nn.Module):
    """Three linear layers with GELU, then cosines with prototypes: DINO's head as ToCo has it.

    Args:
        in_channels: Channels of a class token.
        hidden: Channels of the hidden layers.
        bottleneck: Channels in which cosines are taken.
        prototypes: Number of outputs.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        hidden: int = 2048,
        bottleneck: int = 256,
        prototypes: int = 1024,
    ):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        for layer in self.mlp:
            if isinstance(layer, nn.Linear):
                trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)
        # As published, the weight norm's magnitudes stay 1: only directions are learnt.
        self.prototypes = nn.Parameter(torch.empty(prototypes, bottleneck))
        nn.init.kaiming_uniform_(self.prototypes, a=5**0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Cosines of tokens (N, D) with the prototypes. Shape: (N, prototypes)."""
        return F.linear(F.normalize(self.mlp(tokens)), F.normalize(self.prototypes))
