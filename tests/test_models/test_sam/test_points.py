import numpy as np
import pytest
import torch
import torch.nn.functional as F

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.models import SAMPointDecoder
from mmwsss.models.sam.points import resize_logits
from mmwsss.registry import MODELS
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam


@pytest.fixture(scope='module')
def decoder():
    return SAMPointDecoder(tiny_sam())


@torch.no_grad()
def one_by_one(decoder, images, image, points):
    """The published loop: an image embedding, a prompt, two resizes of its last mask."""
    sam, (height, width) = decoder.sam.module, images.shape[-2:]
    masks, confidence = [], []
    for row, own in zip(image, points, strict=True):
        square = F.interpolate(images[row][None], (128, 128), mode='bilinear', align_corners=True)
        embedding = sam.image_encoder(sam.preprocess(square.to(torch.uint8).float()))
        scaled = torch.as_tensor(own) * torch.tensor([128 / width, 128 / height])
        sparse, dense = sam.prompt_encoder(
            points=(scaled[None], torch.ones(1, len(own))), boxes=None, masks=None
        )
        low, _ = sam.mask_decoder(
            embedding, sam.prompt_encoder.get_dense_pe(), sparse.float(), dense, True
        )
        large = F.interpolate(low, (128, 128), mode='bilinear', align_corners=False)
        large = F.interpolate(large, (height, width), mode='bilinear', align_corners=False)
        direct = F.interpolate(low, (height, width), mode='bilinear', align_corners=False)
        masks.append(large[0, 2])
        confidence.append(direct[0, 2])
    return torch.stack(masks), torch.stack(confidence)


@pytest.mark.parametrize('size', [(32, 32), (40, 24)])
def test_equals_the_published_loop(decoder, size):
    """Also where some of the images have no prompt."""
    rng = np.random.RandomState(0)
    images = torch.from_numpy(rng.rand(3, 3, *size).astype(np.float32) * 255)
    image = [0, 2, 2]
    points = [rng.randint(0, min(size), (n, 2)) for n in (2, 1, 4)]
    answer = decoder(images, [None] * 3, image, points)
    logits, confidence = one_by_one(decoder, images, image, points)
    torch.testing.assert_close(answer.confidence, confidence, rtol=1e-4, atol=1e-4)
    unsure = logits.abs() < 1e-3
    assert ((answer.masks == (logits > 0)) | unsure).all()
    assert answer.masks.any() and not answer.masks.all()


def test_no_prompts(decoder):
    answer = decoder(torch.zeros(2, 3, 16, 20), [None] * 2, [], [])
    assert answer.masks.shape == answer.confidence.shape == (0, 16, 20)
    assert answer.masks.dtype == torch.bool


def test_three_taps_are_two_resizes():
    logits = torch.randn(3, 64, 64)
    masks, direct = resize_logits(logits.clone(), (64, 64), 256)
    large = F.interpolate(logits[None], (256, 256), mode='bilinear', align_corners=False)
    expected = F.interpolate(large, (64, 64), mode='bilinear', align_corners=False)[0]
    torch.testing.assert_close(masks, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(direct, logits)


def test_images_are_cut_to_integers(decoder):
    square = decoder.to_square(torch.full((1, 3, 8, 8), 7.99))
    assert square.dtype == torch.uint8 and (square == 7).all() and square.shape[-2:] == (128, 128)


def test_points_are_scaled_by_side():
    got = SAMPointDecoder.scale_points(np.array([[3, 5]]), (20, 10), 128)
    np.testing.assert_allclose(got, [[38.4, 32]])


def test_built_from_a_config():
    config = dict(type='SAMPointDecoder', sam=dict(type='SAM', arch=SIZES), output=0)
    assert MODELS.build(config).sam.sizes.image_size == 128
    with pytest.raises(ValueError, match='0, 1 or 2 of three masks, found 3'):
        SAMPointDecoder(tiny_sam(), output=3)
