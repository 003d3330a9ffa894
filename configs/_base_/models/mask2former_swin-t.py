# Mask2Former on Swin-T: network, losses and optimiser are those of mmseg's own config, without the
# data set, schedule and run-time that would come along if it were this file's own base.
from mmengine.config import Config

mmseg_config = Config.fromstring(
    """
_base_ = 'mmseg::mask2former/mask2former_swin-t_8xb2-160k_ade20k-512x512.py'
custom_imports = None
""",
    '.py',
)
model, optim_wrapper = mmseg_config.model, mmseg_config.optim_wrapper
model.update(_scope_='mmseg')
model.data_preprocessor.update(bgr_to_rgb=False)
model.backbone.init_cfg.update(
    checkpoint='checkpoints/swin_tiny_patch4_window7_224_20220317-1cdeb081.pth'
)
# mmseg's head takes unlabelled pixels for negatives.
model.decode_head.update(type='mmwsss.PseudoMaskMask2FormerHead', num_classes=21)
model.decode_head.loss_cls.update(class_weight=[1.0] * 21 + [0.1])
del mmseg_config, Config
