import numpy as np
import pytest
import torch

from mmwsss.models.sam import Prompts
from mmwsss.models.sam.prompts import ABSENT, NOT_A_POINT, POSITIVE, TOP_LEFT


def test_shorter_prompts_are_filled_up():
    prompts = Prompts.ragged(
        [0, 1, 1],
        [np.ones((1, 2)), np.ones((3, 2)), np.zeros((0, 2))],
        boxes=[None, None, np.array([1, 2, 30, 40])],
    )
    assert len(prompts) == 3 and prompts.coords.shape == (3, 4, 2)
    assert prompts.coords.dtype == torch.float64
    assert prompts.kinds.tolist() == [
        [POSITIVE, NOT_A_POINT, ABSENT, ABSENT],
        [POSITIVE, POSITIVE, POSITIVE, NOT_A_POINT],
        [TOP_LEFT, TOP_LEFT + 1, ABSENT, ABSENT],
    ]
    part = prompts[1:]
    assert part.image.tolist() == [1, 1] and len(part) == 2


def test_no_prompts():
    prompts = Prompts.ragged([], [])
    assert len(prompts) == 0 and prompts.kinds.shape == (0, 1)


def test_tokens_are_those_of_the_package():
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_sam.tiny_sam import tiny_sam

    encoder = tiny_sam().module.prompt_encoder
    points = np.random.RandomState(0).rand(4, 2) * 128
    labels = np.array([1, 0, -1, 1])
    box = np.array([10.0, 20, 90, 111])
    prompts = Prompts.ragged(
        [0, 0, 0], [points, points, points[:0]], labels=[labels, labels, labels[:0]],
        boxes=[None, box, box],
    )  # fmt: skip
    with torch.no_grad():
        tokens, present = prompts.embed(encoder)
        for index, (n, own) in enumerate(((4, None), (4, box), (0, box))):
            expected, _ = encoder(
                points=(torch.as_tensor(points)[None], torch.as_tensor(labels)[None].float())
                if n
                else None,
                boxes=None if own is None else torch.as_tensor(own)[None],
                masks=None,
            )
            assert present[index].sum() == expected.shape[1]
            got = tokens[index, present[index]]
            torch.testing.assert_close(got.float(), expected[0].float(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(points=[np.zeros((1, 2))] * 2), r'as images are expected \(1\), found 2, 2 and 1'),
        (dict(points=[np.zeros((0, 2))]), 'prompt 0 has neither a point nor a box'),
        (
            dict(points=[np.zeros(2)]),
            r'points \(n, 2\) and labels \(n,\) are expected, found \(2,\)',
        ),
        (
            dict(points=[np.zeros((1, 2))], labels=[np.array([7])]),
            r'prompt 0: labels are 1, 0 or -1, found \[7\]',
        ),
        (dict(boxes=[np.zeros(3)]), r'a box is \(x1, y1, x2, y2\), found \(3,\)'),
    ],
)
def test_bad_prompts(arguments, message):
    with pytest.raises(ValueError, match=message):
        Prompts.ragged([0], arguments.pop('points', None), **arguments)


def test_places_in_single_precision():
    """In half precision neighbouring pixels have one place."""
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from tests.test_models.test_sam.tiny_sam import tiny_sam

    prompts = Prompts.ragged([0, 0], [np.array([[100, 50]]), np.array([[101, 50]])])
    encoder = tiny_sam().module.prompt_encoder
    expected, _ = prompts.embed(encoder)
    with torch.autocast('cpu', torch.bfloat16):
        tokens, _ = prompts.embed(encoder)
    assert torch.equal(tokens, expected)
