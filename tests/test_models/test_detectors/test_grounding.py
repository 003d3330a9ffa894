"""What all grounding detectors have in common, with a network that is a table."""

import numpy as np
import pytest
import torch

from mmwsss.models.detectors.grounding import GroundingDetector, Tokens, input_size

WORDS = ['[CLS]', '[SEP]', '.', 'dog', 'hot', 'cat', 'background']


class Table(GroundingDetector):
    """Points at every word of the caption, once each, and says where the image is bright."""

    max_tokens = 8
    device = torch.device('cpu')

    def __init__(self, **options):
        super().__init__(**options)
        self.calls = []

    def tokenize(self, caption):
        ids, offsets, start = [0], [(0, 0)], 0
        for word in caption.replace('.', ' .').split():
            start = caption.index(word, start)
            ids.append(WORDS.index(word))
            offsets.append((start, start + len(word)))
            start += len(word)
        return Tokens([*ids, 1], [*offsets, (0, 0)])

    def decode(self, ids):
        return ' '.join(WORDS[i] for i in ids)

    def ground(self, pixels, image, captions):
        self.calls.append((tuple(pixels.shape), list(captions)))
        logits = torch.full((len(captions), 6, self.max_tokens), -torch.inf)
        for row, caption in enumerate(captions):
            ids = self.tokenize(caption).ids
            logits[row, :, : len(ids)] = -9.0
            for query, slot in enumerate(i for i, token in enumerate(ids) if token > 2):
                logits[row, query, slot] = 2.0
        bright = torch.stack([pixels[i].mean().sigmoid() for i in image])
        boxes = torch.full((len(captions), 6, 4), 0.5) * bright[:, None, None]
        return logits, boxes


def images(*values, size=(40, 60)):
    return [np.full((*size, 3), value, np.uint8) for value in values]


def names_of(found, caption):
    return [caption[k] if k >= 0 else None for k in found.names]


def test_rules():
    caption = ['dog', 'hot dog', 'cat']
    wanted = {
        'first': ['dog', None, 'dog', 'cat'],  # "hot" alone is no name
        'longest': ['dog', None, 'dog', 'cat'],
        'spans': ['dog', 'hot dog', 'hot dog', 'cat'],
    }
    for rule, expected in wanted.items():
        detector = Table(rule=rule)
        detector.max_tokens = 9
        [[found]] = detector(images(9), [[caption]], [None])
        assert names_of(found, caption) == expected
        assert found.scores == pytest.approx(torch.tensor(2.0).sigmoid().item())


def test_long_caption_is_split_and_nothing_is_lost():
    caption = ['dog', 'cat', 'hot dog', 'background', 'cat']
    detector = Table()
    [[found]] = detector(images(9), [[caption]], [None])
    ((_, captions),) = detector.calls
    assert captions == ['dog. cat.', 'hot dog. background.', 'cat.']
    assert found.names.tolist() == [0, 1, 2, 2, 3, 4], 'indices into the whole caption'


def test_nothing_depends_on_what_runs_together():
    pictures = [*images(0, 128, 255), *images(60, size=(60, 40))]
    captions = [[['dog'], ['cat', 'dog']], [], [['hot dog']], [['cat']]]
    together, alone = Table(rows_at_a_time=8), Table(rows_at_a_time=1)
    first = together(pictures, captions, [None] * 4)
    second = alone(pictures, captions, [None] * 4)
    assert len(together.calls) == 2 and len(alone.calls) == 4, 'images of one size share a call'
    assert [len(own) for own in first] == [2, 0, 1, 1]
    for a, b in zip(first, second, strict=True):
        for x, y in zip(a, b, strict=True):
            for left, right in zip(x, y, strict=True):
                np.testing.assert_array_equal(left, right)


def test_no_box_found():
    [[found]] = Table(box_threshold=0.95)(images(9), [[['dog']]], [None])
    assert found.boxes.shape == (0, 4) and len(found.scores) == len(found.names) == 0


def test_channels_and_sizes():
    image = np.zeros((30, 40, 3), np.uint8)
    image[..., 0] = 255
    straight, swapped = Table(short_side=60), Table(short_side=60, swap_channels=True)
    assert straight.pixels(image).shape == (3, 60, 80)
    means = [detector.pixels(image).mean((1, 2)) for detector in (straight, swapped)]
    assert means[0].argmax() == 0 and means[1].argmax() == 2
    assert input_size((768, 1024), 800, 1333) == (800, 1066)
    assert input_size((576, 1024), 800, 1333) == (750, 1333)
    assert input_size((800, 900), 800, 1333) == (800, 900)


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(rule='best'), "rule must be one of first, longest, spans, found 'best'"),
        (dict(box_threshold=1.0), r'thresholds are in \[0, 1\), found 1.0'),
        (dict(short_side=900, long_side=800), 'short_side <= long_side'),
        (dict(rows_at_a_time=0), 'rows_at_a_time >= 1'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Table(**options)
