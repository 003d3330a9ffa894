"""Every training states the total batch that its learning rate belongs to."""

from pathlib import Path

import pytest

from mmwsss.config import read_config

CONFIGS = Path(__file__).parents[2] / 'configs'
FILES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.glob('*/*.py')
    if path.parent.name != '_base_' and not path.stem.endswith('_recipe')
)
# What the papers' code trains with, by the beginning of the config's name.
PUBLISHED = {
    's2c/s2c_r38': 8,
    'icam/icam_r38': 8,
    'icam/psa_r38': 8,
    'icam/largefov_r38': 10,
    'icam/pspnet_r2n101-pus_icam_coco': 32,
    'icam/pspnet_r2n101-scores_icam_coco': 32,
    'icam/pspnet': 16,
    'cti/cti_deit-s_': 64,
    'mctformer/mctformer_deit-s_': 64,
    'co2sam/co2sam_sam-b': 1,
    'fma/fma_vit-b16': 16,
    'fma/mask2former_swin-l': 4,
    'refine/psa_r38': 8,
    'refine/irn_r50': 32,
    'cam/cam_r50': 16,
    'weclip/weclip_vit-b16': 4,
    'excel/excel_vit-b16': 4,
    **{f'weclip_plus/weclip-plus_vit-b16{kind}_voc': 4 for kind in ('', '-crf', '-seeds')},
    'weclip_plus/weclip-plus_vit-b16': 8,
}


@pytest.mark.parametrize('name', FILES)
def test_training_configs_state_their_batch(name):
    cfg = read_config(CONFIGS / name)
    if not cfg.get('train_cfg') or not cfg.get('train_dataloader'):
        return
    assert 'batch_size' not in cfg.train_dataloader, 'it would be multiplied by the processes'
    assert cfg.batch.published >= 1
    wanted = next((n for start, n in PUBLISHED.items() if name.startswith(start)), None)
    assert wanted in (None, cfg.batch.published)
