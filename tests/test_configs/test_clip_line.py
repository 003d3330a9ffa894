"""The configs of CLIP-ES, WeCLIP and WeCLIP+."""

from pathlib import Path

import pytest
import torch
import yaml

from mmwsss.config import read_config
from mmwsss.models.clip.fixed_prompts import BACKGROUND
from mmwsss.refiners import CRF, Chain
from mmwsss.registry import DATASETS, METRICS, REFINERS, TRANSFORMS

CONFIGS = Path(__file__).parents[2] / 'configs'
FOLDERS = ('clip_es', 'weclip', 'weclip_plus')
ALL = sorted(path for folder in FOLDERS for path in (CONFIGS / folder).glob('*.py'))
NETWORKS = [path for path in ALL if '_vit-' in path.name]
STORES = ('LoadSeeds',)


def load(name):
    return read_config(CONFIGS / f'{name}.py')


@pytest.mark.parametrize('path', NETWORKS, ids=lambda path: path.stem)
def test_parts_exist(path):
    config = read_config(path)
    loaders = (config.get(f'{name}_dataloader') for name in ('train', 'val', 'test'))
    for loader in filter(None, loaders):
        assert DATASETS.get(loader.dataset.type) is not None
        for transform in loader.dataset.pipeline:
            TRANSFORMS.build(transform)
    evaluators = config.get('test_evaluator') or config.val_evaluator
    for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
        assert METRICS.get(evaluator.type)


@pytest.mark.parametrize('path', NETWORKS, ids=lambda path: path.stem)
def test_models_build(path, monkeypatch):
    """Their arguments are known; no weights are read."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from mmwsss.models import CLIP
    from mmwsss.models.clip.sizes import parse_sizes
    from mmwsss.models.one_stage.second_encoder import SecondEncoder
    from mmwsss.registry import MODELS

    config = read_config(path)
    model = dict(config.model)
    if model['type'] == 'CLIPPretrainer':
        return
    if model['num_classes'] == 'auto':
        model |= dict(num_classes=2, prompts={**model['prompts'], 'names': ['a', 'b']})
    clip = object.__new__(CLIP)
    clip.sizes = parse_sizes(model['clip']['arch'])
    model['clip'] = clip
    monkeypatch.setattr(SecondEncoder, '_load', staticmethod(lambda *args: None))
    with torch.device('meta'):
        built = MODELS.build(model)
    assert len(built.seeder.prompts.names) == built.num_classes


@pytest.mark.parametrize(('data', 'names', 'words'), [('voc', 20, 25), ('coco', 80, 23)])
def test_published_prompts(data, names, words):
    config = load(f'_base_/names/clip_{data}')
    assert (len(config.names), len(config.background)) == (names, words)
    assert not set(config.names) & set(config.background)
    assert set(config.background) <= set(BACKGROUND)


@pytest.mark.parametrize(('data', 'threshold'), [('voc', 0.4), ('coco', 0.7)])
def test_published_clip_es(data, threshold):
    config = load(f'clip_es/clip-es_vit-b16_{data}')
    expected = dict(threshold=threshold, source='score', rounds=3, passes=2)
    assert config.model.test_cfg.caa == expected
    assert (config.test_cfg.kind, config.test_cfg.stride) == ('scores', 1)
    for name, image, confidence in (
        ('crf', 'wrapped', 0.95),
        ('crf-full', 'wrapped', None),
        ('crf-photo', 'photo', 0.95),
    ):
        pytest.importorskip('pydensecrf', reason='the extra [crf] is not installed')
        chain = REFINERS.build(load(f'clip_es/{name}').model.refiner)
        assert isinstance(chain, Chain)
        crf, threshold = chain.refiners
        assert isinstance(crf, CRF) and crf.alpha == 1 and crf.channel_order == 'bgr'
        assert crf.kernel_image == image and threshold.confidence == confidence


PUBLISHED = {
    'weclip_vit-b16_voc': (4, 30000, 2e-3, 0.4, 6, 320),
    'weclip_vit-b16_coco': (4, 80000, 2e-3, 0.7, 10, 320),
    'weclip-plus_vit-b16_voc': (4, 30000, 2e-4, None, 6, 320),
    'weclip-plus_vit-b16_coco': (8, 80000, 2e-4, 0.7, 8, 320),
    'weclip-plus_vit-l14_voc': (4, 30000, 2e-4, None, 12, 322),
    'weclip-plus_vit-l14_coco': (8, 80000, 2e-4, 0.7, 12, 322),
}


@pytest.mark.parametrize('name', PUBLISHED)
def test_published_trainings(name):
    folder = name.split('_')[0].replace('-', '_')
    config = load(f'{folder}/{name}')
    batch, iterations, rate, threshold, choose, crop = PUBLISHED[name]
    assert config.batch == dict(published=batch)
    assert config.train_cfg.max_iters == config.param_scheduler[0].end == iterations
    assert config.param_scheduler[0].warmup == 50
    optimizer = config.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (rate, 0.01)
    assert (config.model.caa.threshold, config.model.choose) == (threshold, choose)
    (step,) = (s for s in config.train_dataloader.dataset.pipeline if s.type == 'RandomCropPad')
    assert step.size == crop and crop % (14 if 'l14' in name else 16) == 0
    assert config.test_dataloader.dataset.split == 'val'


@pytest.mark.parametrize(
    'folder, data', [('weclip', 'voc'), ('weclip', 'coco'), ('weclip_plus', 'coco')]
)
def test_tags_of_masks_are_asked_for(folder, data):
    name = folder.replace('_', '-')
    plain, masks = (
        load(f'{folder}/{name}_vit-b16{ending}_{data}') for ending in ('', '-mask-tags')
    )
    assert plain.train_dataloader.dataset.get('tags', {}).get('source') != 'masks'
    assert masks.train_dataloader.dataset.tags.source == 'masks'


def test_the_toy_second_encoder_is_the_cam_network(tmp_path):
    """Whose checkpoint the recipe gives it."""
    from mmwsss.models.one_stage.second_encoder import SecondEncoder
    from mmwsss.registry import MODELS

    cam, second = load('cam/cam_r18_shapes'), load('weclip_plus/weclip-plus_vit-tiny_shapes')
    torch.save(MODELS.build(cam.model).state_dict(), tmp_path / 'cam.pth')
    options = {**second.model.second, 'checkpoint': tmp_path / 'cam.pth'}
    assert SecondEncoder(**options)(torch.zeros(1, 3, 64, 64)).shape == (1, 128, 8, 8)
    # The default is where the training of the plain CAM ends.
    assert second.model.second.checkpoint.endswith(f'epoch_{cam.train_cfg.max_epochs}.pth')


@pytest.mark.parametrize('folder', FOLDERS)
def test_listed(folder):
    listed = yaml.safe_load((CONFIGS / folder / 'metafile.yml').read_text())['Models']
    names = {model['Name'] for model in listed}
    paths = [path for path in ALL if path.parent.name == folder]
    assert names <= {path.stem for path in paths}
    readme = (CONFIGS / folder / 'README.md').read_text()
    for path in paths:
        assert f'`{path.name}`' in readme, path.name
