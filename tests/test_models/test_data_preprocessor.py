import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models.data_preprocessor import WSSSDataPreprocessor

MEAN, STD = (10.0, 20.0, 30.0), (2.0, 4.0, 5.0)


def sample(height, width, **meta):
    made = SegDataSample(metainfo={'img_id': f'{height}x{width}', **meta})
    made.gt_sem_seg = PixelData(data=torch.ones(1, height, width, dtype=torch.int64))
    made.segments = PixelData(data=torch.full((1, height, width), 300))
    return made


def image(height, width):
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8)


def normalised(x):
    return (x.float() - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def test_equal_sizes_are_stacked():
    inputs = [image(4, 5), image(4, 5)]
    out = WSSSDataPreprocessor(mean=MEAN, std=STD)({'inputs': inputs}, training=True)
    torch.testing.assert_close(out['inputs'], torch.stack([normalised(x) for x in inputs]))


def test_padding_of_crops_is_zero_after_normalisation():
    samples = [sample(6, 6, valid_box=(1, 2, 4, 5)), sample(6, 6, valid_box=(0, 0, 6, 6))]
    inputs = [image(6, 6), image(6, 6)]
    out = WSSSDataPreprocessor(mean=MEAN, std=STD)({'inputs': inputs, 'data_samples': samples})
    inside = torch.zeros(6, 6, dtype=torch.bool)
    inside[1:4, 2:5] = True
    assert (out['inputs'][0][:, ~inside] == 0).all()
    expected = normalised(inputs[0])[:, inside]
    torch.testing.assert_close(out['inputs'][0][:, inside], expected)
    torch.testing.assert_close(out['inputs'][1], normalised(inputs[1]))


@pytest.mark.parametrize('size', [(3, 4), (9, 12)])
@pytest.mark.parametrize('pad', [False, True])
def test_masks_of_a_resized_photo_keep_its_size(size, pad):
    data = {'inputs': [image(6, 8)], 'data_samples': [sample(*size)]}
    out = WSSSDataPreprocessor(mean=MEAN, std=STD, pad=pad, size_divisor=4)(data)
    assert out['data_samples'][0].gt_sem_seg.shape == size


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=3),
    st.integers(1, 4),
)
def test_padded_batches(shapes, unit):
    inputs, samples = [image(*s) for s in shapes], [sample(*s) for s in shapes]
    model = WSSSDataPreprocessor(mean=MEAN, std=STD, pad=True, size_divisor=unit)
    out = model({'inputs': inputs, 'data_samples': samples}, training=True)
    height, width = out['inputs'].shape[-2:]
    assert height % unit == width % unit == 0
    assert height - max(s[0] for s in shapes) < unit and width - max(s[1] for s in shapes) < unit
    for (h, w), x, padded, made in zip(
        shapes, inputs, out['inputs'], out['data_samples'], strict=True
    ):
        torch.testing.assert_close(padded[:, :h, :w], normalised(x))
        assert padded[:, h:].abs().sum() == padded[..., w:].abs().sum() == 0
        for name, value, fill in (('gt_sem_seg', 1, 255), ('segments', 300, 0)):
            data = made.get(name).data[0]
            assert data.shape == (height, width) and (data[:h, :w] == value).all()
            assert (data[h:] == fill).all() and (data[:, w:] == fill).all()


def test_different_sizes():
    model = WSSSDataPreprocessor(mean=MEAN, std=STD)
    data = {'inputs': [image(4, 5), image(5, 4)], 'data_samples': [sample(4, 5), sample(5, 4)]}
    with pytest.raises(ValueError, match=r"found \[\(4, 5\), \(5, 4\)\] for \['4x5', '5x4'\]"):
        model(data, training=True)
    out = model(data)['inputs']
    assert isinstance(out, list)
    torch.testing.assert_close(out[1], normalised(data['inputs'][1]))


def test_scales():
    model = WSSSDataPreprocessor(mean=MEAN, std=STD)
    inputs = [[image(2, 2), image(2, 2)], [image(4, 4), image(4, 5)]]
    out = model({'inputs': inputs, 'data_samples': [sample(4, 4), sample(4, 5)]})['inputs']
    assert out[0].shape == (2, 3, 2, 2)
    assert [tuple(x.shape) for x in out[1]] == [(3, 4, 4), (3, 4, 5)]


def test_without_samples():
    out = WSSSDataPreprocessor()({'inputs': [image(2, 2)]})
    assert out['data_samples'] is None and out['inputs'].dtype == torch.float32


def test_no_buffers_in_the_checkpoint():
    assert not WSSSDataPreprocessor().state_dict()


def test_bad_arguments():
    with pytest.raises(ValueError, match='three means'):
        WSSSDataPreprocessor(mean=(0.5,))
