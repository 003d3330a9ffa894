"""Steps of the published methods' recipes: CRFs of predictions, masks for VOC's test server."""

from pathlib import Path

import pytest

from mmwsss.config import read_config
from mmwsss.ops.dense_crf import crf_protocol
from mmwsss.recipes.reading import load_recipe

CONFIGS = Path(__file__).parents[2] / 'configs'

# What a stage's CRF is: kernels, whether photos are BGR, whether classes compete.
CRFS = {
    'toco/toco_voc_recipe': ('crf_val', (1, 1, 121, 5, 4, 10), 'rgb'),
    'icam/icam_voc_recipe': ('final_val', (3, 3, 32, 13, 10, 1), 'rgb'),
    'icam/icam_extended_voc_recipe': ('final_val', (1, 3, 67, 3, 4, 10), 'rgb'),
    's2c/s2c_voc_recipe': ('predict_crf', (1, 3, 67, 3, 4, 10), 'bgr'),
    'cti/cti_rib_voc_recipe': ('predict_crf', (1, 3, 67, 3, 4, 10), 'bgr'),
    'cti/cti_irn_voc_recipe': ('predict_crf', (1, 3, 67, 3, 4, 10), 'bgr'),
    'clip_es/clip-es_voc_recipe': ('labels', (1, 3, 67, 3, 4, 10), 'bgr'),
    'icam/icam_coco_recipe': ('crf_high', (3, 3, 80, 13, 10, 10), 'rgb'),
    's2c/s2c_mask2former_voc_recipe': ('masks', (3, 3, 80, 13, 10, 10), 'rgb'),
}


@pytest.mark.parametrize('name', CRFS)
def test_crf_of_a_recipe(name):
    wanted, kernels, order = CRFS[name]
    stages = {stage.name: stage for stage in load_recipe(CONFIGS / f'{name}.py').stages}
    stage = stages[wanted]
    config = read_config(stage.config)
    config.merge_from_dict(stage.cfg_options)
    crf = config.model.refiner
    crf = crf.refiners[0] if crf.type == 'Chain' else crf
    protocol = crf_protocol(crf.get('protocol', 'psa'))
    assert (
        protocol.gaussian_sxy,
        protocol.gaussian_compat,
        protocol.bilateral_sxy,
        protocol.bilateral_srgb,
        protocol.bilateral_compat,
        protocol.iterations,
    ) == kernels
    assert crf.get('channel_order', 'rgb') == order


WITH_TEST_LIST = {
    'clip_es/clip-es': ('predict_test',),
    'fma/fma': ('predict_test',),
    'weclip/weclip': ('predict_test', 'crf_test'),
    'weclip_plus/weclip-plus': ('predict_test', 'crf_test'),
    'excel/excel': ('predict_test', 'crf_test'),
    'toco/toco': ('predict_test', 'scores_test', 'crf_test'),
    's2c/s2c': ('predict_test', 'scores_test', 'crf_test'),
    'cti/cti_rib': ('predict_test', 'scores_test', 'crf_test'),
    'cti/cti_irn': ('predict_test', 'scores_test', 'crf_test'),
    'icam/icam': ('scores_test', 'final_test'),
    'icam/icam_extended': ('scores_test', 'final_test'),
    'co2sam/co2sam': ('prompts_test', 'co2sam_test', 'predict_test'),
}


@pytest.mark.parametrize('name', WITH_TEST_LIST)
def test_stages_of_the_test_server(name, monkeypatch):
    """They come with a list alone, read no mask, and differ from those of val in the photos."""
    path = CONFIGS / f'{name}_voc_recipe.py'
    plain = [stage.name for stage in load_recipe(path).stages]
    monkeypatch.setenv('TEST_LIST', 'test')
    stages = load_recipe(path).stages
    added = stages[len(plain) :]
    assert tuple(stage.name for stage in added) == WITH_TEST_LIST[name]
    for stage in added:
        config = read_config(stage.config)
        config.merge_from_dict(stage.cfg_options)
        dataset = config.test_dataloader.dataset
        assert (dataset.split, dataset.ann_file) == (None, 'test')
        assert dataset.data_prefix.seg_map_path == ''


@pytest.mark.parametrize('backbone', ['r2n101', 'r38'])
def test_extended_training_on_either_network(backbone, monkeypatch):
    monkeypatch.setenv('BACKBONE', backbone)
    stages = load_recipe(CONFIGS / 'icam/icam_extended_voc_recipe.py').stages
    own = {Path(stage.config).stem for stage in stages if 'pspnet' in str(stage.config)}
    parts = ('-pus', '', '-scores')
    assert own == {f'pspnet_{backbone}{part}_icam_voc' for part in parts}
