"""DeepLabV1's large-field-of-view head."""

from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class LargeFOVHead(BaseDecodeHead):
    """One 3x3 convolution with a large dilation, a 1x1 convolution, a classifier.

    The head of `DeepLabV1 <https://arxiv.org/abs/1412.7062>`_ (section 3.1) with
    batch norm, in the form that ICAM's final network has:
    ``fov`` 3x3 -> ``fov2`` 1x1 -> element-wise dropout -> ``conv_seg`` 1x1.

    Args:
        in_channels (int): Channels of the backbone's feature map.
        channels (int): Hidden channels. Defaults to 512.
        num_classes (int): Classes, the background included.
        dilation (int): Of the 3x3 convolution. Defaults to 12.
        dropout_ratio (float): Defaults to 0.5.
        norm_cfg (dict, optional): Norm after both convolutions; without one they
            have a bias. Defaults to ``dict(type='BN')``.
        in_index (int): Which of the backbone's feature maps. Defaults to -1.
        align_corners (bool): Of every resize of the logits. Defaults to False.
        ignore_index (int): Label without loss. Defaults to 255.
        loss_decode (dict): Defaults to cross entropy, mean over labelled pixels.
        init_cfg (dict, optional): Defaults to Kaiming (fan out) for convolutions.

    Shape:
        - Input: list of features, the chosen one (N, in_channels, h, w).
        - Output: logits (N, num_classes, h, w).
    """

    def __init__(
        self,
        in_channels: int,
        channels: int = 512,
        *,
        num_classes: int,
        dilation: int = 12,
        dropout_ratio: float = 0.5,
        norm_cfg: dict | None = dict(type='BN'),
        in_index: int = -1,
        align_corners: bool = False,
        ignore_index: int = 255,
        loss_decode: dict = dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
        init_cfg: dict | None = dict(type='Kaiming', layer='Conv2d'),
    ):
        super().__init__(
            in_channels,
            channels,
            num_classes=num_classes,
            dropout_ratio=dropout_ratio,
            norm_cfg=norm_cfg,
            in_index=in_index,
            align_corners=align_corners,
            ignore_index=ignore_index,
            loss_decode=loss_decode,
            init_cfg=init_cfg,
        )
        self.fov = ConvModule(
            in_channels, channels, 3, padding=dilation, dilation=dilation, norm_cfg=norm_cfg
        )
        self.fov2 = ConvModule(channels, channels, 1, norm_cfg=norm_cfg)
        # mmseg drops whole channels; this head drops single activations.
        self.dropout = nn.Dropout(dropout_ratio) if dropout_ratio > 0 else None

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Classify each position of the chosen feature map."""
        return self.cls_seg(self.fov2(self.fov(self._transform_inputs(inputs))))
