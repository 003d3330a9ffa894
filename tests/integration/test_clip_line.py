"""CLIP-ES, WeCLIP, WeCLIP+ and ExCEL by their published configs, with tiny encoders."""

import itertools
from pathlib import Path

import pytest
import torch

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.engine import WSSSRunner, build_runner, load_config
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.testing import run_test
from mmwsss.models.conversion import convert_checkpoint
from mmwsss.stores import open_store
from tests.integration.test_s2c import data
from tests.test_models.test_clip import tiny_clip

CONFIGS = Path(__file__).parents[2] / 'configs'
# The published sixteenths.
SIZES = dict(tiny_clip.SIZES, vision_patch_size=16, image_resolution=64)
_names = itertools.count()


def load(name, work_dir, options):
    cfg = load_config(str(CONFIGS / name), work_dir=str(work_dir), cfg_options=options)
    cfg.experiment_name = f'clip{next(_names)}'
    return cfg


@pytest.fixture
def clip_file(tmp_path, monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers
    clip = tiny_clip.tiny_clip(vision_patch_size=16, image_resolution=64)
    torch.save(clip.module.state_dict(), tmp_path / 'clip.pt')
    return str(tmp_path / 'clip.pt')


def clip_options(clip_file):
    return {'model.clip.arch': dict(SIZES, _delete_=True), 'model.clip.checkpoint': clip_file}


def test_clip_es(tmp_path, tiny_voc, clip_file):
    """Seeds and labels of photos, without training and resumed."""
    pytest.importorskip('pydensecrf', reason='the extra [crf] is not installed')
    options = {
        **clip_options(clip_file),
        'model.prompts.template': '{}',
        'model.test_cfg.caa.layers': 3,
        **data('test_dataloader', tiny_voc),
    }
    name = 'clip_es/clip-es_vit-b16_voc.py'
    metrics = run_test(load(name, tmp_path / 'seeds', options))
    store = open_store(tmp_path / 'seeds/scores', 'scores')
    assert 'seeds/mIoU' in metrics and len(store) == 4
    assert not len(store['2007_000004'].classes), 'a photo without tags'
    assert store.meta.protocol['prompts']['template'] == '{}'
    store.path(next(iter(store))).unlink()
    assert run_test(load(name, tmp_path / 'seeds', options)) == metrics
    seeds = {'test_dataloader.dataset.pipeline.1.store': str(tmp_path / 'seeds/scores')}
    for name in ('crf', 'crf-full', 'crf-photo', 'alpha'):
        options = {**data('test_dataloader', tiny_voc), **seeds}
        metrics = run_test(load(f'clip_es/{name}.py', tmp_path / name, options))
        masks = open_store(tmp_path / f'{name}/masks', 'masks')
        assert len(masks) == 4 and not masks['2007_000004'].any()
        assert metrics['masks/undecided'] == 0 or name in ('crf', 'crf-photo')
    refiners = open_store(tmp_path / 'crf/masks').meta.refiners[0]['refiners']
    assert refiners[0]['kernel_image'] == 'wrapped' and refiners[1]['confidence'] == 0.95


def training(root, clip_file):
    return {
        **clip_options(clip_file),
        'model.prompts.template': '{}',
        'model.caa.layers': 2,
        'model.choose': 2,
        'model.channels': 16,
        'model.heads': 2,
        'model.layers': 1,
        'model.par_iterations': 2,
        'model.loss_affinity': dict(type='TokenAffinityLoss', radius=2),
        'model.test_cfg.long_side': 64,
        'batch.total': 2,
        'train_dataloader.dataset.pipeline.3.size': 64,
        'param_scheduler.0.warmup': 1,
        'train_cfg.max_iters': 4,
        'train_cfg.val_interval': 2,
        'default_hooks.checkpoint.interval': 2,
        **data('train_dataloader', root),
        **data('val_dataloader', root),
        'val_dataloader.dataset.ann_file': 'with_masks.txt',
        **data('test_dataloader', root),
    }


def second_encoder(folder):
    """A backbone in DINOv2's place, with its file."""
    from mmwsss.registry import MODELS

    arch = dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16)
    options = {
        'model.second.backbone.arch': dict(arch, _delete_=True),
        'model.second.backbone.img_size': 28,
        'model.second.channels': 16,
        'model.second.checkpoint': str(folder / 'dino.pth'),
    }
    config = dict(type='mmpretrain.VisionTransformer', arch=arch, img_size=28, patch_size=14)
    network = MODELS.build(dict(config, layer_scale_init_value=1e-5))
    torch.save(network.state_dict(), folder / 'dino.pth')
    return options


def similarities():
    """A bank of sentences, surgery on a block, and all that comes late in the training."""
    names = 'abc'
    bank = dict(sentences=[f'{a} {b}.' for a in names for b in names], centres=4, _delete_=True)
    return {
        'model.bank': bank,
        'model.surgery': 1,
        'model.learnt_after': 2,
        'model.own_labels_after': 3,
        'model.test_cfg.scales': (1.0, 1.25),
    }


