"""WeCLIP: a frozen CLIP labels photos and carries the segmentor that learns from them."""

from torch import Tensor

from mmwsss.models.one_stage.segmented import Segmented
from mmwsss.models.one_stage.token_segmentor import TokenSegmentor
from mmwsss.registry import MODELS


@MODELS.register_module()
class WeCLIP(TokenSegmentor):
    """Frozen CLIP: A Strong Backbone for Weakly Supervised Semantic Segmentation.

    `B. Zhang et al., CVPR 2024 <https://arxiv.org/abs/2406.11189>`_. One training: GradCAM of the
    tags, spread along CLIP's attention and refined by PAR, labels each crop; a small decoder on the
    tokens of the same CLIP learns from that. In *phase 2* the affinity of the decoder's features
    corrects the attention. CLIP is frozen and not saved in checkpoints.

    Images have ImageNet's normalisation, as published, although CLIP was trained with another.

    The arguments are those of :class:`TokenSegmentor`, whose defaults are WeCLIP's on VOC; on COCO
    ``choose`` is 10.
    """

    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Run the network on images of any size; pixels that fill no whole patch are dropped.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            attention: Number of last blocks whose attention is needed.
        """
        image = self.seeder.clip.encode(x, attention, keep_blocks=True, drop_rest=True)
        fused = self.fusion([block[:, 1:].float() for block in image.blocks], image.grid)
        return Segmented(image, self.decoder(fused), fused)
