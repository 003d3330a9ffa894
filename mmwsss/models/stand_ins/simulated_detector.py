"""A simulated detector: ground-truth boxes with random errors."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmseg.structures import SegDataSample
from scipy import ndimage

from mmwsss.models.detectors.grounding import BoxDetector, Found
from mmwsss.registry import MODELS


@MODELS.register_module()
class SimulatedDetector(BoxDetector):
    """Boxes of ground-truth regions with a detector's errors, where no trained detector is.

    Only for demonstrations on small data: like Grounding DINO, which was trained with boxes, it
    knows more than image-level labels say. Objects are the connected regions of a class. The same
    image and caption give the same boxes. Prompts for classes that the image lacks may be
    answered, too.

    Args:
        names: Name of each class, in order.
        jitter: Standard deviation of each side's error, as a fraction of the box's size.
        miss: Probability that an object is not found.
        false_alarm: Probability, for each name asked for, of a box where nothing is.
        confusion: Probability that a box gets another of the names asked for.
        min_area: Least area of a region, as a fraction of the image.
        seed: Other errors.
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        jitter: float = 0.05,
        miss: float = 0.1,
        false_alarm: float = 0.02,
        confusion: float = 0.05,
        min_area: float = 0.005,
        seed: int = 0,
    ):
        rates = dict(miss=miss, false_alarm=false_alarm, confusion=confusion, min_area=min_area)
        if wrong := {k: v for k, v in rates.items() if not 0 <= v <= 1}:
            raise ValueError(f'probabilities and areas are in [0, 1], found {wrong}')
        if jitter < 0:
            raise ValueError(f'jitter is at least 0, found {jitter}')
        self.names = tuple(names)
        self.jitter, self.seed = jitter, seed
        self.miss, self.false_alarm, self.confusion = miss, false_alarm, confusion
        self.min_area = min_area

    def __call__(
        self,
        images: Sequence[np.ndarray],
        names: Sequence[Sequence[Sequence[str]]],
        samples: Sequence[SegDataSample],
    ) -> list[list[Found]]:
        """Find boxes, see :class:`BoxDetector`; the samples hold ``gt_sem_seg``."""
        result = []
        for sample, captions in zip(samples, names, strict=True):
            if 'gt_sem_seg' not in sample:
                raise ValueError(
                    f'{sample.get("img_id", "an image")}: no mask; the simulated detector needs '
                    'LoadMask in the pipeline of the stage that makes the prompts'
                )
            mask = sample.gt_sem_seg.data[0].cpu().numpy()
            result.append([self._find(mask, str(sample.img_id), own) for own in captions])
        return result

    def _find(self, mask: np.ndarray, img_id: str, names: Sequence[str]) -> Found:
        key = zlib.crc32('|'.join([img_id, *names]).encode())
        rng = np.random.default_rng((self.seed, key))
        boxes, scores, labels = [], [], []
        for index, name in enumerate(names):
            if name not in self.names:  # the background's
                continue
            for box in self._objects(mask, self.names.index(name)):
                if rng.random() < self.miss:
                    continue
                size = np.tile(box[2:] - box[:2], 2)
                moved = box + self.jitter * size * rng.standard_normal(4)
                boxes.append(np.concatenate([np.sort(moved[[0, 2]]), np.sort(moved[[1, 3]])]))
                scores.append(rng.uniform(0.4, 0.95))
                other = len(names) > 1 and rng.random() < self.confusion
                labels.append(rng.integers(len(names)) if other else index)
            if rng.random() < self.false_alarm:
                corner, extent = rng.uniform(0, 0.7, 2), rng.uniform(0.1, 0.4, 2)
                x1, y1, x2, y2 = np.concatenate([corner, corner + extent])
                boxes.append(np.array([x1, x2, y1, y2]))
                scores.append(rng.uniform(0.3, 0.5))
                labels.append(index)
        order = [0, 2, 1, 3]  # corners were kept by axis
        stacked = np.array(boxes, np.float32).reshape(-1, 4)[:, order]
        return Found(stacked, np.array(scores, np.float32), np.array(labels, np.int64))

    def _objects(self, mask: np.ndarray, label: int) -> list[np.ndarray]:
        """Boxes (x1, y1, x2, y2) of a class's regions, in fractions of the image."""
        regions, _ = ndimage.label(mask == label + 1)
        height, width = mask.shape
        areas = np.bincount(regions.ravel())
        return [
            np.array([x.start / width, y.start / height, x.stop / width, y.stop / height])
            for number, (y, x) in enumerate(ndimage.find_objects(regions), 1)
            if areas[number] >= self.min_area * mask.size
        ]

    def protocol(self) -> dict[str, Any]:
        """Record that the detector is simulated, and its error rates."""
        names = ('jitter', 'miss', 'false_alarm', 'confusion', 'min_area', 'seed')
        return {
            'detector': 'simulated from ground-truth masks',
            **{name: getattr(self, name) for name in names},
        }
