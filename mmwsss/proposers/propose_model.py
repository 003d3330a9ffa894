"""A model around a proposer, so that a proposing stage is an ordinary test run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from mmseg.structures import SegDataSample
from torch import Tensor

from mmwsss.proposers.base import Proposer
from mmwsss.registry import MODELS, PROPOSERS, build
from mmwsss.stores import StoreOutput, StoreWriter


@MODELS.register_module()
class ProposeModel(BaseModel, StoreWriter):
    """A model without parameters that runs a proposer.

    A proposer that runs in the DataLoader's workers is applied there, and its proposals only pass
    through here; any other runs here.

    Args:
        proposer: Config of a proposer, or one (see :mod:`mmwsss.proposers`).
    """

    def __init__(self, proposer: dict | Proposer) -> None:
        super().__init__()
        self.proposer = build(PROPOSERS, proposer)

    def store_output(self) -> StoreOutput:
        """Say that it writes proposals, with the proposer's protocol."""
        return StoreOutput(
            ('proposals',),
            {'proposer': self.proposer.protocol()},
            in_workers=partial(propose_in_worker, proposer=self.proposer)
            if self.proposer.runs_in == 'worker'
            else None,
        )

    def test_step(self, data: dict) -> list[SegDataSample]:
        """Propose for a batch. Images stay on the CPU: a proposer moves what it needs itself."""
        return self(**data, mode='predict')

    def forward(
        self, inputs: Sequence[Tensor], data_samples: list[SegDataSample], mode: str = 'predict'
    ) -> list[SegDataSample]:
        """Fill ``proposals`` unless a worker already did.

        Args:
            inputs: RGB images, uint8. Shape: (3, H, W) each.
            data_samples: Their samples.
            mode: 'predict'; nothing can be trained.

        Returns:
            The same samples.
        """
        if mode != 'predict':
            raise ValueError(
                f"ProposeModel has nothing to train: mode 'predict' only, found {mode!r}"
            )
        pairs = zip(inputs, data_samples, strict=True)
        left = [(image, sample) for image, sample in pairs if 'proposals' not in sample]
        images = [np.ascontiguousarray(image.permute(1, 2, 0).cpu().numpy()) for image, _ in left]
        device = self.data_preprocessor.device
        proposer = self.proposer.to(device)
        with torch.autocast(device.type, enabled=False):  # a proposer has its own precision
            proposals = proposer.propose(images) if left else ()
        for (_, sample), found in zip(left, proposals, strict=True):
            sample.set_field(found, 'proposals')
        return data_samples


def propose_in_worker(sample: dict[str, Any], proposer: Proposer) -> dict[str, Any]:
    """Add ``proposals`` to a packed sample, ``inputs`` uint8 (3, H, W)."""
    image = np.ascontiguousarray(sample['inputs'].permute(1, 2, 0).numpy())
    sample['data_samples'].set_field(proposer(image), 'proposals')
    return sample
