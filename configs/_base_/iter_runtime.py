# For training that counts iterations, as published segmentors do. It resumes exactly with a
# DefaultSampler; with an InfiniteSampler it draws other augmentations than the uninterrupted run.
_base_ = './default_runtime.py'

default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=2000),
)
log_processor = dict(by_epoch=False)
