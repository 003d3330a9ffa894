import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.models import SAMDataPreprocessor


def image(*size):
    return torch.full((3, *size), 128, dtype=torch.uint8)


def test_fills_up_and_normalises():
    model = SAMDataPreprocessor(side=16, mean=(100, 110, 120), std=(10, 10, 20))
    out = model(dict(inputs=[image(16, 10), image(8, 16)], data_samples=[SegDataSample()] * 2))
    x = out['inputs']
    assert x.shape == (2, 3, 16, 16) and len(out['data_samples']) == 2
    torch.testing.assert_close(x[0, :, 0, 0], torch.tensor([2.8, 1.8, 0.4]))
    assert not x[0, :, :, 10:].any() and not x[1, :, 8:].any()


@pytest.mark.parametrize('normalize', [False, True])
def test_published_training_is_not_normalised(normalize):
    model = SAMDataPreprocessor(side=16, normalize_train=normalize)
    data = dict(inputs=[[image(16, 16)], [image(16, 16)]], data_samples=[SegDataSample()])
    weak, strong = model(data, training=True)['inputs']
    assert weak.shape == strong.shape == (1, 3, 16, 16)
    assert bool((weak == 128 / 255).all()) != normalize
    test = model(dict(inputs=[image(16, 16)], data_samples=None), training=False)['inputs']
    assert (weak == test).all() == normalize


def test_bad_input():
    with pytest.raises(ValueError, match=r'at most 16 pixels .* found 20 x 4.*ToSAMFrame'):
        SAMDataPreprocessor(side=16)(dict(inputs=[image(4, 20)], data_samples=None))
    with pytest.raises(ValueError, match='three positive deviations'):
        SAMDataPreprocessor(std=(1, 1, 0))
