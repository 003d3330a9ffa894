# FMA-WSSS's quasi-superpixels of all training photos: SAM's "segment everything" with crops, which
# prefers whole objects, and the rock-sand-water filter. Extra [sam]. Environment: SAM_CHECKPOINT.
# DATA: voc, coco.
_base_ = './sam_vit-h.py'

model = dict(
    proposer=dict(
        pred_iou_thresh=0.86,
        stability_score_thresh=0.92,
        crop_n_layers=1,
        crop_n_points_downscale_factor=2,
        min_mask_region_area=100,
        iou_offset=(0, 0, 0.1),
        nms_offset=(0, 0, 1.0),
        rock_sand_water=0.3,
    )
)
