from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.models.detectors.grounding_text import (
    find_spans,
    keep_boxes,
    make_caption,
    match_phrase,
    match_spans,
    phrase_tokens,
    split_names,
)

NAMES = ['person', 'car', 'dog', 'bear', 'carrot', 'hot dog', 'teddy bear', 'background']


def test_caption():
    assert make_caption(['Potted Plant ']) == 'potted plant.'
    assert make_caption(['dog', 'hot dog']) == 'dog. hot dog.'


@pytest.mark.parametrize(
    'phrase, first, longest',
    [
        ('hot dog', 'dog', 'hot dog'),
        ('carrot', 'car', 'carrot'),
        ('teddy bear', 'bear', 'teddy bear'),
        ('dog person', 'person', 'person'),
        ('the dog', 'dog', 'dog'),
        ('background', 'background', 'background'),
    ],
)
def test_phrases(phrase, first, longest):
    assert NAMES[match_phrase(phrase, NAMES, 'first')] == first
    assert NAMES[match_phrase(phrase, NAMES, 'longest')] == longest


def test_no_phrase_is_of_no_class():
    assert match_phrase('', NAMES, 'first') == match_phrase('plane', NAMES) == -1
    with pytest.raises(ValueError, match="rule is 'first' or 'longest', found 'best'"):
        match_phrase('dog', NAMES, 'best')


def count(caption):
    """Tokens of a caption: words and full stops, and two special ones."""
    return len(caption.replace('.', ' .').split()) + 2


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(['dog', 'hot dog', 'wine glass', 'cat']), max_size=12),
    st.integers(5, 20),
)
def test_long_captions_are_split_and_not_cut(names, limit):
    parts = split_names(names, count, limit)
    assert [i for part in parts for i in part] == list(range(len(names)))
    captions = [make_caption([names[i] for i in part]) for part in parts]
    assert all(count(caption) <= limit for caption in captions)
    for first, second in pairwise(parts):
        longer = make_caption([names[i] for i in [*first, second[0]]])
        assert count(longer) > limit, 'no part ends early'


def test_a_name_that_fits_nowhere():
    with pytest.raises(ValueError, match=r"the name 'a b c d' has 7 tokens, .* takes 6: shorten"):
        split_names(['dog', 'a b c d'], count, 6)


def test_boxes_above_the_threshold_in_order():
    logits = torch.tensor([[-9.0, 1.0], [-9.0, -9.0], [0.0, -torch.inf]])
    boxes = torch.tensor([[0.5, 0.5, 0.2, 0.4], [0.1, 0.1, 0.1, 0.1], [0.9, 0.5, 0.4, 1.0]])
    kept = keep_boxes(logits, boxes, 0.3)
    torch.testing.assert_close(kept.scores, torch.tensor([1.0, 0.0]).sigmoid())
    expected = torch.tensor([[0.4, 0.3, 0.6, 0.7], [0.7, 0.0, 1.1, 1.0]])
    torch.testing.assert_close(kept.boxes, expected)
    assert phrase_tokens(kept.tokens, 0.25) == [[1], [0]]


def test_spans():
    # [CLS] dog . hot dog . [SEP]
    offsets = [(0, 0), (0, 3), (3, 4), (5, 8), (9, 12), (12, 13), (0, 0)]
    spans = find_spans(['dog', 'hot dog'], offsets)
    assert spans == [[1], [3, 4]]
    chances = torch.tensor(
        [[0, 0.9, 0, 0.1, 0.5, 0, 0], [0, 0.3, 0.9, 0.1, 0.5, 0, 0], [0.9, 0.1, 0, 0.2, 0, 0, 0.0]]
    )
    assert match_spans(chances, spans, 0.25) == [0, 1, -1]
    with pytest.raises(ValueError, match="makes nothing of the name 'cat'"):
        find_spans(['dog', 'cat'], offsets[:3])
