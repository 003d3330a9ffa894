"""``FixedPrompts``."""

import pytest
import torch
import torch.nn.functional as F

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import FixedPrompts
from mmwsss.models.clip.fixed_prompts import BACKGROUND
from tests.test_models.test_clip.tiny_clip import tiny_clip


def test_features_are_those_of_the_sentences():
    clip, prompts = tiny_clip(), FixedPrompts(['cat', 'dog'], ['sky'], template='a {} here')
    features = prompts.features(clip)
    tokens = clip.tokenize(['a cat here', 'a dog here', 'a sky here'])
    expected = F.normalize(clip.module.encode_text(tokens), dim=-1)
    torch.testing.assert_close(features, expected)
    assert prompts.features(clip) is features, 'kept'


def test_words_that_are_classes_are_no_background():
    prompts = FixedPrompts(['sky', 'cat'])
    assert len(prompts) == 1 + len(BACKGROUND) and 'sky' not in prompts.background


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(names=[]), 'a name for each class'),
        (dict(names='cat'), 'a name for each class'),
        (dict(names=['cat', '']), 'none .*empty'),
        (dict(names=['cat'], template='a photo'), 'one {} for the name'),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        FixedPrompts(**arguments)


def test_a_sentence_that_is_too_long():
    with pytest.raises(ValueError, match='has .* tokens, CLIP takes 30: shorten it'):
        FixedPrompts(['cat ' * 40]).features(tiny_clip())
