"""Detectors that find the objects named in a caption."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmseg.structures import SegDataSample
from PIL import Image
from torch import Tensor

from mmwsss.models.detectors.grounding_text import (
    RULES,
    find_spans,
    keep_boxes,
    make_caption,
    match_phrase,
    match_spans,
    phrase_tokens,
    split_names,
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Found(NamedTuple):
    """Boxes that a detector found for some names in an image.

    Args:
        boxes: ``(x1, y1, x2, y2)`` in fractions of the image. Shape: (n, 4), float32.
        scores: Confidences in [0, 1]. Shape: (n,), float32.
        names: Index of the name of each box, -1 for none. Shape: (n,), int64.
    """

    boxes: np.ndarray
    scores: np.ndarray
    names: np.ndarray


class BoxDetector(ABC):
    """Finds boxes for class names; frozen, and not a submodule of the model that uses it."""

    def __deepcopy__(self, memo: dict) -> 'BoxDetector':
        return self

    @abstractmethod
    def __call__(
        self,
        images: Sequence[np.ndarray],
        names: Sequence[Sequence[Sequence[str]]],
        samples: Sequence[SegDataSample],
    ) -> list[list[Found]]:
        """Find boxes.

        Args:
            images: RGB. Shape: (H, W, 3), uint8, each.
            names: Captions of each image; a caption is a list of names, looked for together.
            samples: What the pipeline loaded, for detectors that use it.

        Returns:
            What was found for each caption of each image.
        """

    def to(self, device: torch.device | str) -> 'BoxDetector':
        """Move to a device, if the detector has weights."""
        return self

    @abstractmethod
    def protocol(self) -> dict[str, Any]:
        """Describe the detector, for the record of a store."""


class Tokens(NamedTuple):
    """A tokenized caption.

    Args:
        ids: Token ids, special ones included.
        offsets: Characters of each token in the caption, (0, 0) for special ones.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]


