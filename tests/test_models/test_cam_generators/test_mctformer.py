"""MCTformer-V2."""

import pytest
import torch
import torch.nn.functional as F
from mmseg.structures import SegDataSample

from mmwsss.models import MCTformer
from mmwsss.models.backbones import AttentionWatch
from mmwsss.ops.max_norm import max_normalize
from mmwsss.registry import MODELS

ARCH = dict(embed_dims=12, num_layers=4, num_heads=2, feedforward_channels=24)


def config(kind='MCTformer', *, background=False, classes=3, **options):
    return dict(
        type=kind,
        backbone=dict(
            type='ClassTokenViT',
            num_classes=classes,
            background=background,
            tokenizer_channels=6 if background else None,
            arch=dict(ARCH),
            img_size=32,
            patch_size=8,
            drop_path_rate=0.0,
        ),
        head=dict(type='PatchCAMHead', in_channels=12, num_classes=classes, background=background),
        data_preprocessor=dict(type='WSSSDataPreprocessor'),
        **options,
    )


def build(*args, **options):
    torch.manual_seed(0)
    return MODELS.build(config(*args, **options)).eval()


def sample(tags, size=(32, 40)):
    result = SegDataSample(metainfo=dict(img_id='a', ori_shape=size))
    result.gt_label = torch.tensor(tags, dtype=torch.float32)
    return result


@pytest.mark.parametrize('background', [False, True])
def test_maps_by_hand(background):
    model = build(background=background, test_cfg=dict(class_blocks=2, patch_blocks=3))
    x = torch.randn(2, 3, 32, 40)
    watch = AttentionWatch(classes_from=2, patches_from=1)
    output = model.backbone(x, [watch])
    raw = model.head(output.patches)[:, -3:]
    maps = raw.relu().flatten(2) * watch.classes[:, -3:]
    expected = torch.einsum('nij,nkj->nki', watch.patches, maps).view(2, 3, 4, 5)
    got = model(x)
    torch.testing.assert_close(got.cam, expected)
    plain = build(background=background, test_cfg=dict(class_blocks=2, patch_blocks=0))
    torch.testing.assert_close(plain(x).cam.flatten(2), maps)
    scores = (output.tokens[:, -3:].mean(-1) + raw.mean((2, 3))) / 2
    torch.testing.assert_close(got.logits, scores)


def test_losses():
    model = build()
    x, tags = torch.randn(2, 3, 32, 32), torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    losses = model(x, [sample(row.tolist()) for row in tags], mode='loss')
    output = model.backbone(x)
    expected = dict(
        loss_cls=output.tokens.mean(-1), loss_patch=model.head(output.patches).mean((2, 3))
    )
    assert set(losses) == set(expected)
    for name, scores in expected.items():
        torch.testing.assert_close(losses[name], F.multilabel_soft_margin_loss(scores, tags))
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('size', [(32, 40), (33, 47), (17, 64)])
def test_seeds_of_any_size(size):
    model = build()
    x = torch.randn(1, 3, *size)
    (filled,) = model.predict(x, [sample([1, 0, 1], size)])
    assert filled.seeds.classes.tolist() == [0, 2]
    assert filled.seeds.scores.shape == (2, *size)
    both = model.cams(torch.cat([x, x.flip(-1)])).cam[:, [0, 2]]
    up = F.interpolate(both, size, mode='bilinear', align_corners=False)
    expected = max_normalize(up[0] + up[1].flip(-1))
    torch.testing.assert_close(torch.from_numpy(filled.seeds.scores), expected)


def test_mirrored_photo_has_mirrored_seeds():
    """CTI, acceptance check 9."""
    model, x = build(), torch.randn(1, 3, 32, 40)
    (first,) = model.predict(x, [sample([1, 1, 0])])
    plain = first.seeds.scores.copy()
    (second,) = model.predict(x.flip(-1), [sample([1, 1, 0])])
    torch.testing.assert_close(
        torch.from_numpy(second.seeds.scores[..., ::-1].copy()), torch.from_numpy(plain)
    )


def test_without_tags_no_seeds():
    (filled,) = build().predict(torch.randn(1, 3, 32, 40), [sample([0, 0, 0])])
    assert len(filled.seeds.classes) == 0 and filled.tag_scores.shape == (3,)


def test_an_image_smaller_than_a_patch():
    with pytest.raises(ValueError, match='smaller than a patch'):
        build().predict(torch.randn(1, 3, 7, 40), [sample([1, 0, 0], (7, 40))])


def test_refused():
    with pytest.raises(ValueError, match=r'class_blocks must be 1 to 4, .* found 5'):
        build(test_cfg=dict(class_blocks=5))
    with pytest.raises(ValueError, match=r"unknown keys \['n_layers'\]"):
        build(test_cfg=dict(n_layers=6))
    cfg = config()
    cfg['head']['background'] = True
    with pytest.raises(ValueError, match='tokens 3 of 3 classes and maps 4 of 3'):
        MODELS.build(cfg)


def test_registered_and_protocol():
    model = build()
    assert isinstance(model, MCTformer)
    assert model.protocol()['class_blocks'] is None
