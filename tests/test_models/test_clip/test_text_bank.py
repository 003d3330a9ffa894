import numpy as np
import pytest
import torch

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models.clip.text_bank import TextBank, enrich
from tests.test_models.test_clip.tiny_clip import tiny_clip

SENTENCES = [f'a clean origami {name} {place}.' for name in ('cat', 'dog') for place in 'abcd']


def bank(seed=0, width=16, centres=12):
    return torch.randn(width, centres, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize('kind', ['released', 'tensor', 'npz', 'safetensors'])
def test_files(tmp_path, kind):
    expected, path = bank(), tmp_path / 'bank.pth'
    if kind == 'released':
        torch.save([expected, torch.zeros(3, 12)], path)
    elif kind == 'tensor':
        torch.save(expected, path)
    elif kind == 'npz':
        path = tmp_path / 'bank.npz'
        np.savez(path, bank=expected.numpy())
    else:
        from safetensors.torch import save_file

        save_file({'bank': expected}, path)
    assert torch.equal(TextBank(path).features(tiny_clip(), 3), expected)
    assert set(TextBank(path).protocol()) == {'text_bank', 'keep'}


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (bank(width=8), '8 rows, but the texts of this CLIP have 16 channels'),
        ([bank(), torch.zeros(5, 12)], 'made for 5 classes, there are 3'),
        ([bank(), bank(), bank()], 'one array .16, centres. is expected'),
        ({'names': 'cat'}, 'one array .16, centres. is expected'),
    ],
)
def test_other_files(tmp_path, content, message):
    path = tmp_path / 'bank.pth'
    torch.save(content, path)
    with pytest.raises(ValueError, match=message):
        TextBank(path).features(tiny_clip(), 3)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'text bank .*none.pth: there is no such file'):
        TextBank(tmp_path / 'none.pth').features(tiny_clip(), 3)


def test_objects_are_not_read(tmp_path):
    class Thing:
        def __reduce__(self):
            return print, ('run',)

    torch.save([Thing()], tmp_path / 'bank.pth')
    with pytest.raises(Exception, match='(?i)weights'):
        TextBank(tmp_path / 'bank.pth').features(tiny_clip(), 3)


def test_of_sentences():
    clip = tiny_clip()
    made = TextBank(sentences=SENTENCES, centres=3)
    centres = made.features(clip, 2)
    assert centres.shape == (16, 3) and centres.isfinite().all()
    assert torch.equal(TextBank(sentences=SENTENCES, centres=3).features(clip, 2), centres)
    text = torch.nn.functional.normalize(torch.randn(5, 16), dim=-1)
    enriched = made.enrich(text, clip, 2)
    torch.testing.assert_close(enriched[2:], text[2:])
    assert not torch.allclose(enriched[:2], text[:2])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({}, 'give one of the two'),
        (dict(file='x', sentences=['a']), 'give one of the two'),
        (dict(sentences=['a', 'b'], centres=3), '3 centres of 2 sentences'),
        (dict(file='x', keep=0), r'a share in \(0, 1\], found 0'),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        TextBank(**arguments)


def test_sentences_are_not_cut():
    long = 'a clean origami cat ' * 12
    with pytest.raises(ValueError, match='has .* tokens, CLIP takes 30: shorten it'):
        TextBank(sentences=[*SENTENCES, long], centres=3).features(tiny_clip(), 2)


def test_mixed_precision_changes_nothing():
    clip, text = tiny_clip(), torch.nn.functional.normalize(torch.randn(5, 16), dim=-1)
    expected = TextBank(sentences=SENTENCES, centres=3).enrich(text, clip, 2)
    with torch.autocast('cpu', torch.bfloat16):
        found = TextBank(sentences=SENTENCES, centres=3).enrich(text, clip, 2)
    assert torch.equal(found, expected)


def test_the_least_similar_centres_are_left_out():
    text = torch.eye(4)[:1]
    centres = torch.eye(4)[:, :4]
    plain = enrich(text, centres, 1, keep=1.0)
    fewer = enrich(text, centres, 1, keep=0.25)
    torch.testing.assert_close(fewer, text)  # its own direction alone is left
    assert (plain > 0).all()