class GroundingDetector(BoxDetector):
    """Interface of Grounding DINO: takes images and captions, returns boxes with their words.

    A box is kept if the greatest probability over its token slots exceeds a threshold, which is
    then its confidence, as in the `original code <https://arxiv.org/abs/2303.05499>`_. A caption
    that the text encoder would cut is spread over several, and nothing of it is lost. Images of one
    size run as a batch; what is found does not depend on how many they are.

    Args:
        box_threshold: Least confidence.
        text_threshold: Least probability of a token that a box points at.
        rule: How a box gets its name: ``'first'`` (as published by Co2SAM), ``'longest'``, see
            :func:`~mmwsss.models.detectors.grounding_text.match_phrase`, or ``'spans'``, see
            :func:`~mmwsss.models.detectors.grounding_text.match_spans`.
        swap_channels: As published by Co2SAM, whose wrapper takes RGB for BGR.
        short_side: Images are resized to this short side (bilinear, PIL) ...
        long_side: ... unless the long side would then exceed this.
        rows_at_a_time: Pairs of image and caption that the network takes at a time.
    """

    def __init__(
        self,
        *,
        box_threshold: float = 0.3,
        text_threshold: float = 0.25,
        rule: str = 'spans',
        swap_channels: bool = False,
        short_side: int = 800,
        long_side: int = 1333,
        rows_at_a_time: int = 4,
    ):
        if rule not in RULES:
            raise ValueError(f'rule must be one of {", ".join(RULES)}, found {rule!r}')
        if not (0 <= box_threshold < 1 and 0 <= text_threshold < 1):
            raise ValueError(
                f'thresholds are in [0, 1), found {box_threshold} and {text_threshold}'
            )
        if not 1 <= short_side <= long_side or rows_at_a_time < 1:
            raise ValueError(
                '1 <= short_side <= long_side and rows_at_a_time >= 1 are expected, found '
                f'{short_side}, {long_side} and {rows_at_a_time}'
            )
        self.box_threshold, self.text_threshold, self.rule = box_threshold, text_threshold, rule
        self.swap_channels = swap_channels
        self.short_side, self.long_side = short_side, long_side
        self.rows_at_a_time = rows_at_a_time

    # What a network defines ---------------------------------------------------------

    max_tokens: int

    @property
    def device(self) -> torch.device:
        """The device that the network is on; the CPU unless a subclass says otherwise."""
        return torch.device('cpu')

    @abstractmethod
    def tokenize(self, caption: str) -> Tokens:
        """Tokens of a caption, all of them."""

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Text of some tokens."""

    @abstractmethod
    def ground(
        self, pixels: Tensor, image: Sequence[int], captions: Sequence[str]
    ) -> tuple[Tensor, Tensor]:
        """Run the network.

        Args:
            pixels: Normalised images of one size. Shape: (N, 3, h, w).
            image: Which image each of R captions is about.
            captions: R captions.

        Returns:
            Logits of token slots (R, Q, T), -inf where there is no token, and boxes
            ``(cx, cy, w, h)`` in fractions of the image (R, Q, 4).
        """

    # What all have in common --------------------------------------------------------

    @torch.no_grad()
    def __call__(
        self,
        images: Sequence[np.ndarray],
        names: Sequence[Sequence[Sequence[str]]],
        samples: Sequence[SegDataSample],
    ) -> list[list[Found]]:
        """Find boxes, see :class:`BoxDetector`."""
        pixels = [self.pixels(image) for image in images]
        # (image, its caption, names of one part of it)
        rows = [
            (i, j, part)
            for i, captions in enumerate(names)
            for j, caption in enumerate(captions)
            for part in split_names(caption, self._count, self.max_tokens)
        ]
        rows.sort(key=lambda row: tuple(pixels[row[0]].shape[1:]))
        found: dict[tuple[int, int], list[Found]] = {}
        for group in self._groups(rows, pixels):
            used = sorted({i for i, _, _ in group})
            texts = [[names[i][j][k] for k in part] for i, j, part in group]
            logits, boxes = self.ground(
                torch.stack([pixels[i] for i in used]).to(self.device),
                [used.index(i) for i, _, _ in group],
                [make_caption(text) for text in texts],
            )
            for (i, j, part), text, scores, where in zip(group, texts, logits, boxes, strict=True):
                found.setdefault((i, j), []).append(self._read(scores, where, text, part))
        return [
            [_join(found.get((i, j), ())) for j in range(len(captions))]
            for i, captions in enumerate(names)
        ]

    def _groups(self, rows: list[tuple], pixels: list[Tensor]) -> Iterator[list[tuple]]:
        """Rows of one image size, some at a time."""
        group: list[tuple] = []
        for row in rows:
            full = len(group) == self.rows_at_a_time
            if group and (full or pixels[group[0][0]].shape != pixels[row[0]].shape):
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    def _count(self, caption: str) -> int:
        return len(self.tokenize(caption).ids)

    def pixels(self, image: np.ndarray) -> Tensor:
        """Input of the network. Shape: (H, W, 3), uint8, to (3, h, w)."""
        size = input_size(image.shape[:2], self.short_side, self.long_side)
        if self.swap_channels:
            image = image[..., ::-1]
        resized = Image.fromarray(np.ascontiguousarray(image)).resize(
            size[::-1], Image.Resampling.BILINEAR
        )
        x = torch.from_numpy(np.array(resized)).permute(2, 0, 1).float() / 255
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        return (x - mean) / std

    def _read(
        self, logits: Tensor, boxes: Tensor, names: Sequence[str], part: Sequence[int]
    ) -> Found:
        kept = keep_boxes(logits.float(), boxes.float(), self.box_threshold)
        tokens = self.tokenize(make_caption(names))
        if self.rule == 'spans':
            matched = match_spans(
                kept.tokens, find_spans(names, tokens.offsets), self.text_threshold
            )
        else:
            phrases = [
                self.decode([tokens.ids[slot] for slot in slots if slot < len(tokens.ids)])
                for slots in phrase_tokens(kept.tokens, self.text_threshold)
            ]
            matched = [match_phrase(p.replace('.', ''), names, self.rule) for p in phrases]
        index = np.array([part[k] if k >= 0 else k for k in matched], np.int64)
        return Found(kept.boxes.cpu().numpy(), kept.scores.cpu().numpy(), index)

    def protocol(self) -> dict[str, Any]:
        """Thresholds and rules."""
        names = ('box_threshold', 'text_threshold', 'rule', 'swap_channels')
        return {
            'detector': type(self).__name__,
            **{name: getattr(self, name) for name in names},
            'input': [self.short_side, self.long_side],
        }


def input_size(size: tuple[int, int], short_side: int, long_side: int) -> tuple[int, int]:
    """Size (h, w) of a detector's input for an image (H, W), as DETR computes it."""
    small, large = min(size), max(size)
    if large / small * short_side > long_side:
        short_side = max(1, round(long_side * small / large))
    if small == short_side:
        return size
    height, width = size
    if width < height:
        return int(short_side * height / width), short_side
    return short_side, int(short_side * width / height)


def _join(parts: Sequence[Found]) -> Found:
    if not parts:
        return Found(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    return Found(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
