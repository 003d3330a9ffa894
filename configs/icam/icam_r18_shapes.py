# ICAM on the built-in data set, from the network of icam_r18-plain_shapes.py (environment:
# CAM_CHECKPOINT). Ours.
_base_ = './icam_r18-plain_shapes.py'

max_epochs = 4

model = dict(
    loss_sampling=dict(_delete_=True, type='ImportanceSamplingLoss', num_samples=100),
    loss_similarity=dict(
        _delete_=True, type='FeatureSimilarityLoss', mu=2.5, sigma=1.25, loss_weight=0.5
    ),
)
load_from = '{{$CAM_CHECKPOINT:work_dirs/icam_r18-plain_shapes/epoch_8.pth}}'

optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
