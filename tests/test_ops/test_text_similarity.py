import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.ops.text_similarity import text_similarity


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(2, 9), st.integers(2, 5), st.integers(0, 99))
def test_each_map_runs_from_zero_to_one(images, tokens, texts, seed):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(images, tokens, 8, generator=random)
    text = torch.nn.functional.normalize(torch.randn(texts, 8, generator=random), dim=-1)
    maps = text_similarity(x, text)
    assert maps.shape == (images, tokens, texts)
    torch.testing.assert_close(maps.amin(1), torch.zeros(images, texts), atol=1e-5, rtol=0)
    torch.testing.assert_close(maps.amax(1), torch.ones(images, texts), atol=1e-5, rtol=0)


def test_images_do_not_see_each_other():
    x = torch.randn(3, 6, 8)
    text = torch.nn.functional.normalize(torch.randn(4, 8), dim=-1)
    torch.testing.assert_close(text_similarity(x, text)[1:2], text_similarity(x[1:2], text))


def test_a_patch_that_looks_like_a_text_wins_its_map():
    text = torch.eye(4)
    x = 0.1 * torch.ones(1, 5, 4)
    x[0, 3] = text[2]
    assert text_similarity(x, text)[0, :, 2].argmax() == 3


def test_a_single_text_is_no_more_similar_anywhere():
    tokens, text = torch.randn(2, 5, 4), torch.randn(1, 4)
    assert not text_similarity(tokens, text).any()
