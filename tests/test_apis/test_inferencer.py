import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmwsss.apis.inferencer import WSSSInferencer
from mmwsss.engine.checkpoint_io import newest_in
from mmwsss.registry import MODELS
from tests.conftest import photo
from tests.test_models.test_one_stage.test_toco import CONFIG as TOCO

CLASSES = ('background', 'cat', 'dog', 'boat')
CAM = {
    'type': 'CAMGenerator',
    'data_preprocessor': {'type': 'WSSSDataPreprocessor'},
    'backbone': {
        'type': 'mmpretrain.ResNet',
        'depth': 18,
        'num_stages': 2,
        'stem_channels': 8,
        'base_channels': 8,
        'strides': (1, 2),
        'dilations': (1, 1),
        'out_indices': (1,),
    },
    'head': {'type': 'CAMHead', 'in_channels': 16, 'num_classes': 'auto'},
    'test_cfg': {'flip': True, 'fuse': 's2c'},
}
SEGMENTOR = {
    'type': 'mmseg.EncoderDecoder',
    'data_preprocessor': {
        'type': 'mmseg.SegDataPreProcessor',
        'mean': [123.675, 116.28, 103.53],
        'std': [58.395, 57.12, 57.375],
        'size': (32, 32),
    },
    'backbone': {**CAM['backbone'], 'type': 'mmseg.ResNet'},
    'decode_head': {
        'type': 'mmseg.FCNHead',
        'in_channels': 16,
        'in_index': 0,
        'channels': 8,
        'num_convs': 1,
        'num_classes': 'auto',
        'loss_decode': {'type': 'mmseg.CrossEntropyLoss'},
    },
    'test_cfg': {'mode': 'whole'},
}
SCALES = [
    {'type': 'LoadImage'},
    {'type': 'MultiScale', 'scales': (0.5, 1.0)},
    {'type': 'PackTagged'},
]
PLAIN = [{'type': 'LoadImage'}, {'type': 'PackTagged'}]


def make_config(model, pipeline):
    dataset = {'type': 'TaggedFolder', 'data_root': '/nowhere', 'pipeline': pipeline}
    return Config({'model': model, 'test_dataloader': {'dataset': dataset}})


def save_weights(model, path):
    """Checkpoint of a network that nobody trained."""
    torch.manual_seed(0)
    counted = Config({'model': model}).model
    head = 'head' if 'head' in counted else 'decode_head'
    counted[head].num_classes = len(CLASSES) - (head == 'head')
    meta = {'dataset_meta': {'classes': CLASSES, 'palette': [[0, 0, 0]] * 4}}
    torch.save({'state_dict': MODELS.build(counted).state_dict(), 'meta': meta}, path)
    return path


@pytest.fixture(scope='module')
def cam(tmp_path_factory):
    path = save_weights(CAM, tmp_path_factory.mktemp('cam') / 'cam.pth')
    return WSSSInferencer(make_config(CAM, SCALES), path, device='cpu')


@pytest.fixture(scope='module')
def segmentor(tmp_path_factory):
    path = save_weights(SEGMENTOR, tmp_path_factory.mktemp('seg') / 'seg.pth')
    return WSSSInferencer(make_config(SEGMENTOR, PLAIN), path, device='cpu')


def test_cams_of_tagged_photos(cam, tmp_path):
    path = tmp_path / 'a.png'
    Image.fromarray(photo(32, 40)).save(path)
    images = [path, photo(32, 40), str(path), photo(40, 24, seed=1)]
    tags = [['dog'], ['dog'], ['boat', 'cat'], []]
    results = cam(images, tags, batch_size=3)
    swapped = cam([images[1], path, *images[2:]], tags, batch_size=3)
    for one, other in zip(results, swapped, strict=True):
        assert (one.seeds.scores == other.seeds.scores).all(), 'a path and its array are the same'
    assert [result.seeds.classes.tolist() for result in results] == [[1], [1], [0, 2], []]
    first, *_, last = results
    assert first.seeds.scores.shape == (1, 32, 40) and first.mask.shape == (32, 40)
    assert set(np.unique(first.mask)) <= {0, 2}
    assert first.mask.tolist() == first.seeds.to_mask(0.3).tolist()
    assert set(first.tag_scores) == set(CLASSES[1:])
    assert first.overlay().shape == first.cam_overlay().shape == (32, 40, 3)
    assert last.mask.shape == (40, 24) and not last.mask.any()


