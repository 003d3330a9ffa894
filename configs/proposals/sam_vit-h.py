# SAM's "segment everything" of all training photos, with segment-anything's defaults, as in S2C.
# Extra [sam]. Environment: SAM_CHECKPOINT, published: ViT-H. The file says which SAM it is.
# DATA: voc, coco.
_base_ = ['../_base_/datasets/{{$DATA:voc}}.py', '../_base_/default_runtime.py']

model = dict(
    type='ProposeModel',
    proposer=dict(
        type='SAMAutoProposer',
        sam=dict(
            type='SAM',
            arch='auto',
            checkpoint='{{$SAM_CHECKPOINT:checkpoints/sam_vit_h_4b8939.pth}}',
        ),
    ),
)
test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='PackTagged')]))
test_cfg = dict(type='StoreTestLoop', kind='proposals')
test_evaluator = []
