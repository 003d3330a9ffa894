import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.models import PromptModel
from mmwsss.models.detectors.grounding import BoxDetector, Found

NAMES = ['cat', 'dog', 'bus']


class Echo(BoxDetector):
    """One box for each name asked for, and one of no name."""

    def __init__(self):
        self.asked = []

    def __call__(self, images, names, samples):
        self.asked += names
        return [[self._one(caption) for caption in own] for own in names]

    @staticmethod
    def _one(caption):
        count = len(caption) + 1
        boxes = np.tile(np.float32([0.1, 0.2, 0.3, 0.4]), (count, 1))
        return Found(boxes, np.full(count, 1.0 + 1e-7), np.array([*range(len(caption)), -1]))

    def protocol(self):
        return {'detector': 'echo'}


def sample(*tags, img_id='a'):
    result = SegDataSample(metainfo=dict(img_id=img_id, ori_shape=(30, 40)))
    result.gt_label = torch.tensor([float(k in tags) for k in range(3)])
    return result


def run(samples, **options):
    model = PromptModel(Echo(), names=NAMES, **options)
    images = [torch.zeros(3, 8, 9, dtype=torch.uint8) for _ in samples]
    done = model.test_step(dict(inputs=images, data_samples=samples))
    return model.detector.asked, [s.prompts for s in done]


def test_one_caption_for_each_tag():
    asked, (first, second) = run([sample(2, 0), sample()])
    assert asked == [[['cat'], ['bus']], []]
    assert first.classes.tolist() == [0, 0, 2, 2], 'what the phrase says is not looked at'
    assert first.size == (30, 40) and len(second) == 0


def test_one_caption_for_all_tags():
    asked, (first, second) = run([sample(2, 0), sample()], captions='tags')
    assert asked == [[['cat', 'bus']], []]
    assert first.classes.tolist() == [0, 2, -1] and len(second) == 0


def test_all_classes_need_no_labels():
    bare = SegDataSample(metainfo=dict(img_id='a', ori_shape=(30, 40)))
    asked, (prompts,) = run([bare], captions='all', background='background')
    assert asked == [[[*NAMES, 'background']]]
    assert prompts.classes.tolist() == [0, 1, 2, -1, -1]
    assert (prompts.scores <= 1).all()


def test_protocol():
    model = PromptModel(Echo(), names=NAMES, captions='all')
    assert model.store_output().protocol == {
        'detector': {'detector': 'echo'},
        'prompts_of': 'all class names',
    }


def test_bad_input():
    bare = SegDataSample(metainfo=dict(img_id='x/9', ori_shape=(30, 40)))
    with pytest.raises(ValueError, match=r"x/9: image-level labels .* found None.*captions='all'"):
        run([bare])
    with pytest.raises(ValueError, match="captions must be one of tag, tags, all, found 'every'"):
        PromptModel(Echo(), names=NAMES, captions='every')
    with pytest.raises(ValueError, match='names are different words'):
        PromptModel(Echo(), names=['cat', 'cat'])
    with pytest.raises(ValueError, match="a background name joins captions='all' alone"):
        PromptModel(Echo(), names=NAMES, background='background')
    with pytest.raises(ValueError, match="mode 'predict' only, found 'loss'"):
        PromptModel(Echo(), names=NAMES)([], [], mode='loss')