@pytest.mark.parametrize('method', ['weclip', 'weclip_plus', 'excel'])
@pytest.mark.slow
def test_training_resume_and_test(method, tmp_path, tiny_voc, clip_file):
    """Killed after two of four iterations and resumed it ends with the same weights."""
    ids = sorted(path.stem for path in (tiny_voc / 'SegmentationClass').iterdir())
    (tiny_voc / 'with_masks.txt').write_text('\n'.join(ids))
    name, options = method.replace('_', '-'), training(tiny_voc, clip_file)
    if method == 'weclip_plus':
        options |= second_encoder(tmp_path) | {'model.late_after': 2}
    elif method == 'excel':
        options |= similarities()
    else:
        options |= {'model.phase2.after': 2}
    config = f'{method}/{name}_vit-b16_voc.py'
    runner = build_runner(load(config, tmp_path / 'whole', options))
    runner.train()
    scalars = set(runner.message_hub.log_scalars)
    assert {'train/loss_seg', 'val/seg/mIoU', 'val/seeds/mIoU'} <= scalars
    short = options | {'train_cfg.max_iters': 2}
    build_runner(load(config, tmp_path / 'killed', short)).train()
    build_runner(load(config, tmp_path / 'killed', options | {'resume': True})).train()
    whole, resumed = (
        torch.load(tmp_path / kind / 'iter_4.pth', weights_only=True)['state_dict']
        for kind in ('whole', 'killed')
    )
    assert not any(name.startswith(('clip', 'second.')) for name in whole)
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())

    checkpoint = str(tmp_path / 'whole/iter_4.pth')
    metrics = run_test(load(config, tmp_path / 'test', options), checkpoint)
    assert 'seg/mIoU' in metrics
    record = open_store(tmp_path / 'test/masks', 'masks').meta.protocol
    assert record['image_labels_at_test_time'] == 'not used'
    seeds = f'{method}/{name}_vit-b16-seeds_voc.py'
    assert 'seeds/mIoU' in run_test(load(seeds, tmp_path / 'seeds', options), checkpoint)
    store = open_store(tmp_path / 'seeds/scores', 'scores')
    assert len(store) == 4 and store.meta.protocol['seeds_of'] == 'image-level labels'


def test_excel_without_training(tmp_path, tiny_voc, clip_file):
    options = training(tiny_voc, clip_file) | similarities()
    config = 'excel/excel_vit-b16-no-training_voc.py'
    assert 'seeds/mIoU' in run_test(load(config, tmp_path / 'seeds', options))
    record = open_store(tmp_path / 'seeds/scores', 'scores').meta.protocol
    assert record['learnt'] is False and record['threshold'] == 0.79 and record['surgery'] == 1
    with pytest.raises(StageFailed, match='parameters to train and no checkpoint'):
        run_test(load('excel/excel_vit-b16-seeds_voc.py', tmp_path / 'learnt', options))


def test_official_checkpoint(tmp_path):
    """A state dict of the whole model, as the release saves it."""
    shapes = {
        'encoder.visual.proj': (4, 4),
        'encoder.visual.positional_embedding_new': (5, 4),
        'par.kernel': (8, 1, 3, 3),
        'decoder.linear_pred.weight': (3, 8, 1, 1),
        'decoder.linear_pred.bias': (3,),
        'decoder_fts_fuse.linear_fuse.weight': (8, 88, 1, 1),
        'decoder_fts_fuse.linear_fuse.bias': (8,),
    }
    for block in range(11):
        stem = f'decoder_fts_fuse.linears_modulelist.{block}'
        shapes |= {f'{stem}.proj.weight': (8, 4), f'{stem}.proj.bias': (8,)}
        shapes |= {f'{stem}.proj_2.weight': (8, 8), f'{stem}.proj_2.bias': (8,)}
    for block in range(3):
        stem = f'decoder.transformer.resblocks.{block}'
        shapes |= {f'{stem}.attn.in_proj_weight': (24, 8), f'{stem}.attn.in_proj_bias': (24,)}
        layers = {'attn.out_proj': (8, 8), 'mlp.c_fc': (32, 8), 'mlp.c_proj': (8, 32)}
        for layer, shape in {**layers, 'ln_1': (8,), 'ln_2': (8,)}.items():
            shapes |= {f'{stem}.{layer}.weight': shape, f'{stem}.{layer}.bias': shape[:1]}
    state = {name: torch.randn(shape) for name, shape in shapes.items()}
    torch.save(state, tmp_path / 'WeCLIP_model_iter_30000.pth')
    dropped = convert_checkpoint(
        tmp_path / 'WeCLIP_model_iter_30000.pth', tmp_path / 'ours.pth', 'weclip'
    )
    assert len(dropped) == 3
    ours = torch.load(tmp_path / 'ours.pth', weights_only=True)['state_dict']
    from mmwsss.models.heads import TokenDecoder, TokenFusion

    fusion, decoder = TokenFusion(4, 11, channels=8), TokenDecoder(3, channels=8, heads=2)
    for name, part in (('fusion', fusion), ('decoder', decoder)):
        own = {k.removeprefix(f'{name}.'): v for k, v in ours.items() if k.startswith(f'{name}.')}
        part.load_state_dict(own)
    torch.testing.assert_close(decoder.classifier.bias, state['decoder.linear_pred.bias'])
