import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.models import SAMFromMasks
from mmwsss.structures import BoxPrompts
from tests.test_models.test_sam.tiny_sam import SIZES

SIDE = SIZES['image_size']


def sample(*boxes):
    size = (SIDE, 96)
    result = SegDataSample(metainfo=dict(img_id='a', img_shape=size, ori_shape=size))
    objects = np.zeros(size, np.int64)
    for index, (x1, y1, x2, y2) in enumerate(boxes):
        objects[y1:y2, x1:x2] = index + 1
    result.objects = PixelData(data=torch.from_numpy(objects)[None])
    fractions = np.reshape(np.array(boxes, float), (-1, 4)) / [96, SIDE, 96, SIDE]
    prompts = BoxPrompts(fractions, np.ones(len(boxes)), np.arange(len(boxes)), size)
    result.set_field(prompts, 'prompts')
    return result


def test_learns_the_masks_of_a_few_boxes():
    torch.manual_seed(0)
    model = SAMFromMasks(arch=SIZES, data_preprocessor=dict(type='SAMDataPreprocessor', side=SIDE))
    samples = [sample((10, 10, 50, 60), (60, 70, 90, 120)), sample(), sample((20, 30, 80, 90))]
    x = torch.randn(3, 3, SIDE, SIDE)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, 2e-3)
    history = []
    for _ in range(12):
        losses = model(x, samples, mode='loss')
        assert set(losses) == {'loss_mask', 'loss_dice', 'loss_iou'}
        optimizer.zero_grad()
        sum(losses.values()).backward()
        idle = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
        assert not idle, 'nothing is trained in vain'
        optimizer.step()
        history.append(losses['loss_mask'].item())
    assert history[-1] < 0.9 * history[0]
    with torch.no_grad():
        done = model(x, samples, mode='predict')
    assert done[0].pred_sem_seg.data.shape == (1, SIDE, 96)
    assert not done[1].pred_sem_seg.data.any()


def test_no_object_and_bad_mode():
    model = SAMFromMasks(arch=SIZES)
    x = torch.randn(1, 3, SIDE, SIDE)
    losses = model(x, [sample()], mode='loss')
    assert losses['loss_mask'] == 0 and losses['loss_mask'].requires_grad
    losses['loss_mask'].backward()  # other processes may have objects, and wait for these gradients
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    assert model(x).shape == (1, 32, 8, 8)
    with pytest.raises(ValueError, match="mode must be 'loss', 'predict' or 'tensor'"):
        model(x, [], mode='x')
