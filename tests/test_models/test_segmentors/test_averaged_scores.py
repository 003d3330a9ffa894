import pytest
import torch
from mmengine.model import BaseDataPreprocessor, BaseModel
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmwsss.models import AveragedScores
from mmwsss.registry import MODELS


class Segmentor(BaseModel):
    """Gives the logits that it is shown."""

    def __init__(self):
        super().__init__(BaseDataPreprocessor())

    def test_step(self, data):
        return [SegDataSample(seg_logits=PixelData(data=own)) for own in data['inputs']]

    def forward(self, *args):
        raise AssertionError


def logits(*probabilities):
    return torch.tensor(probabilities).log()[:, None, None].expand(-1, 2, 3)


def test_mean_of_the_softmax_of_all_views():
    views = logits(0.5, 0.5, 1e-9), logits(0.9, 0.1, 1e-9)
    data = dict(inputs=[[view] for view in views])
    (sample,) = AveragedScores(Segmentor()).test_step(data)
    assert sample.seeds.classes.tolist() == [0], 'what never reaches min_score is left out'
    assert sample.seeds.scores[0, 0, 0] == pytest.approx(0.3)
    assert sample.seeds.background[0, 0] == pytest.approx(0.7)
    assert 'seg_logits' not in sample


def test_is_registered():
    assert MODELS.get('AveragedScores') is AveragedScores


@pytest.mark.parametrize('use_tags', [False, True])
def test_tags_count_here_too(use_tags):
    view = logits(0.5, 0.1, 0.4)
    model = AveragedScores(Segmentor(), use_tags=use_tags)
    tagged = SegDataSample(gt_label=torch.tensor([1.0, 0.0]))
    tagged.seg_logits = PixelData(data=view)
    (sample,) = model.merge_preds([[tagged]])
    assert sample.seeds.classes.tolist() == ([0] if use_tags else [0, 1])
    assert sample.seeds.scores[0, 0, 0] == pytest.approx(0.5 if use_tags else 0.1)
