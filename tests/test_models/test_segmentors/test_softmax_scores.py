import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import load_checkpoint
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models import SoftmaxScores


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
