# Boxes of the image-level labels of the training photos, by a detector that is simulated from
# masks and errs. Environment: SHAPES_ROOT.
_base_ = ['../_base_/datasets/shapes.py', '../_base_/default_runtime.py']

names = ['cat', 'dog', 'bird', 'car', 'boat', 'house']
model = dict(
    type='PromptModel',
    detector=dict(type='SimulatedDetector', names=names),
    names=names,
    captions='tag',
)
test_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
test_cfg = dict(type='StoreTestLoop', kind='prompts')
test_evaluator = []
