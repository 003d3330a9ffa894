import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import load_checkpoint
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models import SoftmaxScores
from mmwsss.registry import MODELS


class Segmentor(BaseModel):
    """Fixed logits of 3 classes and the background."""

    def __init__(self):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.zeros(4, 5, 6))

    def forward(self, inputs, data_samples, mode):
        for sample in data_samples:
            sample.seg_logits = PixelData(data=self.logits.detach())
        return data_samples


def test_scores_of_likely_classes():
    segmentor = Segmentor()
    with torch.no_grad():
        segmentor.logits[1], segmentor.logits[3, 2, 3] = -20, 5
    model = SoftmaxScores(segmentor)
    data = dict(inputs=[torch.zeros(3, 5, 6)], data_samples=[SegDataSample()])
    (sample,) = model.test_step(data)
    assert sample.seeds.classes.tolist() == [1, 2]
    assert sample.seeds.to_mask()[2, 3] == 3
    total = sample.seeds.scores.sum(0) + sample.seeds.background
    np.testing.assert_allclose(total, 1, atol=1e-5)
    assert 'seg_logits' not in sample


@pytest.mark.parametrize('tags', [[], [1], [0, 2]])
def test_tagged_classes_share_the_foreground(tags):
    segmentor = Segmentor()
    torch.nn.init.normal_(segmentor.logits, std=3)
    model = SoftmaxScores(segmentor, use_tags=True)
    given = SegDataSample()
    given.gt_label = torch.zeros(3)
    given.gt_label[tags] = 1
    (sample,) = model.test_step(dict(inputs=[torch.zeros(3, 5, 6)], data_samples=[given]))
    probabilities = segmentor.logits.detach().softmax(0).numpy()
    seeds = sample.seeds
    assert seeds.classes.tolist() == tags
    np.testing.assert_allclose(seeds.background, probabilities[0], atol=1e-6)
    if tags:
        np.testing.assert_allclose(seeds.scores.sum(0), 1 - probabilities[0], atol=1e-5)
        best = np.array(tags)[probabilities[1:][tags].argmax(0)]
        np.testing.assert_array_equal(np.array(tags)[seeds.scores.argmax(0)], best)
    assert model.store_output().protocol == {'seeds_of': 'image-level labels'}


def test_checkpoint_is_the_segmentors(tmp_path):
    segmentor = Segmentor()
    torch.nn.init.normal_(segmentor.logits)
    torch.save(dict(state_dict=segmentor.state_dict()), tmp_path / 'segmentor.pth')
    model = SoftmaxScores(Segmentor())
    load_checkpoint(model, str(tmp_path / 'segmentor.pth'), strict=True)
    assert torch.equal(model.module.logits, segmentor.logits)


def test_bad_min_score():
    with pytest.raises(ValueError, match=r'min_score must lie in \[0, 1\), found 1'):
        SoftmaxScores(Segmentor(), min_score=1)


class Mask2FormerHead(torch.nn.Module):
    """Stands for mmseg's in a test of the values alone."""


def test_sums_of_probabilities_are_not_flattened():
    """A query that is sure of class 1 on a pixel: 1, where another softmax would say 0.12."""
    segmentor = Segmentor()
    segmentor.decode_head = Mask2FormerHead()
    with torch.no_grad():
        segmentor.logits[2, 0, 0] = 1.0
        segmentor.logits[1, 0, 1], segmentor.logits[3, 0, 1] = 3.0, 1.0
    model = SoftmaxScores(segmentor, min_score=0.0)
    data = dict(inputs=[torch.zeros(3, 5, 6)], data_samples=[SegDataSample()])
    (sample,) = model.test_step(data)
    seeds = sample.seeds
    assert seeds.scores[1, 0, 0] == 1 and seeds.background[0, 0] == 0
    np.testing.assert_allclose(seeds.scores[:, 0, 1], [0.75, 0, 0.25])
    assert seeds.background[1:].min() == 1, 'what no query claims is background'
    np.testing.assert_array_equal(seeds.to_mask(), segmentor.logits.detach().argmax(0))


@pytest.mark.parametrize('kind', ['Mask2FormerHead', 'MaskFormerHead', 'PseudoMaskMask2FormerHead'])
def test_heads_that_classify_masks_are_known(kind):
    segmentor = Segmentor()
    segmentor.decode_head = object.__new__(MODELS.get(kind) or MODELS.get(f'mmseg.{kind}'))
    torch.nn.Module.__init__(segmentor.decode_head)
    assert SoftmaxScores(segmentor)._sums
    segmentor.decode_head = torch.nn.ModuleList([segmentor.decode_head])
    assert SoftmaxScores(segmentor)._sums


def test_one_channel_for_two_classes():
    segmentor = Segmentor()
    segmentor.out_channels = 1
    with pytest.raises(ValueError, match='SoftmaxScores needs a channel for the background'):
        SoftmaxScores(segmentor)
