"""RIB on CTI's transformer."""

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.models import CTI, CTIRIB
from mmwsss.ops.pooling import non_discriminative_pooling
from mmwsss.registry import MODELS
from tests.test_models.test_cam_generators.test_mctformer import config


def network(kind='CTIRIB', **test_cfg):
    torch.manual_seed(0)
    cfg = config(kind, background=True, bg_class_blocks=2, infuse_block=1, test_cfg=test_cfg)
    cfg['data_preprocessor'] = dict(type='WSSSDataPreprocessor')
    return MODELS.build(cfg).eval()


def batch(size=(40, 51), steps=3):
    generator = torch.Generator().manual_seed(1)
    others = torch.randint(0, 256, (steps, 2, 3, 32, 32), dtype=torch.uint8, generator=generator)
    other_tags = torch.zeros(steps, 2, 3)
    other_tags[..., 1] = 1
    boxes = torch.tensor([0, 0, 32, 32]).expand(steps, 2, 4)
    meta = dict(img_id='x', ori_shape=size)
    meta |= dict(disjoint=others, disjoint_tags=other_tags, disjoint_boxes=boxes)
    sample = SegDataSample(metainfo=meta)
    sample.gt_label = torch.tensor([1.0, 0, 1])
    return [torch.randn(1, 3, *size, generator=generator)], [sample]


def seeds_of(model, **options):
    return model(*batch(**options), 'predict')[0].seeds


@pytest.mark.parametrize('size', [(40, 51), (32, 32), (17, 64)])
def test_one_step_gives_cti_s_seeds(size):
    """At any size, rests of patches too."""
    plain, tuned = seeds_of(network('CTI'), size=size), seeds_of(network(steps=1), size=size)
    assert tuned.classes.tolist() == plain.classes.tolist() == [0, 2]
    assert tuned.size == size
    np.testing.assert_allclose(tuned.scores, plain.scores, atol=1e-5)


def test_steps_change_maps_and_leave_the_weights():
    model = network(steps=3, lr=1e-2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    tuned = seeds_of(model)
    assert np.abs(tuned.scores - seeds_of(network('CTI')).scores).max() > 1e-3
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    np.testing.assert_array_equal(tuned.scores, seeds_of(model).scores)


def test_the_loss_is_of_pooled_maps_and_of_tokens():
    """Without a sigmoid, of tagged classes; both parts written out."""
    model = network()
    inputs, (sample,) = batch()
    tags = sample.gt_label[None]
    token_scores, maps, _ = model.attended(inputs[0])
    pooled = non_discriminative_pooling(maps, tags, 0.4)
    expected = pooled[0, [0, 2]].sum() + token_scores[0, [0, 2]].sum()
    torch.testing.assert_close(model._score(model.look(inputs[0]), tags), expected)


def test_both_classifiers_and_every_block_learn():
    model = network()
    seen = model.look(batch()[0][0])
    model._score(seen, torch.ones(1, 3)).backward()
    idle = {n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()}
    # The background's own map, which no tag speaks of, shares its tensors with the others.
    assert not idle, idle


def test_reads_the_checkpoint_of_cti():
    trained = network('CTI')
    report = network().load_state_dict(trained.state_dict())
    assert not report.missing_keys and not report.unexpected_keys
    assert issubclass(CTIRIB, CTI)
