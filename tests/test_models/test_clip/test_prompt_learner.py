"""``PromptLearner``."""

import pytest
import torch

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import PromptLearner
from mmwsss.models.clip.prompt_learner import text_seed
from tests.test_models.test_clip.tiny_clip import tiny_clip

NAMES, WIDTH = ['cat', 'tvmonitor screen'], 32
DOT, END = 269, 49407


def learner(**options):
    return PromptLearner(NAMES, ['sky', ''], width=WIDTH, length=4, **options)


@pytest.mark.parametrize('layout', ['end', 'front', 'middle'])
def test_layouts(layout):
    clip, prompts = tiny_clip(), learner(layout=layout, context='class_specific')
    embeddings, end = prompts.prompts(clip)
    table, ctx = clip.module.token_embedding.weight, prompts.ctx
    for row, (name, place) in enumerate(zip([*NAMES, 'sky', ''], end.tolist(), strict=True)):
        ids = clip._tokenizer.encode(name)
        own = table[torch.tensor(ids, dtype=torch.int64)]
        before = {'end': 4, 'front': 0, 'middle': 2}[layout]
        expected = torch.cat(
            [table[49406:49407], ctx[row, :before], own, ctx[row, before:], table[[DOT, END]]]
        )
        torch.testing.assert_close(embeddings[row, : place + 1], expected)
        assert place == 4 + len(ids) + 2


def test_empty_name_at_the_front():
    """Context at 1..n, then the full stop and the end."""
    clip = tiny_clip()
    tokens, lengths = learner(layout='front').tokens(clip)
    assert lengths.tolist()[-1] == 0 and tokens[-1, 5:7].tolist() == [DOT, END]


def test_contexts():
    assert learner().ctx.shape == (4, WIDTH)
    assert learner(context='class_specific').ctx.shape == (4, 4, WIDTH)
    shared = learner(context=[0, 0, 1, 1])
    assert shared.ctx.shape == (2, 4, WIDTH)
    embeddings, _ = shared.prompts(tiny_clip())
    torch.testing.assert_close(embeddings[3, 1:5], shared.ctx[1])
    embeddings.sum().backward()
    assert shared.ctx.grad is not None
    for wrong in ('own', [0, 1], [0, 0, 2, 2]):
        with pytest.raises(ValueError, match="context is 'generic', 'class_specific' or the num"):
            learner(context=wrong)


def test_seeded_start():
    assert text_seed('真') == 2763632353 and text_seed('机') == 3631188958
    torch.manual_seed(0)
    first, state = learner(seed='真').ctx, torch.get_rng_state()
    torch.manual_seed(1)
    torch.testing.assert_close(learner(seed='真').ctx, first)
    torch.manual_seed(0)
    assert torch.equal(torch.get_rng_state(), state), 'draws nothing from the common generator'
    torch.manual_seed(text_seed('真'))
    torch.testing.assert_close(first.detach(), torch.empty(4, WIDTH).normal_(0, 0.02))
    with torch.device('meta'):
        assert learner(seed='真').ctx.is_meta


def test_checkpoints_know_their_prompts():
    state = learner(layout='front').state_dict()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    learner(layout='front').load_state_dict(state)
    with pytest.raises(ValueError, match='learnt for layout=front, the config says layout=end'):
        learner().load_state_dict(state)
    other = PromptLearner(['dog', 'cat'], ['sky', ''], width=WIDTH, length=4, layout='front')
    with pytest.raises(ValueError, match=r"learnt for names=\['cat', .*config says names=\['dog'"):
        other.load_state_dict(state)
    with pytest.raises(ValueError, match=r'shape \(4, 4, 32\) is expected as ctx, found one of'):
        learner(context='class_specific').load_state_dict(state)
    with pytest.raises(ValueError, match='found none: this is no checkpoint of these prompts'):
        learner().load_state_dict({}, strict=False)


def test_official_context_has_no_record():
    ctx = torch.randn(4, WIDTH)
    prompts = learner()
    prompts.load_state_dict({'ctx': ctx}, strict=False)
    torch.testing.assert_close(prompts.ctx.detach(), ctx)


def test_bad_input():
    with pytest.raises(ValueError, match="layout must be one of .* found 'back'"):
        learner(layout='back')
    with pytest.raises(ValueError, match='at least one name'):
        PromptLearner([], width=WIDTH)
    long = PromptLearner(['a very long name ' * 8], width=WIDTH, length=4)
    with pytest.raises(ValueError, match='is too long: CLIP takes 32 tokens, which leaves 25'):
        long.tokens(tiny_clip())
    with pytest.raises(ValueError, match="has 8 channels, CLIP's text encoder 32"):
        PromptLearner(NAMES, width=8, length=4).prompts(tiny_clip())