def test_batches_change_nothing(cam):
    images = [photo(32, 40, seed=seed) for seed in range(3)]
    together = cam(images, [['cat', 'dog']] * 3, batch_size=3)
    for image, result in zip(images, together, strict=True):
        (alone,) = cam(image, [['cat', 'dog']])
        np.testing.assert_allclose(alone.seeds.scores, result.seeds.scores, atol=1e-4)


def test_untagged_photos_get_the_predicted_tags(cam):
    (result,) = cam(photo(32, 40))
    predicted = [score > 0.5 for score in result.tag_scores.values()]
    assert result.seeds.classes.tolist() == np.flatnonzero(predicted).tolist()
    (result,) = cam(photo(32, 40), [[]])
    assert not len(result.seeds.classes), 'no tags are other than no information'


def test_segmentor(segmentor):
    images = [photo(32, 32), photo(32, 32, seed=1), photo(48, 40)]
    results = segmentor(images, batch_size=3)
    assert [result.mask.shape for result in results] == [(32, 32), (32, 32), (48, 40)]
    assert all(result.mask.max() <= 3 for result in results)
    (alone,) = segmentor(images[1])
    assert (alone.mask == results[1].mask).all()
    with pytest.raises(ValueError, match='a segmentor gives masks and no seeds'):
        alone.cam_overlay()
    with pytest.raises(ValueError, match='EncoderDecoder is a segmentor: it takes no tags'):
        segmentor(images, [['cat']] * 3)


@pytest.mark.parametrize('seeds', [False, True])
def test_a_one_stage_transformer_segments_unless_asked_for_seeds(tmp_path, seeds):
    model = {**TOCO, 'test_cfg': {'seeds': seeds}}
    meta = {'dataset_meta': {'classes': CLASSES}}
    torch.manual_seed(0)
    weights = {'state_dict': MODELS.build(Config({'m': model}).m).state_dict(), 'meta': meta}
    torch.save(weights, tmp_path / 'toco.pth')
    inferencer = WSSSInferencer(make_config(model, PLAIN), tmp_path / 'toco.pth', device='cpu')
    assert inferencer.makes_scores is seeds
    (result,) = inferencer(photo(32, 40), [['dog']] if seeds else None)
    assert result.mask.shape == (32, 40) and (result.seeds is not None) is seeds
    if not seeds:
        with pytest.raises(ValueError, match='ToCo is a segmentor: it takes no tags'):
            inferencer(photo(32, 40), [['dog']])


def test_mmseg_pipelines_read_bgr(segmentor, tmp_path):
    pipeline = [{'type': 'mmseg.LoadImageFromFile'}, {'type': 'mmseg.PackSegInputs'}]
    model = Config({'m': SEGMENTOR}).m
    model.data_preprocessor.bgr_to_rgb = True
    path = save_weights(SEGMENTOR, tmp_path / 'seg.pth')
    other = WSSSInferencer(make_config(model, pipeline), path, device='cpu')
    image = photo(32, 32)
    assert (other(image)[0].mask == segmentor(image)[0].mask).all()


def test_bad_tags(cam):
    image = photo(32, 40)
    with pytest.raises(ValueError, match="image 1: the tag 'dogg' is no .* did you mean 'dog'"):
        cam([image, image], [['cat'], ['dogg']])
    with pytest.raises(ValueError, match='its classes are cat, dog, boat'):
        cam(image, [['background']])
    with pytest.raises(ValueError, match='one list of class names a photo: 2 photos'):
        cam([image, image], [['cat']])
    with pytest.raises(ValueError, match='one list of class names a photo'):
        cam([image] * 3, 'cat')
    with pytest.raises(ValueError, match='image 0: class names are expected as tags, found 0'):
        cam(image, [0])


