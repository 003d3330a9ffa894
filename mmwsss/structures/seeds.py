"""Seeds: class scores of one image, made by a CAM generator and improved by refiners."""

from dataclasses import dataclass

import numpy as np

from mmwsss.structures.interpolation import resize_bilinear


@dataclass(frozen=True, eq=False)
class Seeds:
    """Scores of the classes present in one image.

    Only classes of the image-level labels are held; every other class has score 0.

    Args:
        classes: Foreground ids 0..C-1 in ascending order, without repetition.
            Shape: (K,); K = 0 for an image without tags.
        scores: One map per class, in [0, 1]. Shape: (K, h, w).
        background: Background scores in [0, 1] where they are not a constant
            threshold (CRF or PAR outputs). Shape: (h, w).
        size: ``(H, W)`` of the image, where the maps are held at another
            resolution. Defaults to ``(h, w)``.
        raw: The maps as the network gave them, signed and of any scale, at any resolution, for
            refiners that start from these (``SAMSeeding``); None where nobody kept them.
            Shape: (K, h', w').

    Raises:
        ValueError: A shape, the order of ``classes`` or a value is wrong.

    Example:
        >>> seeds = Seeds(np.array([4]), np.array([[[0.2, 0.9]]]))
        >>> seeds.to_mask(background=0.3)
        array([[0, 5]], dtype=uint8)
    """

    classes: np.ndarray
    scores: np.ndarray
    background: np.ndarray | None = None
    size: tuple[int, int] = None  # type: ignore[assignment]  # set on construction
    raw: np.ndarray | None = None

    def __post_init__(self) -> None:
        scores = np.asarray(self.scores, np.float32)
        classes = np.asarray(self.classes)
        if scores.ndim != 3 or 0 in scores.shape[1:]:
            raise ValueError(f'scores must have shape (K, h, w), found {scores.shape}')
        if classes.shape != scores.shape[:1]:
            raise ValueError(
                f'classes must have shape ({len(scores)},) as scores have {len(scores)} maps, '
                f'found {classes.shape}'
            )
        if classes.size and (classes.min() < 0 or classes.max() > 253):
            raise ValueError(f'classes must be ids 0..253, found {classes.tolist()}')
        if (np.diff(classes.astype(np.int64)) <= 0).any():
            raise ValueError(f'classes must ascend without repetition, found {classes.tolist()}')
        background = self.background
        if background is not None:
            background = np.asarray(background, np.float32)
            if background.shape != scores.shape[1:]:
                raise ValueError(
                    f'background must have shape {scores.shape[1:]}, found {background.shape}'
                )
            _check_range('background', background)
        _check_range('scores', scores)
        if self.raw is not None:
            object.__setattr__(self, 'raw', _check_raw(self.raw, len(scores)))
        size = scores.shape[1:] if self.size is None else self.size
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f'size must be (H, W) with both at least 1, found {tuple(size)}')
        object.__setattr__(self, 'classes', classes.astype(np.int16))
        object.__setattr__(self, 'scores', scores)
        object.__setattr__(self, 'background', background)
        object.__setattr__(self, 'size', (int(size[0]), int(size[1])))

    def resize(self, size: tuple[int, int] | None = None) -> 'Seeds':
        """Resize all maps bilinearly (half-pixel centres).

        Args:
            size: Target ``(h, w)`` of the maps. Defaults to the image's size;
                the size of the image that the seeds speak of does not change, nor do raw maps.
        """
        target = self.size if size is None else size
        if self.scores.shape[1:] == tuple(target):
            return self
        background = self.background
        if background is not None:
            background = resize_bilinear(background[None], target)[0].clip(0, 1)
        scores = resize_bilinear(self.scores, target).clip(0, 1)
        return Seeds(self.classes, scores, background, self.size, self.raw)

    def full_raw(self) -> np.ndarray:
        """Raw maps at the image's size, or the scores where there are none. Shape: (K, H, W)."""
        if self.raw is None:
            return self.resize().scores
        return resize_bilinear(self.raw, self.size)

    def winner(self) -> tuple[np.ndarray, np.ndarray]:
        """Best class of each pixel and its score, at the seeds' resolution.

        Returns:
            ``(label, score)``: uint8 (h, w) with class ids + 1 and float32 (h, w).
            The lowest class wins a tie. Without classes both are 0.
        """
        if not len(self.classes):
            empty = self.scores.shape[1:]
            return np.zeros(empty, np.uint8), np.zeros(empty, np.float32)
        if len(self.classes) == 1:
            label = np.full(self.scores.shape[1:], self.classes[0] + 1, np.uint8)
            return label, self.scores[0]
        index = self.scores.argmax(0)
        label = (self.classes + 1).astype(np.uint8)[index]
        return label, self.scores.max(0)

    def to_mask(self, background: float | None = None) -> np.ndarray:
        """Make the label map of the image: the best class where its score exceeds the background's.

        Args:
            background: Constant background score. Defaults to the background map.

        Returns:
            uint8 (H, W): 0 background, class id + 1 elsewhere. Background wins ties;
            the comparison is made in float32, as published scorers do.

        Raises:
            ValueError: Neither a constant nor a map says what the background scores,
                or the constant is negative.
        """
        if background is None:
            if self.background is None:
                raise ValueError(
                    'these seeds hold no background map: give a background score, '
                    'e.g. to_mask(background=0.3)'
                )
            threshold: np.ndarray | np.float32 = self.background
            if self.background.shape != self.size:
                threshold = resize_bilinear(self.background[None], self.size)[0].clip(0, 1)
        else:
            if not background >= 0:
                raise ValueError(f'the background score must be at least 0, found {background}')
            threshold = np.float32(background)
        if self.scores.shape[1:] == self.size:
            label, score = self.winner()
            return np.where(score > threshold, label, np.uint8(0))
        # Class by class: all maps of a camera's photo at full size would not fit into memory.
        best = np.zeros(self.size, np.float32)
        label = np.zeros(self.size, np.uint8)
        for index, scores in zip(self.classes, self.scores, strict=True):
            full = resize_bilinear(scores[None], self.size)[0].clip(0, 1)
            wins = (full > best) & (full > threshold)
            label[wins] = index + 1
            np.maximum(best, full, out=best)
        return label


def _check_raw(raw: np.ndarray, count: int) -> np.ndarray:
    raw = np.asarray(raw, np.float32)
    if raw.ndim != 3 or len(raw) != count or 0 in raw.shape[1:]:
        raise ValueError(f"raw maps must have shape ({count}, h', w'), found {raw.shape}")
    if not np.isfinite(raw).all():
        raise ValueError('raw maps must be finite, found NaN or infinity')
    return raw


def _check_range(name: str, values: np.ndarray) -> None:
    if not values.size:
        return
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # also catches NaN
        raise ValueError(f'{name} must lie in [0, 1] without NaN, found {low:.6g}..{high:.6g}')
