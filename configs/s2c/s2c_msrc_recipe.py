# S2C on MSRC v2, from scratch, with colour regions in SAM's place, down to a segmentor:
# python tools/pipeline.py configs/s2c/s2c_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_PIPELINE = 'dataset.pipeline'
_SEEDS = f'test_dataloader.{_PIPELINE}.LoadSeeds.store'
_VAL = 'ImageSets/Segmentation/val.txt'

data = 'msrc'
variables = dict(MSRC_ROOT='data/msrcv2')

recipe = dict(
    proposals=dict(config='../proposals/regions.py', action='test'),
    s2c=dict(
        config='s2c_r18_msrc.py',
        action='train',
        inputs={f'train_dataloader.{_PIPELINE}.LoadProposals.store': 'proposals.proposals'},
    ),
    seeds=dict(config='s2c_r18_msrc.py', action='test', inputs={'load_from': 's2c.checkpoint'}),
    masks=dict(config='../refine/par-masks.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    segmentor=dict(
        config='deeplabv3plus_r18_s2c_msrc.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks.masks',
            'model.backbone.init_cfg.checkpoint': 's2c.checkpoint',
        },
    ),
    predict_val=dict(
        config='deeplabv3plus_r18_s2c_msrc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.ann_file': _VAL},
    ),
)
report = dict(
    title='S2C on MSRC v2',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict_val.masks',
)
