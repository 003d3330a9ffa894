"""The head of a really small Mask2Former; the whole network is in tests/test_configs.py."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.models import PseudoMaskMask2FormerHead

# mmseg's. Imported by name it would come first, before the stand-in for mmcv's compiled ops.
Mask2FormerHead = PseudoMaskMask2FormerHead.__base__
CONFIG = Path(__file__).parents[3] / 'configs/demo/mask2former_swin-tiny-small_cam_shapes.py'
CHANNELS = (32, 64, 128, 256)


@pytest.fixture(scope='module')
def heads():
    """Our head and mmseg's with equal weights, and features of two images of 64 x 64."""
    config = read_config(CONFIG).model.decode_head
    config.pop('type')
    torch.manual_seed(0)
    config['train_cfg']['num_points'] = 256
    ours = PseudoMaskMask2FormerHead(**copy.deepcopy(config))
    ours.init_weights()
    theirs = Mask2FormerHead(**copy.deepcopy(config))
    theirs.load_state_dict(ours.state_dict())
    features = [torch.randn(2, c, 16 >> i, 16 >> i) for i, c in enumerate(CHANNELS)]
    return ours, theirs, features


def labels():
    data = torch.zeros(2, 1, 64, 64, dtype=torch.long)
    data[0, :, 8:40, 8:40], data[1, :, 20:, 20:] = 3, 6
    return data


def losses(head, features, data):
    samples = [SegDataSample(gt_sem_seg=PixelData(data=x.clone())) for x in data]
    torch.manual_seed(1)
    return head.loss(features, samples, {})


def test_equals_mmseg_where_all_pixels_are_labelled(heads):
    ours, theirs, features = heads
    got, expected = losses(ours, features, labels()), losses(theirs, features, labels())
    assert list(got) == list(expected) and len(got) == 12
    for name, value in expected.items():
        assert torch.equal(got[name], value), name


def test_unlabelled_pixels_have_no_gradient(heads):
    ours, theirs, _ = heads
    data = labels()
    data[..., 32:] = 255
    for head, silent in ((ours, True), (theirs, False)):
        masks = torch.randn(2, head.num_queries, 16, 16, generator=torch.manual_seed(2))
        masks.requires_grad_()
        scores = torch.randn(2, head.num_queries, head.num_classes + 1)
        samples = [SegDataSample(gt_sem_seg=PixelData(data=x)) for x in data]
        instances, metas = head._seg_data_to_instance_data(samples)
        parts = head._loss_by_feat_single(scores, masks, instances, metas)
        sum(parts).backward()
        # Column 7 is the last of 32 / 4; points touch the cells left and right of themselves.
        assert (masks.grad[..., 9:].abs().sum() == 0) == silent
        assert masks.grad[..., :8].abs().sum() > 0


def test_matching_ignores_unlabelled_pixels(heads):
    """A query that sees the object in the unlabelled area too is as good as the mask itself."""
    ours, _, _ = heads
    data = torch.zeros(1, 64, 64, dtype=torch.long)
    data[:, 16:48, :32], data[:, :, 32:] = 3, 255
    instances, _ = ours._seg_data_to_instance_data([SegDataSample(gt_sem_seg=PixelData(data=data))])
    masks = torch.full((ours.num_queries, 16, 16), -8.0)
    masks[5, 4:12] = 8.0  # the whole band
    masks[6, 5:11, :8] = 8.0  # labelled part alone, a little too small
    result = ours._get_targets_single(
        torch.zeros(ours.num_queries, ours.num_classes + 1), masks, instances[0], {}
    )
    labels = result[0]
    assert labels[5] == 3 and labels[6] != 3


def test_image_without_labels_has_no_loss(heads):
    ours, _, features = heads
    for name, value in losses(ours, features, torch.full((2, 1, 64, 64), 255)).items():
        assert value == 0, name


def test_matching_in_half_precision(heads):
    """The cost of a mask is a sum over points, of very sure logits in late training."""
    ours, _, _ = heads
    instances, _ = ours._seg_data_to_instance_data(
        [SegDataSample(gt_sem_seg=PixelData(data=labels()[0]))]
    )
    masks = torch.randn(ours.num_queries, 16, 16) * 1e4  # stands for many more points
    scores = torch.randn(ours.num_queries, ours.num_classes + 1)
    matched = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast('cpu', torch.float16, enabled=enabled):
            matched.append(ours._get_targets_single(scores, masks, instances[0], {})[0])
    assert torch.equal(*matched)
