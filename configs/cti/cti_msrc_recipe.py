# CTI on MSRC v2, refined by IRN, down to a segmentor, as on the built-in data set:
# python tools/pipeline.py configs/cti/cti_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_base_ = './cti_shapes_recipe.py'

data = 'msrc'
variables = dict(_delete_=True, MSRC_ROOT='data/msrcv2')
recipe = dict(
    predict_val=dict(
        cfg_options={
            '_delete_': True,
            'test_dataloader.dataset.ann_file': 'ImageSets/Segmentation/val.txt',
        }
    )
)
report = dict(title='CTI on MSRC v2')
