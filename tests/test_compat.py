"""The stand-in for mmcv's compiled ops."""

import getpass
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from torch import nn

import mmwsss  # noqa: F401
from mmwsss import compat

REPOSITORY = Path(__file__).parents[1]


def run_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-c', code], cwd=REPOSITORY, capture_output=True, text=True
    )


def stand_in():
    import mmcv._ext

    if not isinstance(mmcv._ext, compat._StandIn):
        pytest.skip('a compiled mmcv is installed')
    return mmcv._ext


def test_importing_mmwsss_imports_nothing_heavy():
    result = run_python(
        'import sys, mmwsss\n'
        'heavy = {"torch", "numpy", "mmcv", "mmengine", "mmseg"} & set(sys.modules)\n'
        'assert not heavy, heavy\n'
        'assert mmwsss.__version__'
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    'name', ['mmseg.models', 'mmseg.apis', 'mmdet.models', 'mmpretrain.models']
)
def test_the_siblings_import(name):
    import_module(name)


def test_the_rest_of_mmcv_believes_in_the_extension():
    from mmcv.ops import get_compiler_version
    from mmengine.utils.dl_utils.misc import mmcv_full_available

    stand_in()
    assert find_spec('mmcv._ext') is not None
    assert mmcv_full_available()
    assert 'mmwsss' in get_compiler_version()


def test_a_compiled_extension_wins(tmp_path):
    """A real ``mmcv._ext`` on the path is imported, not the stand-in."""
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / '_ext.py').write_text('compiled = True\n')
    result = run_python(
        f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
        'import mmwsss.compat, mmcv._ext\n'
        'assert mmcv._ext.compiled\n'
        'assert not hasattr(mmcv._ext, "nms")'
    )
    assert result.returncode == 0, result.stderr


def test_install_is_idempotent():
    before = list(sys.meta_path)
    compat.install()
    assert sys.meta_path == before


def test_unknown_op_raises_when_called_with_the_fix():
    ext = stand_in()
    assert ext.__spec__.name == 'mmcv._ext'
    op = ext.carafe_forward  # importing it is fine
    with pytest.raises(compat.MissingOpError, match=r'carafe_forward.*mim install'):
        op(torch.zeros(1))
    with pytest.raises(AttributeError):
        ext.__path__  # noqa: B018


def attention_inputs(dtype=torch.float64):
    torch.manual_seed(0)
    shapes = torch.tensor([(5, 4), (3, 2)])
    start = torch.tensor([0, 20])
    value = torch.rand(2, 26, 3, 4, dtype=dtype, requires_grad=True)
    locations = torch.rand(2, 7, 3, 2, 5, 2, dtype=dtype, requires_grad=True)
    weights = torch.rand(2, 7, 3, 2, 5, dtype=dtype, requires_grad=True)
    return value, shapes, start, locations, weights


def test_deformable_attention_equals_mmcvs_own():
    """The autograd function, which CUDA takes, against the pure-PyTorch function."""
    from mmcv.ops.multi_scale_deform_attn import (
        MultiScaleDeformableAttnFunction,
        multi_scale_deformable_attn_pytorch,
    )

    stand_in()
    value, shapes, start, locations, weights = attention_inputs()
    leaves = (value, locations, weights)
    expected = multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)
    got = MultiScaleDeformableAttnFunction.apply(value, shapes, start, locations, weights, 64)
    assert torch.equal(got, expected)
    grad = torch.rand_like(expected)
    for a, b in zip(
        torch.autograd.grad(got, leaves, grad),
        torch.autograd.grad(expected, leaves, grad),
        strict=True,
    ):
        assert torch.equal(a, b)


def boxes(count: int = 40):
    torch.manual_seed(1)
    corner = torch.rand(count, 2) * 20
    return torch.cat([corner, corner + 1 + torch.rand(count, 2) * 15], 1), torch.rand(count)


