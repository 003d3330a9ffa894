"""Base class of CAM generators: networks that find classes in photos from image-level labels."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from mmengine.model import BaseModel
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmwsss.models.image_labels import image_labels
from mmwsss.models.test_cfg import read_test_cfg
from mmwsss.ops.cam import FUSIONS, fuse_scales, normalize_cam
from mmwsss.registry import MODELS, build
from mmwsss.stores import StoreOutput, StoreWriter
from mmwsss.structures import Seeds


class CAMOutput(NamedTuple):
    """Output of a CAM generator for a batch.

    Args:
        logits: Class scores of the images. Shape: (N, C).
        cam: Raw class activation maps, which may be negative. Shape: (N, C, h, w).
    """

    logits: Tensor
    cam: Tensor


@dataclass(frozen=True)
class SeedTestCfg:
    """Which classes of an image get seeds (``test_cfg``).

    Args:
        use_tags: Make seeds of the classes in the image-level labels, as all published seed scores
            do (an oracle on any list that is not trained on). If False, of predicted tags.
        tag_threshold: Score above which a tag is predicted; read if ``use_tags`` is False.
    """

    use_tags: bool = True
    tag_threshold: float = 0.5


@dataclass(frozen=True)
class CAMTestCfg(SeedTestCfg):
    """Options of making seeds from class activation maps (``test_cfg``).

    Args:
        flip: Add the mirror image of every scale (in the same batch).
        fuse: How scales and views are fused, see :func:`~mmwsss.ops.cam.fuse_scales`:
            ``'s2c'``, ``'irn_cam'``, ``'irn_high_res'``, ``'shifted'`` or ``'max_flip'``.
    """

    flip: bool = True
    fuse: str = 's2c'

    def __post_init__(self) -> None:
        if self.fuse not in FUSIONS:
            raise ValueError(f'test_cfg.fuse must be one of {sorted(FUSIONS)}, found {self.fuse!r}')


class BaseCAMGenerator(BaseModel, StoreWriter):
    """A network that is trained with image-level labels and outputs class activation maps.

    A method implements :meth:`cams` and :meth:`loss`; where its seeds are not simply fused and
    normalised maps, also :meth:`predict_batch`.

    The scales of a test image come from the pipeline (``MultiScale``); its mirror images are made
    here. Images of equal sizes run as one batch, others one by one. Nothing is padded, so each
    image gives the same result as it would alone.

    Args:
        num_classes: Number of foreground classes C.
        test_cfg: Fields of ``test_cfg_class``; unknown keys are refused.
        data_preprocessor: E.g. ``dict(type='WSSSDataPreprocessor', ...)``.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: ``test_cfg`` has an unknown key or value.
    """

    test_cfg_class: ClassVar[type[SeedTestCfg]] = CAMTestCfg
    test_cfg: SeedTestCfg

    def __init__(
        self,
        *,
        num_classes: int,
        test_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(build(MODELS, data_preprocessor), init_cfg)
        self.num_classes = num_classes
        self.test_cfg = read_test_cfg(self.test_cfg_class, test_cfg)

    @abstractmethod
    def cams(self, x: Tensor) -> CAMOutput:
        """Compute class scores and raw class activation maps.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
        """

    def checked_cams(self, x: Tensor) -> CAMOutput:
        """Compute :meth:`cams`, after which maps of other classes or images cannot go unnoticed.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).

        Raises:
            ValueError: What :meth:`cams` returns is no :class:`CAMOutput` of these images and C
                classes.
        """
        output, images, number = self.cams(x), len(x), self.num_classes
        name = f'{type(self).__name__}.cams'
        if not isinstance(output, CAMOutput):
            raise ValueError(
                f'{name} returned a {type(output).__name__}, CAMOutput(logits=..., cam=...) is '
                'expected'
            )
        for field, value, sides, meaning in (
            ('logits', output.logits, (), 'one score per foreground class'),
            ('cam', output.cam, ('h', 'w'), 'one map per foreground class'),
        ):
            if not isinstance(value, Tensor):
                raise ValueError(
                    f'{name} returned {field} as a {type(value).__name__}, not a tensor'
                )
            fits = value.ndim == 2 + len(sides) and value.shape[:2] == (images, number)
            if not fits or not value.is_floating_point():
                kind = str(value.dtype).removeprefix('torch.')
                expected = ', '.join(map(str, (images, number, *sides)))
                raise ValueError(
                    f'{name} returned {field} of shape {tuple(value.shape)}, {kind}; ({expected}) '
                    f'of floating point is expected: {meaning}, no background'
                )
        return output

    @abstractmethod
    def loss(self, inputs: Any, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the named losses of a training batch.

        Args:
            inputs: Normalised images, (N, 3, H, W); for some methods several views of them.
            data_samples: N samples with ``gt_label``.
        """

    def forward(
        self,
        inputs: Tensor | Sequence,
        data_samples: list[SegDataSample] | None = None,
        mode: str = 'tensor',
    ) -> CAMOutput | dict[str, Tensor] | list[SegDataSample]:
        """Run the network.

        Args:
            inputs: Normalised images: (N, 3, H, W), or as :meth:`predict` takes them.
            data_samples: N samples; not needed in mode ``tensor``.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'`` (the result of :meth:`cams`).
        """
        if mode == 'tensor':
            assert isinstance(inputs, Tensor), 'maps are made of one batch'
            return self.checked_cams(inputs)
        if mode not in ('loss', 'predict'):
            raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', found {mode!r}")
        assert data_samples is not None, f'mode {mode!r} needs samples'
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        return self.loss(inputs, data_samples)

    @torch.no_grad()
    def predict(
        self, inputs: Tensor | Sequence, data_samples: list[SegDataSample]
    ) -> list[SegDataSample]:
        """Predict ``seeds`` and ``tag_scores`` and store them in the samples.

        Args:
            inputs: One of: a batch (N, 3, H, W); N images (3, H, W) of any sizes; or a list with
                one of these for each scale.
            data_samples: N samples with ``ori_shape`` and, if ``use_tags``, ``gt_label``.

        Returns:
            The same samples. ``seeds`` hold the tagged classes in ascending order, and none for
            an image without tags; ``tag_scores`` is float32 (C,) in [0, 1].
        """
        scales = _by_scale(inputs)
        groups: dict[tuple, list[int]] = {}
        for index, sample in enumerate(data_samples):
            sizes = (tuple(scale[index].shape[-2:]) for scale in scales)
            groups.setdefault((tuple(sample.ori_shape[:2]), *sizes), []).append(index)
        for group in groups.values():
            batches = [torch.stack([scale[index] for index in group]) for scale in scales]
            self.predict_batch(batches, [data_samples[index] for index in group])
        return data_samples

    def predict_batch(self, batches: list[Tensor], samples: list[SegDataSample]) -> None:
        """Predict for images that have the same size at every scale, and fill their samples.

        Args:
            batches: The images at each scale. Shape: (n, 3, h, w).
            samples: The n samples.
        """
        cfg = self.test_cfg
        assert isinstance(cfg, CAMTestCfg), 'a method with other options has its own predict_batch'
        logits, maps = [], []
        for x in batches:
            output = self.checked_cams(torch.cat([x, x.flip(-1)]) if cfg.flip else x)
            logits.append(output.logits.unflatten(0, (-1, len(x))))
            maps.append(output.cam.unflatten(0, (-1, len(x))))
        tag_scores = torch.cat(logits).float().mean(0).sigmoid()
        if cfg.use_tags:
            tags = self.tags(samples).to(tag_scores) > 0
        else:
            tags = tag_scores > cfg.tag_threshold
        image, classes = tags.nonzero(as_tuple=True)
        size = tuple(samples[0].ori_shape[:2])
        held = self.seed_size(size)
        views = [scale[:, image, classes].transpose(0, 1).float() for scale in maps]
        scores = self.normalize(fuse_scales(views, held, cfg.fuse)).cpu().numpy()
        owners, numbers = image.cpu().numpy(), classes.cpu().numpy()
        for index, sample in enumerate(samples):
            own = owners == index
            sample.seeds = Seeds(numbers[own], scores[own], size=size)
            sample.tag_scores = tag_scores[index]

    def seed_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size (H, W) in which seeds of a photo are stored: the photo's own."""
        return size

    def normalize(self, maps: Tensor) -> Tensor:
        """Turn fused, non-negative maps (P, H, W) into scores in [0, 1]; methods may override."""
        return normalize_cam(maps)

    def tags(self, samples: list[SegDataSample]) -> Tensor:
        """Collect the image-level labels of the samples. Shape: (N, C), multi-hot float32.

        Raises:
            ValueError: A sample has no labels, or labels for another number of classes.
        """
        advice = (
            '; to predict tags of untagged images set test_cfg=dict(use_tags=False) in the model'
        )
        return image_labels(samples, self.num_classes, advice)

    def store_output(self) -> StoreOutput:
        """Say that a test writes scores."""
        return StoreOutput(('scores',), self.protocol())

    def protocol(self) -> dict[str, Any]:
        """How the seeds were made, for the record of a store (without the pipeline's scales)."""
        protocol = asdict(self.test_cfg)
        threshold = protocol.pop('tag_threshold')
        oracle = protocol.pop('use_tags')
        protocol['seeds_of'] = 'image-level labels' if oracle else f'predicted > {threshold}'
        return protocol


def _by_scale(inputs: Tensor | Sequence) -> list[Tensor | Sequence[Tensor]]:
    """Sort the inputs of :meth:`BaseCAMGenerator.predict` into one batch or list for each scale."""
    single = isinstance(inputs, Tensor) or (isinstance(inputs[0], Tensor) and inputs[0].ndim == 3)
    return [inputs] if single else list(inputs)
