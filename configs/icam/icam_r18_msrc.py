# ICAM on MSRC v2, from the network of icam_r18-plain_msrc.py (environment: CAM_CHECKPOINT). Ours.
_base_ = './icam_r18-plain_msrc.py'

max_epochs = 20

model = dict(
    loss_sampling=dict(_delete_=True, type='ImportanceSamplingLoss', num_samples=100),
    loss_similarity=dict(
        _delete_=True, type='FeatureSimilarityLoss', mu=2.5, sigma=1.25, loss_weight=0.5
    ),
)
load_from = '{{$CAM_CHECKPOINT:work_dirs/icam_r18-plain_msrc/epoch_60.pth}}'

optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
