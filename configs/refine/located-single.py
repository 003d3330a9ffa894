# Seeds weighted towards the middle of the photo, then smoothed along its colours: for single
# objects whose maps light up the setting too. The scores should keep evidence below zero
# (`model.test_cfg.fuse='shifted'` of the CAM network); their exponent was chosen on masks.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './par.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[
            dict(type='LocationPrior', sigma=0.5, power=0.25, tuned_on_masks=True),
            dict(type='PAR'),
        ],
    )
)
