# For training that counts iterations, as published segmentors do. It resumes, but draws other
# augmentations than the uninterrupted run would have drawn.
_base_ = './default_runtime.py'

default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=2000),
)
log_processor = dict(by_epoch=False)
