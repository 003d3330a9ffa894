"""Values that the published codes use, written down once more beside the configs that have them.

A key that ends in ``[type]`` finds the step of that type in a list.
"""

import re
from pathlib import Path

import pytest

from mmwsss.config import read_config

CONFIGS = Path(__file__).parents[2] / 'configs'

AUGMENT = 'train_dataloader.dataset.pipeline'
TEST = 'test_dataloader.dataset.pipeline'
SGD_PSA = {  # the optimiser of the PSA family hands the weight decay on as momentum
    'optim_wrapper.optimizer.type': 'SGD',
    'optim_wrapper.optimizer.momentum': 5e-4,
    'optim_wrapper.optimizer.weight_decay': 5e-4,
    'param_scheduler.type': 'PSAPolyLR',
    'param_scheduler.power': 0.9,
    'train_dataloader.drop_last': True,
}
PUBLISHED = {
    's2c/s2c_r38_voc': SGD_PSA
    | {
        'optim_wrapper.optimizer.lr': 0.02,
        'optim_wrapper.paramwise_cfg': None,  # fc8 and fc9 learn as fast as the rest
        'train_cfg.max_epochs': 40,
        'batch.published': 8,
        'model.cpm_begin': 2,
        f'{AUGMENT}[RandomResizeLong].low': 256,
        f'{AUGMENT}[RandomResizeLong].high': 512,
        f'{AUGMENT}[ColorJitter].prob': 0.8,
        f'{AUGMENT}[ColorJitter].gray_prob': 0.02,
        f'{AUGMENT}[RandomCropPad].size': 256,
        f'{TEST}[MultiScale].scales': (0.5, 1.0, 1.5, 2.0),
        'test_evaluator.early_stop': True,
        'test_cfg.stride': 1,
    },
    'icam/icam_r38_voc': SGD_PSA
    | {
        'optim_wrapper.optimizer.lr': 0.01,
        'optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult': 10,
        'train_cfg.max_epochs': 8,
        'batch.published': 8,
        'model.sampling_weight': 0.8,
        'model.view_scale': 0.3,
        'model.loss_sampling.num_samples': 100,
        'model.loss_similarity.mu': 2.5,
        'model.loss_similarity.sigma': 5.0,
        'model.loss_similarity.loss_weight': 0.5,
        f'{AUGMENT}[RandomResizeLong].low': 448,
        f'{AUGMENT}[RandomResizeLong].high': 768,
        f'{AUGMENT}[ColorJitter].hue': 0.1,
        f'{AUGMENT}[RandomCropPad].size': 448,
        f'{TEST}[MultiScale].scales': (0.5, 1.0, 1.5, 2.0),
        'test_evaluator[SeedMetric].background': 0.5,
        'test_evaluator[SeedMetric].absent': 'zero',
    },
    'icam/psa_r38_icam_voc': SGD_PSA
    | {
        'optim_wrapper.optimizer.lr': 0.01,
        'train_cfg.max_epochs': 8,
        'model.test_cfg.beta': 8,
        'model.test_cfg.log_steps': 6,
        'model.test_cfg.alpha': 6,
        f'{AUGMENT}[RandomCropPad].fill': 0,
    },
    'icam/largefov_r38_icam_voc': {
        'optim_wrapper.optimizer.lr': 1e-3,
        'optim_wrapper.optimizer.momentum': 0.9,
        'optim_wrapper.optimizer.weight_decay': 5e-4,
        'param_scheduler.end': 20001,
        'train_cfg.max_iters': 20000,
        'batch.published': 10,
        'model.backbone.norm_cfg.momentum': 3e-4,
        'model.backbone.norm_eval': False,
        'model.backbone.frozen_stages': 0,
        'model.scales': (0.5, 0.75, 1.0, 1.25, 1.5, 1.75),
        f'{AUGMENT}[HSVShift].delta': 10,
        f'{AUGMENT}[RandomRescale].low': 0.5,
        f'{AUGMENT}[RandomRescale].high': 1.5,
    },
    'icam/pspnet_r2n101-pus_icam_voc': {
        'optim_wrapper.optimizer.lr': 5e-3,
        'param_scheduler.eta_min': 1e-4,
        'train_cfg.max_iters': 20000,
        'batch.published': 16,
        'model.decode_head.loss_decode.beta': 0.5,
        'model.decode_head.loss_decode.k': 0.5,
        'model.auxiliary_head.loss_decode.loss_weight': 0.4,
        'model.test_cfg.stride': (480, 480),
    },
    'icam/pspnet_r2n101-pus_icam_coco': {
        'optim_wrapper.optimizer.lr': 0.01,
        'param_scheduler.eta_min': 5e-5,
        'train_cfg.max_iters': 40000,
        'batch.published': 32,
        'model.decode_head.loss_decode.beta': 0.8,
        'model.auxiliary_head.loss_decode.k': 0.8,
    },
    'cti/cti_deit-s_voc': {
        'optim_wrapper.optimizer.lr': 6.25e-5,
        'model.infuse_begin': 0,
        'model.loss_bg.loss_weight': 0.1,
        'model.loss_intra.loss_weight': 1.0,
        'model.loss_cross.loss_weight': 1.0,
        'batch.published': 64,
        'test_evaluator.early_stop': True,
        'test_cfg.stride': 1,
    },
    'cti/cti_deit-s_coco': {
        'optim_wrapper.optimizer.lr': 6.25e-5,
        'optim_wrapper.optimizer.weight_decay': 0.05,
        'param_scheduler.warmup_epochs': 5,
        'param_scheduler.warmup_lr': 1e-6,
        'param_scheduler.eta_min': 1e-5,
        'train_cfg.max_epochs': 60,
        f'{AUGMENT}[TwoViews].strong[RandAugment].magnitude': 9,
        f'{AUGMENT}[TwoViews].strong[RandAugment].magnitude_std': 0.5,
        f'{AUGMENT}[TwoViews].weak[RandomResizedCrop].area': (0.3, 1.2),
        'model.infuse_begin': 2,
    },
    'toco/toco_vit-b_voc': {
        'optim_wrapper.optimizer.lr': 6e-5,
        'optim_wrapper.optimizer.weight_decay': 0.01,
        'param_scheduler.warmup': 1500,
        'param_scheduler.power': 0.9,
        'param_scheduler.end': 20000,
        'batch.published': 4,
        'model.high': 0.7,
        'model.low': 0.25,
        'model.segment_from': 2001,
        'model.loss_ctc.temperature': 0.5,
        'model.loss_ptc.loss_weight': 0.2,
        'model.loss_ctc.loss_weight': 0.5,
        'model.loss_seg.loss_weight': 0.1,
        'model.loss_reg.loss_weight': 0.05,
        'model.test_cfg.scales': (1.0, 1.5, 1.25),
        'model.test_cfg.merge_flips': 'sum',
        'model.test_cfg.merge_scales': 'max',
    },
    'toco/toco_vit-b_coco': {
        'param_scheduler.end': 80000,
        'batch.published': 8,
        'model.high': 0.65,
        'model.segment_from': 8001,
        'model.contrast_from': 12001,
        'model.own_cam_from': 12001,
        'model.loss_ctc.temperature': 1.0,
        'model.test_cfg.side': 448,
        'model.test_cfg.merge_flips': 'max',
        'model.test_cfg.merge_scales': 'sum',
        'val_evaluator[SeedMetric].background': 0.45,
    },
    'toco/toco_vit-b-scores_voc': {'model.min_score': 0.0, 'test_cfg.stride': 1},
    's2c/deeplabv2_r38-scores_s2c_voc': {'model.min_score': 0.0, 'test_cfg.stride': 1},
    'cti/deeplabv2_r38-scores_cti_voc': {'model.min_score': 0.0, 'test_cfg.stride': 1},
    'icam/largefov_r38-scores_icam_voc': {'model.min_score': 0.0, 'test_cfg.stride': 1},
    'weclip/weclip_vit-b16_voc': {
        'optim_wrapper.optimizer.lr': 2e-3,
        'param_scheduler[PolyWarmupLR].warmup': 50,
        'param_scheduler[PolyWarmupLR].power': 1.0,
        'train_cfg.max_iters': 30000,
        'batch.published': 4,
        'model.caa.threshold': 0.4,
        'model.caa.rounds': 3,
        'model.caa.layers': 8,
        'model.choose': 6,
        'model.phase2.after': 9144,
        f'{AUGMENT}[RandomCropPad].size': 320,
        f'{AUGMENT}[RandomCropPad].fill': 0,
        f'{AUGMENT}[RandomScale].cut': True,
    },
    'weclip/weclip_vit-b16_coco': {
        'train_cfg.max_iters': 80000,
        'model.caa.threshold': 0.7,
        'model.choose': 10,
        'model.phase2.after': 40000,
    },
    'weclip_plus/weclip-plus_vit-b16_voc': {
        'optim_wrapper.optimizer.lr': 2e-4,
        'batch.published': 4,
        'model.caa.threshold': None,
        'model.choose': 6,
        'model.cam_block': -2,
        'model.late_after': 18001,
        'model.test_cfg.scales': (1.0, 1.5),
    },
    'weclip_plus/weclip-plus_vit-b16_coco': {
        'batch.published': 8,
        'train_cfg.max_iters': 80000,
        'model.caa.threshold': 0.7,
        'model.choose': 8,
        'model.cam_block': -1,
        'model.late_after': 40001,
    },
    'excel/excel_vit-b16_voc': {
        'optim_wrapper.optimizer.lr': 1e-3,
        'param_scheduler[PolyWarmupLR].warmup': 50,
        'train_cfg.max_iters': 30000,
        'model.caa.threshold': 0.79,
        'model.learnt_after': 14000,
        'model.own_labels_after': 24000,
    },
    'excel/excel_vit-b16_coco': {
        'param_scheduler[PolyWarmupLR].warmup': 200,
        'train_cfg.max_iters': 100000,
        'model.caa.threshold': 0.88,
        'model.learnt_after': 30000,
        'model.own_labels_after': None,
        'model.test_cfg.flip_first': True,
        'model.test_cfg.average_at': 0.2,
    },
    'excel/excel_vit-b16-crf_voc': {'model.test_cfg.crf': 'deeplab'},
    'clip_es/clip-es_vit-b16_voc': {
        'model.test_cfg.caa': dict(threshold=0.4, source='score', rounds=3, passes=2),
        f'{TEST}[ResizeToMultiple].divisor': 16,
    },
    'clip_es/clip-es_vit-b16_coco': {'model.test_cfg.caa.threshold': 0.7},
    'fma/fma_vit-b16-cls_voc': {
        'optim_wrapper.optimizer.lr': 1e-3,
        'optim_wrapper.optimizer.momentum': 0.9,
        'optim_wrapper.optimizer.weight_decay': 5e-4,
        'train_cfg.max_iters': 1800,
        'batch.published': 16,
        f'{AUGMENT}[RandomResizeCovering].low': 288,
        f'{AUGMENT}[RandomResizeCovering].high': 480,
        'model.test_cfg.caa': dict(threshold=0.4, source='score'),
        'test_dataloader.dataset.data_prefix.seg_map_path': 'SegmentationClassAug',
        'test_dataloader.dataset.split': 'train_aug',
    },
    'fma/fma_vit-b16-seg_voc': {
        'train_cfg.max_iters': 17000,
        'model.prompts.std': 0.0125,
        'model.prompts.layout': 'front',
        'model.prompts.context': 'class_specific',
        'model.tags_of_crop': True,
        'model.test_cfg.caa': dict(threshold=0.5, source='cam'),
    },
    'fma/fma_vit-b16-cls_coco': {
        'train_cfg.max_iters': 6150,
        'param_scheduler[CosineAnnealingLR].end': 20500,
        'model.sub_batches': 4,
        'model.test_cfg.caa': dict(threshold=0.6, source='cam'),
        f'{AUGMENT}[RandomResizeCovering].high': 530,
    },
    'fma/fma_vit-b16-seg_coco': {
        'train_cfg.max_iters': 45000,
        'param_scheduler[CosineAnnealingLR].end': 75000,
        'model.sub_batches': 8,
        'model.test_cfg': None,
        f'{AUGMENT}[RandomResizeCovering].high': 531,
    },
    'fma/fma_vit-b16-cls-masks_voc': {'model.seeding.power': 0.6},
    'fma/fma_vit-b16-seg-masks_voc': {'model.seeding.power': 0.7},
    'fma/fma_vit-b16-seg-masks_coco': {'model.seeding.power': 1.0},
    'proposals/fma-sam_vit-h': {
        'model.proposer.pred_iou_thresh': 0.86,
        'model.proposer.stability_score_thresh': 0.92,
        'model.proposer.crop_n_layers': 1,
        'model.proposer.iou_offset': (0, 0, 0.1),
        'model.proposer.rock_sand_water': 0.3,
    },
    'co2sam/co2sam_sam-b_voc': {
        'optim_wrapper.optimizer.lr': 1e-4,
        'optim_wrapper.optimizer.weight_decay': 1e-4,
        'param_scheduler.warmup': 250,
        'param_scheduler.milestones': (60000, 86666),
        'train_cfg.max_epochs': 50,
        'batch.published': 1,
        'model.loss.focal_weight': 30.0,
        'model.loss.entropy_weight': 1.0,
        'model.sam.rank': 4,
    },
    'co2sam/co2sam_sam-b_coco': {
        'train_cfg.max_epochs': 10,
        'model.loss.focal_weight': 20.0,
        'model.loss.entropy_weight': 0.0,
    },
    'refine/rib_r50_voc': {
        'model.test_cfg.lr': 8e-6,
        'model.test_cfg.pool_threshold': 0.4,
        'model.test_cfg.logit_limit': 600,
        'model.test_cfg.cover_limit': 0.7,
        f'{TEST}[LoadDisjoint].batch_size': 20,
    },
    'refine/rib_r50_coco': {
        'model.test_cfg.lr': 5e-6,
        'model.test_cfg.pool_threshold': 0.5,
        'model.test_cfg.logit_limit': 1000,
        'model.test_cfg.cover_limit': 0.8,
        f'{TEST}[LoadDisjoint].batch_size': 15,
    },
    'refine/irn_r50_voc': {
        'optim_wrapper.optimizer.lr': 0.1,
        'optim_wrapper.optimizer.momentum': 1e-4,
        'optim_wrapper.optimizer.weight_decay': 1e-4,
        'optim_wrapper.paramwise_cfg.custom_keys.disp.lr_mult': 10,
        'train_cfg.max_epochs': 3,
        'batch.published': 32,
    },
}


def find(config, key):
    """Value of a dotted key, None where a part of it is not set."""
    for name, kind in re.findall(r'([^.\[\]]+)(?:\[(\w+)\])?', key):
        config = config.get(name) if config is not None else None
        if kind:
            (config,) = (step for step in config if step['type'].endswith(kind))
    return config


@pytest.mark.parametrize('name', PUBLISHED)
def test_published_values(name):
    config = read_config(CONFIGS / f'{name}.py')
    plain = lambda value: tuple(value) if isinstance(value, list) else value  # noqa: E731
    found = {key: plain(find(config, key)) for key in PUBLISHED[name]}
    assert found == PUBLISHED[name]
