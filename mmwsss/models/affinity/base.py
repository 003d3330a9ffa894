"""Base class of affinity networks: modes, labels of pairs, seeds in and masks out."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.test_cfg import read_test_cfg
from mmwsss.registry import MODELS, build
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds


@dataclass(frozen=True)
class WalkCfg:
    """Options of the random walk of seeds (``test_cfg``).

    Args:
        radius: Positions nearer than it are neighbours.
        beta: Exponent of the affinities.
        log_steps: Logarithm of the number of steps to base 2.
        background: Constant background score of the mask, or of the walk where it takes part.
        tuned_on_masks: Whether the background score was chosen on ground truth, to be recorded.
        budget_mib: Bound on the temporary memory of the walk on a GPU, in MiB.
    """

    radius: int = 5
    beta: float = 10
    log_steps: int = 8
    background: float | None = None
    tuned_on_masks: bool = False
    budget_mib: int = 512

    def __post_init__(self) -> None:
        if self.radius < 2 or self.beta <= 0 or self.log_steps < 0 or self.budget_mib < 1:
            raise ValueError(
                'test_cfg: radius >= 2, beta > 0, log_steps >= 0 and budget_mib >= 1 are expected, '
                f'found {asdict(self)}'
            )
        if self.background is not None and not 0 <= self.background <= 1:
            raise ValueError(
                f'test_cfg.background must lie in [0, 1] or be None, found {self.background}'
            )


class BaseAffinityModel(BaseModel, StoreWriter):
    """A network that learns affinities from confident labels and refines seeds by a random walk.

    In a training stage samples hold ``pair_label``, the labels at the network's stride, made by
    the transforms ``CRFPairLabels`` or ``MaskPairLabels``; in a test stage they hold ``seeds``. A
    test gives both masks (``StoreTestLoop(kind='masks')``) and the walked scores
    (``kind='scores'``), which a CRF may refine further. Without a GPU the DataLoader's workers
    do all of it, photo by photo.

    Args:
        test_cfg: Fields of ``test_cfg_class``; unknown keys are refused.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: ``test_cfg`` has an unknown key or value.
    """

    test_cfg_class: type[WalkCfg] = WalkCfg

    def __init__(
        self,
        *,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(build(MODELS, data_preprocessor), init_cfg)
        self.test_cfg = read_test_cfg(self.test_cfg_class, test_cfg)

    @abstractmethod
    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Named losses of a training batch.

        Args:
            inputs: Normalised images. Shape: (N, 3, H, W).
            data_samples: N samples with ``pair_label``.
        """

    @abstractmethod
    def walk(self, images: Tensor, seeds: list[Seeds]) -> list[Seeds]:
        """Walked scores, at the size of the images.

        Args:
            images: Normalised, perhaps padded on the right and below. Shape: (n, 3, H', W').
            seeds: Of the images, which are all of one size.
        """

    def forward(
        self,
        inputs: Tensor | Sequence[Tensor],
        data_samples: list[SegDataSample] | None = None,
        mode: str = 'predict',
    ) -> dict[str, Tensor] | list[SegDataSample]:
        """Run the network.

        Args:
            inputs: Normalised images: (N, 3, H, W), or N of any sizes.
            data_samples: N samples.
            mode: ``'loss'`` or ``'predict'``.
        """
        if mode not in ('loss', 'predict'):
            raise ValueError(f"mode must be 'loss' or 'predict', found {mode!r}")
        assert data_samples is not None, f'mode {mode!r} needs samples'
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        assert isinstance(inputs, Tensor), 'training images have one size'
        return self.loss(inputs, data_samples)

    @torch.no_grad()
    def predict(
        self, inputs: Tensor | Sequence[Tensor], data_samples: list[SegDataSample]
    ) -> list[SegDataSample]:
        """Refine the seeds by the random walk; images of one size form one batch.

        Args:
            inputs: Normalised images: (N, 3, H, W), or N of any sizes.
            data_samples: N samples with ``seeds``.

        Returns:
            The same samples, with walked ``seeds`` and ``pred_sem_seg``.
        """
        groups: dict[tuple, list[int]] = {}
        for index, sample in enumerate(data_samples):
            if 'walked' in sample:  # by a worker
                continue
            if 'seeds' not in sample:
                raise ValueError(
                    f'{type(self).__name__} lets seeds walk, and the sample has none: add '
                    "dict(type='LoadSeeds', store=...) to the pipeline, before PackTagged"
                )
            # Without padding; another size than the photo's where max_pixels has shrunk it.
            size = tuple(sample.get('img_shape', sample.seeds.size)[:2])
            groups.setdefault((size, tuple(inputs[index].shape)), []).append(index)
        for (size, _), group in groups.items():
            samples = [data_samples[index] for index in group]
            images = torch.stack([inputs[index] for index in group])
            walked = self.walk(images, [replace(sample.seeds, size=size) for sample in samples])
            for sample, found in zip(samples, walked, strict=True):
                seeds = replace(found, size=sample.seeds.size)
                # Of several scores for the background the map is the one that has walked.
                mask = seeds.to_mask(self.test_cfg.background if seeds.background is None else None)
                sample.seeds = seeds
                sample.pred_sem_seg = PixelData(data=torch.from_numpy(mask)[None].long())
        return data_samples

    def pair_labels(self, samples: list[SegDataSample], grid: Sequence[int]) -> Tensor:
        """Labels of the samples at the network's stride. Shape: (N, h, w), uint8.

        Raises:
            ValueError: A sample has none, or they are for another stride.
        """
        labels = []
        for sample in samples:
            label = sample.get('pair_label')
            if label is None or label.shape != tuple(grid):
                found = 'none' if label is None else f'labels of {label.shape}'
                raise ValueError(
                    f'{sample.get("img_id", "an image")}: {type(self).__name__} needs labels of '
                    f'{tuple(grid)}, found {found}. The training pipeline ends with CRFPairLabels '
                    'or MaskPairLabels, with the stride of the network, and '
                    "PackTagged(meta_keys=('pair_label',))"
                )
            labels.append(torch.from_numpy(label))
        return torch.stack(labels).to(next(self.parameters()).device)

    def store_output(self) -> StoreOutput:
        """Say that it writes masks or walked scores; the walk is recorded as a refiner."""
        options = asdict(self.test_cfg)
        tuned = options.pop('tuned_on_masks')
        options.pop('budget_mib')
        record = {'type': type(self).__name__, **options, 'threshold_tuned_on_masks': tuned}
        on_cpu = next(self.parameters()).device.type == 'cpu'
        return StoreOutput(
            ('masks', 'scores'),
            refiner=record,
            in_workers=partial(walk_in_worker, model=self) if on_cpu else None,
            network_in_workers=on_cpu,
        )


def walk_in_worker(sample: dict[str, Any], model: BaseAffinityModel) -> dict[str, Any]:
    """Predict for a packed sample, and mark it as done (``walked``) for the model."""
    (done,) = model.test_step(pseudo_collate([sample]))
    done.set_field(True, 'walked')
    return {**sample, 'data_samples': done}


def stack_maps(maps: Sequence[np.ndarray], device: torch.device) -> Tensor:
    """Stack the maps of several images, padded with zeros. Shape: (N, largest K, h, w)."""
    stacked = torch.zeros(len(maps), max(map(len, maps)), *maps[0].shape[1:])
    for target, own in zip(stacked, maps, strict=True):
        target[: len(own)] = torch.from_numpy(own)
    return stacked.to(device)
