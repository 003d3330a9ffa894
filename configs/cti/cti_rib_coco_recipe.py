# CTI on COCO 2014 down to a segmentor, with RIB's values for IRN. Thresholds of the sure labels are
# ours.
# --set TUNED=yes makes the seeds by RIB itself (cti-rib_deit-s_coco.py, our reading of it).
# python tools/pipeline.py configs/cti/cti_rib_coco_recipe.py --set COCO_ROOT=data/coco
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_LABELS = 'train_dataloader.dataset.pipeline.LoadPseudoMask.store'
_RIB = '{{$TUNED:no}}' == 'yes'

data = 'coco'
variables = dict(COCO_ROOT='data/coco', TUNED='no')

recipe = dict(
    cti=dict(config='cti_deit-s_coco.py', action='train'),
    seeds=dict(
        config='cti-rib_deit-s_coco.py' if _RIB else 'cti_deit-s_coco.py',
        action='test',
        inputs={'load_from': 'cti.checkpoint'},
        # One store for labels, which need full size, and for the walk.
        cfg_options={'test_cfg.stride': 1},
    ),
    ir_labels=dict(
        config='../refine/ir-labels-rib.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.high': 0.4, 'model.refiner.low': 0.2},
    ),
    irn=dict(
        config='../refine/irn_r50_coco.py', action='train', inputs={_LABELS: 'ir_labels.masks'}
    ),
    masks=dict(
        config='../refine/irn_r50_coco.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    segmentor=dict(
        config='deeplabv2_r38_cti_coco.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    predict=dict(
        config='deeplabv2_r38_cti_coco.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
)
report = dict(
    title='CTI on COCO 2014',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict.masks',
)
