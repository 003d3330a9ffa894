"""``WeCLIPPlus`` and its second encoder."""

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import BatchDiceLoss, WeCLIPPlus
from mmwsss.models.one_stage.second_encoder import SecondEncoder
from tests.test_models.test_one_stage import test_weclip
from tests.test_models.test_one_stage.test_weclip import batch, losses

DINO = dict(
    type='mmpretrain.VisionTransformer',
    arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32),
    img_size=28,
    patch_size=14,
    layer_scale_init_value=1e-5,
    out_type='featmap',
)


def second(channels=8, patch=14):
    torch.manual_seed(0)
    return SecondEncoder(nn.Conv2d(3, channels, patch, patch), channels=channels, patch=patch)


def build(**options):
    return test_weclip.build(WeCLIPPlus, **{'second': second(), **options})


def late(model, number):
    MessageHub.get_current_instance().update_info('iter', number - 1)
    return model


@pytest.fixture(autouse=True)
def first_iteration():
    yield
    MessageHub.get_current_instance().update_info('iter', 0)


def test_what_is_trained_and_saved():
    model = build()
    names = {name.split('.')[0] for name in model.state_dict()}
    assert names == {'fusion', 'second_fusion', 'decoder'}
    found = losses(model, batch((1, 0, 1), (0, 1, 0)))
    assert set(found) == {'loss_seg', 'loss_dice', 'loss_affinity', 'loss_clip', 'loss_second'}
    sum(found.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize('tags', [(0, 0, 0), (1, 1, 1)])
def test_predictions_of_one_kind_have_a_loss(tags):
    """At the start every pixel may be predicted background, or none."""
    model = build()
    for shift in (9.0, -9.0):
        with torch.no_grad():
            model.decoder.classifier.bias[0] = shift
        found = losses(model, batch(tags))
        assert all(value.isfinite() for value in found.values())
    unguarded = build(loss_seg=dict(type='BalancedCrossEntropyLoss', guarded=False))
    with torch.no_grad():
        unguarded.decoder.classifier.bias[0] = 9.0
    assert losses(unguarded, batch(tags))['loss_clip'].isnan(), 'as released'


def test_padding_teaches_neither_encoder():
    model = build().train()
    seen = model.segment(torch.randn(1, 3, 32, 64), 2)
    label = torch.zeros(1, 32, 64, dtype=torch.int64)
    label[..., 32:] = 255
    found = model.losses(seen, label, torch.ones(1, 3))
    mutual = found['loss_clip'] + found['loss_second']
    for gradient in torch.autograd.grad(mutual, seen.by_encoder):
        assert (gradient[..., :4] != 0).any() and (gradient[..., 5:] == 0).all()


def test_late_labels():
    model, label = build(late_after=3), torch.tensor([[[1, 255, 1]]])
    logits = torch.zeros(1, 4, 1, 3)
    logits[0, 2, 0, :2] = 9.0
    tags = torch.tensor([[1.0, 0, 0]])
    assert late(model, 3).late_label(logits, label, tags).equal(label)
    assert late(model, 4).late_label(logits, label, tags).tolist() == [[[2, 255, 1]]]
    model.late_tags_only = True
    assert model.late_label(logits, label, tags).equal(label)
    model.late_after = None
    assert model.late_label(logits, label, tags).equal(label)


def test_tests_and_validates():
    model = build()
    (sample,) = model.test_step(batch(None, size=(37, 45)))
    assert sample.pred_sem_seg.data.shape == (1, 37, 45)
    (sample,) = model.val_step(batch((1, 0, 0)))
    assert sample.seeds.classes.tolist() == [0]
    assert model.protocol()['second'] == dict(channels=8, patch=14, checkpoint='')


def test_dinov2_from_its_own_file(tmp_path):
    """Written under DINOv2's names, with its mask token."""
    from mmwsss.models.conversion.checkpoint_keys import rename
    from mmwsss.models.conversion.weclip_keys import DINOV2_RULES
    from mmwsss.registry import MODELS

    network = MODELS.build(DINO)
    old = {
        'layers.{}.attn.gamma1.weight': 'blocks.{}.ls1.gamma',
        'layers.{}.ffn.gamma2.weight': 'blocks.{}.ls2.gamma',
        'layers.{}.ln1.weight': 'blocks.{}.norm1.weight',
        'layers.{}.ffn.layers.0.0.weight': 'blocks.{}.mlp.fc1.weight',
    }
    for ours, theirs in old.items():
        assert rename(theirs.format(1), DINOV2_RULES) == ours.format(1)
    inverse = (
        ('.ffn.layers.0.0.', '.mlp.fc1.'),
        ('.ffn.layers.1.', '.mlp.fc2.'),
        ('.attn.gamma1.weight', '.ls1.gamma'),
        ('.ffn.gamma2.weight', '.ls2.gamma'),
        ('.ln', '.norm'),
        ('layers.', 'blocks.'),
        ('patch_embed.projection', 'patch_embed.proj'),
    )
    state = {'mask_token': torch.zeros(1, 16)}
    for name, value in network.state_dict().items():
        name = name.replace('ln1', 'norm', 1) if name.startswith('ln1') else name
        for ours, theirs in inverse:
            name = name.replace(ours, theirs)
        state[name] = torch.randn_like(value)
    torch.save(state, tmp_path / 'dino.pth')
    encoder = SecondEncoder(DINO, channels=16, checkpoint=tmp_path / 'dino.pth')
    x = torch.randn(2, 3, 33, 47)
    assert encoder(x).shape == (2, 16, 2, 3)
    assert not any(p.requires_grad for p in encoder._backbone.parameters())
    state.pop('blocks.1.ls2.gamma')
    torch.save(state, tmp_path / 'half.pth')
    with pytest.raises(ValueError, match=r'lacks 1 of the weights .* layers.1.ffn.gamma2.weight'):
        SecondEncoder(DINO, channels=16, checkpoint=tmp_path / 'half.pth')
    narrow = {**DINO, 'arch': {**DINO['arch'], 'embed_dims': 8}}
    with pytest.raises(ValueError, match='(?s)dino.pth: of another network: .*size mismatch'):
        SecondEncoder(narrow, channels=8, checkpoint=tmp_path / 'dino.pth')


def test_refused():
    with pytest.raises(ValueError, match='has no weights, and without them'):
        build(second=dict(backbone=DINO, channels=16))
    with pytest.raises(ValueError, match=r'gives \(1, 8, 2, 3\), expected \(N, 9, h, w\)'):
        SecondEncoder(nn.Conv2d(3, 8, 14, 14), channels=9)(torch.zeros(1, 3, 28, 42))
    with pytest.raises(ValueError, match='smaller than a patch of 14'):
        second().size((13, 40))
    with pytest.raises(ValueError, match=r'cam_block is -1..-2 for this CLIP, found -3'):
        build(cam_block=-3)


def test_dice():
    """Of a perfect prediction of two of four classes, absent ones count 0."""
    label = torch.tensor([[[0, 1], [1, 255]]])
    logits = 99 * nn.functional.one_hot(label % 255, 4).movedim(-1, 1).float()
    assert BatchDiceLoss(count_ignored=False)(logits, label).item() == pytest.approx(0.5)
    assert BatchDiceLoss()(logits, label).item() > 0.5