@pytest.mark.parametrize('offset', [0, 1])
def test_nms_keeps_the_documented_boxes(offset):
    from mmcv.ops import nms

    stand_in()
    xyxy, scores = boxes()
    _, kept = nms(xyxy, scores, 0.4, offset=offset)
    expected, alive = [], scores.argsort(descending=True).tolist()
    while alive:
        best, *alive = alive
        expected.append(best)
        size = (xyxy[:, 2:] - xyxy[:, :2] + offset).prod(1)
        overlap = torch.minimum(xyxy[best, 2:], xyxy[:, 2:])
        overlap = (overlap - torch.maximum(xyxy[best, :2], xyxy[:, :2]) + offset).clamp(0).prod(1)
        iou = overlap / (size + size[best] - overlap)
        alive = [other for other in alive if iou[other] <= 0.4]
    assert kept.tolist() == expected


@pytest.mark.parametrize('aligned', [True, False])
def test_roi_align_equals_torchvision(aligned):
    import torchvision
    from mmcv.ops import roi_align

    stand_in()
    xyxy, _ = boxes(6)
    rois = torch.cat([torch.arange(6).remainder(2).float()[:, None], xyxy], 1)
    features = torch.rand(2, 3, 18, 20, requires_grad=True)
    expected = torchvision.ops.roi_align(features, rois, (4, 5), 0.5, 2, aligned)
    got = roi_align(features, rois, (4, 5), 0.5, 2, 'avg', aligned)
    assert torch.equal(got, expected)
    grad = torch.rand_like(got)
    (a,) = torch.autograd.grad(got, features, grad)
    (b,) = torch.autograd.grad(expected, features, grad)
    assert torch.equal(a, b)
    with pytest.raises(compat.MissingOpError, match='max'):
        roi_align(features, rois, (4, 5), 0.5, 2, 'max', aligned)


def test_sigmoid_focal_loss_equals_mmdets_own():
    from mmcv.ops import sigmoid_focal_loss
    from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss

    stand_in()
    torch.manual_seed(2)
    logits = torch.randn(9, 4, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 5, (9,))  # 4 is background
    one_hot = nn.functional.one_hot(target, 5)[:, :4]
    expected = py_sigmoid_focal_loss(logits, one_hot, gamma=2.0, alpha=0.25, reduction='none')
    got = sigmoid_focal_loss(logits, target, 2.0, 0.25, None, 'none')
    torch.testing.assert_close(got, expected)
    grad = torch.rand_like(got)
    torch.testing.assert_close(
        *(torch.autograd.grad(loss, logits, grad)[0] for loss in (got, expected))
    )
    with pytest.raises(compat.MissingOpError, match='class weights'):
        sigmoid_focal_loss(logits, target, 2.0, 0.25, torch.ones(4), 'none')


