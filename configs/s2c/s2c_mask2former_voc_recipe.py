# S2C on VOC 2012 with a Mask2Former as segmentor; with --work-dir work_dirs/s2c_voc_recipe it takes
# over what that recipe has done already:
# python tools/pipeline.py configs/s2c/s2c_mask2former_voc_recipe.py --set VOC_ROOT=...
_base_ = './s2c_voc_recipe.py'

recipe = dict(
    segmentor=None,
    predict=None,
    predict_scores=None,
    predict_crf=None,
    predict_test=None,
    scores_test=None,
    crf_test=None,
    mask2former=dict(
        config='mask2former_swin-l_s2c_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    predict_mask2former=dict(
        config='mask2former_swin-l_s2c_voc.py',
        action='test',
        inputs={'load_from': 'mask2former.checkpoint'},
    ),
)
if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(
        predict_test_mask2former=dict(like='predict_mask2former', cfg_options=_base_._TEST)
    )
report = dict(title='S2C and Mask2Former on VOC 2012', predictions='predict_mask2former.masks')
