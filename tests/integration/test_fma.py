"""FMA-WSSS from photos to the fine seed by its published configs, with a tiny CLIP and SAM."""

import itertools
import shutil
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.engine import WSSSRunner, build_runner, load_config
from mmwsss.engine.testing import run_test
from mmwsss.models.conversion import convert_checkpoint
from mmwsss.stores import open_store
from tests.integration.test_s2c import data
from tests.test_models.test_clip import tiny_clip
from tests.test_models.test_sam import tiny_sam

CONFIGS = Path(__file__).parents[2] / 'configs'
_names = itertools.count()


def load(name, work_dir, options):
    cfg = load_config(str(CONFIGS / name), work_dir=str(work_dir), cfg_options=options)
    cfg.experiment_name = f'fma{next(_names)}'
    return cfg


def propose(folder, root, sam_file):
    """The published quasi-superpixels, with fewer points and gentler thresholds."""
    sam = 'model.proposer.sam'
    options = {
        f'{sam}.arch': dict(tiny_sam.SIZES, _delete_=True),
        f'{sam}.checkpoint': sam_file,
        'model.proposer.points_per_side': 4,
        'model.proposer.pred_iou_thresh': 0.1,
        'model.proposer.stability_score_thresh': 0.5,
        'model.proposer.stability_score_offset': 0.03,
        'model.proposer.min_mask_region_area': 2,
    }
    options |= data('test_dataloader', root)
    run_test(load('proposals/fma-sam_vit-h.py', folder, options))
    return folder / 'proposals'


def network(root, clip_file, first, proposals=None):
    """Options of a published config, the resizing being its n-th transform."""
    resize, crop = (f'train_dataloader.dataset.pipeline.{first + i}' for i in (0, 1))
    options = {
        'model.clip.arch': dict(tiny_clip.SIZES, _delete_=True),
        'model.clip.checkpoint': clip_file,
        'model.prompts.length': 4,
        'model.test_cfg.caa.layers': 2,
        'batch.total': 2,
        f'{resize}.low': 32,
        f'{resize}.high': 48,
        f'{resize}.short': 32,
        f'{crop}.size': 32,
        'train_cfg.max_iters': 2,
        'train_cfg.val_interval': 9,
        'default_hooks.checkpoint.interval': 2,
        **data('train_dataloader', root),
        **data('val_dataloader', root),
        'val_dataloader.dataset.ann_file': 'with_masks.txt',
        **data('test_dataloader', root),
    }
    if proposals is not None:
        options['test_dataloader.dataset.pipeline.1.store'] = str(proposals)
    return options


def test_from_photos_to_the_fine_seed(tmp_path, tiny_voc, monkeypatch):
    monkeypatch.setattr(WSSSRunner, '_log_env', lambda *args: None)  # asks for compilers
    ids = sorted(path.stem for path in (tiny_voc / 'SegmentationClass').iterdir())
    (tiny_voc / 'with_masks.txt').write_text('\n'.join(ids))
    shutil.copytree(tiny_voc / 'SegmentationClass', tiny_voc / 'SegmentationClassAug')
    sam_file, clip_file = str(tmp_path / 'sam.pth'), str(tmp_path / 'clip.pt')
    torch.save(tiny_sam.tiny_sam(salt='b', level=0.3).module.state_dict(), sam_file)
    torch.save(tiny_clip.tiny_clip().module.state_dict(), clip_file)
    proposals = propose(tmp_path / 'proposals', tiny_voc, sam_file)
    record = open_store(proposals, 'proposals').meta.protocol['proposer']
    assert record['rock_sand_water'] == 0.3 and record['nms_offset'] == [0, 0, 1.0]

    plain, fused = (network(tiny_voc, clip_file, 2, store) for store in (None, proposals))
    plain_seg, fused_seg = (network(tiny_voc, clip_file, 3, store) for store in (None, proposals))
    build_runner(load('fma/fma_vit-b16-cls_voc.py', tmp_path / 'cls', plain)).train()
    checkpoint = str(tmp_path / 'cls' / 'iter_2.pth')
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    assert set(state) == {'prompt.ctx', 'prompt._extra_state'}

    metrics = run_test(load('fma/fma_vit-b16-cls_voc.py', tmp_path / 'seeds', plain), checkpoint)
    assert 'seeds/mIoU' in metrics and len(open_store(tmp_path / 'seeds/scores')) == 4
    run_test(load('fma/fma_vit-b16-cls-masks_voc.py', tmp_path / 'coarse', fused), checkpoint)
    coarse = open_store(tmp_path / 'coarse/masks', 'masks')
    assert len(coarse) == 4 and coarse.meta.refiners[0]['power'] == 0.6
    assert not coarse['2007_000004'].any(), 'a photo without tags'
    assert coarse.meta.parents[0]['kind'] == 'proposals'

    masks = {'train_dataloader.dataset.pipeline.1.store': str(tmp_path / 'coarse/masks')}
    cfg = load('fma/fma_vit-b16-seg_voc.py', tmp_path / 'seg', plain_seg | masks)
    runner = build_runner(cfg)
    runner.train()
    assert {'train/loss_cam_fg', 'train/loss_cam_bg'} <= set(runner.message_hub.log_scalars)
    checkpoint = str(tmp_path / 'seg' / 'iter_2.pth')
    run_test(
        load('fma/fma_vit-b16-seg-masks_voc.py', tmp_path / 'fine', fused_seg | masks), checkpoint
    )
    assert len(open_store(tmp_path / 'fine/masks')) == 4

    # The checkpoint of the other prompts is refused; an official one is converted.
    with pytest.raises(ValueError, match=r'of shape \(4, 32\) is expected as prompt.ctx'):
        run_test(load('fma/fma_vit-b16-cls_voc.py', tmp_path / 'wrong', plain), checkpoint)
    official = OrderedDict({'prompt_learner.ctx': state['prompt.ctx']})
    torch.save(official, tmp_path / 'final.pth')
    convert_checkpoint(tmp_path / 'final.pth', tmp_path / 'converted.pth', 'fma')
    cfg = load('fma/fma_vit-b16-cls_voc.py', tmp_path / 'official', plain)
    again = run_test(cfg, str(tmp_path / 'converted.pth'))
    assert again['seeds/mIoU'] == metrics['seeds/mIoU']