def mask2former(classes: int = 3, dim: int = 16) -> dict:
    """A tiny Mask2Former on a tiny Swin, deformable attention in the pixel decoder."""
    ffn = dict(
        embed_dims=dim, feedforward_channels=32, num_fcs=2, act_cfg=dict(type='ReLU', inplace=True)
    )
    attention = dict(embed_dims=dim, num_heads=2, batch_first=True)
    costs = [
        dict(type='mmdet.ClassificationCost', weight=2.0),
        dict(type='mmdet.CrossEntropyLossCost', weight=5.0, use_sigmoid=True),
        dict(type='mmdet.DiceCost', weight=5.0, pred_act=True, eps=1.0),
    ]
    return dict(
        type='mmseg.EncoderDecoder',
        data_preprocessor=dict(type='mmseg.SegDataPreProcessor', size=(64, 64), seg_pad_val=255),
        backbone=dict(
            type='mmseg.SwinTransformer',
            embed_dims=8,
            depths=(1, 1, 1, 1),
            num_heads=(1, 2, 2, 2),
            window_size=4,
        ),
        decode_head=dict(
            type='mmseg.Mask2FormerHead',
            in_channels=[8, 16, 32, 64],
            strides=[4, 8, 16, 32],
            feat_channels=dim,
            out_channels=dim,
            num_classes=classes,
            num_queries=5,
            num_transformer_feat_level=3,
            pixel_decoder=dict(
                type='mmdet.MSDeformAttnPixelDecoder',
                num_outs=3,
                norm_cfg=dict(type='GN', num_groups=4),
                act_cfg=dict(type='ReLU'),
                encoder=dict(
                    num_layers=1,
                    layer_cfg=dict(
                        self_attn_cfg=dict(num_levels=3, num_points=2, **attention), ffn_cfg=ffn
                    ),
                ),
                positional_encoding=dict(num_feats=dim // 2, normalize=True),
            ),
            positional_encoding=dict(num_feats=dim // 2, normalize=True),
            transformer_decoder=dict(
                return_intermediate=True,
                num_layers=1,
                layer_cfg=dict(self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=ffn),
            ),
            loss_cls=dict(
                type='mmdet.CrossEntropyLoss', class_weight=[1.0] * classes + [0.1], loss_weight=2.0
            ),
            loss_mask=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=5.0),
            loss_dice=dict(type='mmdet.DiceLoss', naive_dice=True, eps=1.0, loss_weight=5.0),
            train_cfg=dict(
                num_points=64,
                oversample_ratio=3.0,
                importance_sample_ratio=0.75,
                assigner=dict(type='mmdet.HungarianAssigner', match_costs=costs),
                sampler=dict(type='mmdet.MaskPseudoSampler'),
            ),
        ),
        test_cfg=dict(mode='whole'),
    )


def test_mask2former_trains_a_step_and_predicts():
    from mmengine.structures import PixelData
    from mmseg.registry import MODELS
    from mmseg.structures import SegDataSample

    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(ConfigDict(mask2former()))
    samples = []
    for _ in range(2):
        sample = SegDataSample(metainfo=dict(img_shape=(64, 64), ori_shape=(64, 64)))
        sample.gt_sem_seg = PixelData(data=torch.randint(0, 3, (1, 64, 64)))
        samples.append(sample)
    batch = dict(
        inputs=[torch.randint(0, 255, (3, 64, 64), dtype=torch.uint8) for _ in samples],
        data_samples=samples,
    )
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    losses = model(**model.data_preprocessor(batch, training=True), mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    deformable = model.decode_head.pixel_decoder.encoder.layers[0].self_attn.sampling_offsets
    assert deformable.weight.grad.abs().sum() > 0
    optimizer.step()
    model.eval()
    with torch.no_grad():
        prediction = model.test_step(batch)
    assert prediction[0].pred_sem_seg.data.shape == (1, 64, 64)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_deformable_attention_on_cuda():
    from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction

    stand_in()
    inputs = attention_inputs()
    moved = [tensor.detach().cuda().requires_grad_(tensor.requires_grad) for tensor in inputs]
    apply = MultiScaleDeformableAttnFunction.apply
    expected, got = apply(*inputs, 64), apply(*moved, 64)
    torch.testing.assert_close(got.cpu(), expected)
    expected.sum().backward()
    got.sum().backward()
    for a, b in zip(moved, inputs, strict=True):
        if b.requires_grad:
            torch.testing.assert_close(a.grad.cpu(), b.grad)


def test_users_without_a_name(monkeypatch):
    """A container's --user: torch asks for the name when torchvision is imported."""
    for name in ('LOGNAME', 'USER', 'LNAME', 'USERNAME'):
        monkeypatch.setenv(name, 'somebody')  # restored afterwards
        monkeypatch.delenv(name)
    monkeypatch.setattr('os.getuid', lambda: 54321)
    pwd = pytest.importorskip('pwd')

    def nobody(uid):
        raise KeyError(f'getpwuid(): uid not found: {uid}')

    monkeypatch.setattr(pwd, 'getpwuid', nobody)
    compat.install()
    assert getpass.getuser() == 'uid54321'
    monkeypatch.setenv('USER', 'own')
    compat.install()
    assert os.environ['USER'] == 'own'
