"""DeepLabV2's head: parallel dilated classifiers, summed."""

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Atrous spatial pyramid pooling (ASPP) as in DeepLabV2.

    The sum of 3x3 classifiers with different dilations, straight on the features
    (`DeepLabV2 <https://arxiv.org/abs/1606.00915>`_, section 3.2, "ASPP-L"). mmseg's
    ``ASPPHead`` is DeepLabV3's, which concatenates and has image pooling.

    Args:
        in_channels (int): Channels of the backbone's feature map.
        num_classes (int): Classes, the background included.
        dilations (tuple[int, ...]): One classifier each. Defaults to (6, 12, 18, 24).
        in_index (int): Which of the backbone's feature maps. Defaults to -1.
        align_corners (bool): Of every resize of the logits. Defaults to False.
        ignore_index (int): Label without loss. Defaults to 255.
        loss_decode (dict): Defaults to cross entropy, mean over labelled pixels.
        init_cfg (dict, optional): Defaults to a normal of deviation 0.01.

    Shape:
        - Input: list of features, the chosen one (N, in_channels, h, w).
        - Output: logits (N, num_classes, h, w).
    """

    def __init__(
        self,
        in_channels: int,
        *,
        num_classes: int,
        dilations: tuple[int, ...] = (6, 12, 18, 24),
        in_index: int = -1,
        align_corners: bool = False,
        ignore_index: int = 255,
        loss_decode: dict = dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
        init_cfg: dict | None = dict(type='Normal', layer='Conv2d', std=0.01),
    ):
        if not dilations:
            raise ValueError('DeepLabV2Head: dilations is empty, expected at least one')
        super().__init__(
            in_channels,
            in_channels,
            num_classes=num_classes,
            dropout_ratio=0,
            in_index=in_index,
            align_corners=align_corners,
            ignore_index=ignore_index,
            loss_decode=loss_decode,
            init_cfg=init_cfg,
        )
        self.conv_seg = nn.ModuleList(
            nn.Conv2d(in_channels, num_classes, 3, padding=d, dilation=d) for d in dilations
        )

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Sum the classifiers' logits on the chosen feature map."""
        x = self._transform_inputs(inputs)
        return sum(classifier(x) for classifier in self.conv_seg)