def test_bad_images(cam, tmp_path):
    with pytest.raises(ValueError, match=r'image 0: an RGB array .* found float64 \(4, 4, 3\)'):
        cam(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r'found uint8 \(0, 4, 3\)'):
        cam(np.zeros((0, 4, 3), np.uint8))
    with pytest.raises(ValueError, match='is not there'):
        cam(tmp_path / 'none.jpg')


def test_images_of_pillow(cam):
    (expected,), (found,) = cam(photo(32, 40)), cam(Image.fromarray(photo(32, 40)))
    np.testing.assert_array_equal(found.seeds.scores, expected.seeds.scores)


def test_bad_checkpoints(tmp_path, cam):
    config = make_config(CAM, SCALES)
    with pytest.raises(ValueError, match='CAMGenerator has weights to load: give a checkpoint'):
        plain = config.copy()
        plain.test_dataloader.dataset.metainfo = {'classes': CLASSES}
        WSSSInferencer(plain, device='cpu')
    path = save_weights(SEGMENTOR, tmp_path / 'seg.pth')
    with pytest.raises(ValueError, match=r'seg.pth: does not fit CAMGenerator of this config: \d+'):
        WSSSInferencer(config, path, device='cpu')


def test_bad_pipelines(tmp_path):
    path = save_weights(CAM, tmp_path / 'cam.pth')
    seeds = [{'type': 'LoadImage'}, {'type': 'LoadSeeds', 'store': 'a'}, {'type': 'PackTagged'}]
    with pytest.raises(ValueError, match='LoadSeeds reads a store that another stage makes'):
        WSSSInferencer(make_config(CAM, seeds), path, device='cpu')
    with pytest.raises(ValueError, match='must begin with LoadImage or LoadImageFromFile'):
        WSSSInferencer(make_config(CAM, SCALES[1:]), path, device='cpu')


def test_the_folder_of_a_training(tmp_path):
    with pytest.raises(FileNotFoundError, match='has no last_checkpoint'):
        newest_in(tmp_path)
    (tmp_path / 'last_checkpoint').write_text('/moved/away/epoch_3.pth')
    assert newest_in(tmp_path) == tmp_path / 'epoch_3.pth'
    assert newest_in('file.pth') == 'file.pth'
    assert newest_in(None) is None


def save_recipe(folder, tmp_path):
    """Work directory of a recipe whose CAM network and segmentor have been trained."""
    for name, model, pipeline in (('cam', CAM, SCALES), ('segmentor', SEGMENTOR, PLAIN)):
        stage = folder / name
        stage.mkdir(parents=True)
        make_config(model, pipeline).dump(stage / 'config.py')
        save_weights(model, stage / 'epoch_1.pth')
        (stage / 'last_checkpoint').write_text('/moved/from/epoch_1.pth')
        begun = f'2026-01-0{1 + (name == "segmentor")}'
        for record in ('started.json', 'done.json'):
            (stage / record).write_text(f'{{"begun": "{begun}"}}')
    return folder


def test_from_the_work_directory_of_a_recipe(tmp_path):
    folder = save_recipe(tmp_path / 'run', tmp_path)
    segmentor = WSSSInferencer.from_recipe(folder, device='cpu')
    assert not segmentor.makes_scores
    assert segmentor(photo(32, 32))[0].mask.shape == (32, 32)
    assert WSSSInferencer.from_recipe(folder, 'cam', 'cpu').makes_scores
    assert WSSSInferencer.from_recipe(folder / 'cam', device='cpu').makes_scores


def test_photos_are_read_as_the_data_set_says(tmp_path):
    image = Image.fromarray(photo(32, 40))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    path = save_weights(CAM, tmp_path / 'cam.pth')
    for upright, shape in ((True, (40, 32)), (False, (32, 40))):
        config = make_config(CAM, SCALES)
        if not upright:
            config.test_dataloader.dataset.upright = False
        config.test_dataloader.dataset.max_pixels = 100
        inferencer = WSSSInferencer(config, path, device='cpu')
        (result,) = inferencer(tmp_path / 'a.jpg', [['cat']])
        assert result.image.shape[:2] == result.mask.shape == shape
