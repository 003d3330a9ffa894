"""Data preprocessor of models that train SAM."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmwsss.models.sam.promptable_sam import SAM_PIXELS
from mmwsss.registry import MODELS


@MODELS.register_module()
class SAMDataPreprocessor(BaseDataPreprocessor):
    """Normalise RGB images and pad them to SAM's square, on the right and at the bottom.

    Args:
        side: Side of the square.
        normalize_train: Subtract the mean and divide by the deviation in training too. As
            published (False) training sees values / 255, so that the networks get an image with
            nearly no contrast, unlike in testing.
        mean: Means of R, G, B in 0-255. Defaults to SAM's.
        std: Standard deviations of R, G, B in 0-255. Defaults to SAM's.

    Shape:
        - inputs: N uint8 images (3, h, w), or for each of V views N of them.
        - returned inputs: float32 (N, 3, S, S), or for each of V views one of these.
    """

    def __init__(
        self,
        *,
        side: int = 1024,
        normalize_train: bool = True,
        mean: Sequence[float] = SAM_PIXELS[0],
        std: Sequence[float] = SAM_PIXELS[1],
    ):
        super().__init__()
        if side < 1 or len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ValueError(
                'a side, three means and three positive deviations are expected, found '
                f'{side}, {tuple(mean)} and {tuple(std)}'
            )
        self.side, self.normalize_train = side, normalize_train
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32).view(3, 1, 1), False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(3, 1, 1), False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Batch a list of samples as ``pseudo_collate`` leaves it.

        Args:
            data: ``inputs`` and ``data_samples``.
            training: Whether it is for training.

        Raises:
            ValueError: An image is larger than the square.
        """
        data = self.cast_data(data)
        inputs = data['inputs']
        views = [inputs] if isinstance(inputs[0], Tensor) else inputs
        batches = [self._batch(view, training) for view in views]
        return {
            'inputs': batches[0] if views[0] is inputs else batches,
            'data_samples': data.get('data_samples'),
        }

    def describe(self) -> str:
        """All that the result for training depends on."""
        mean, std = (values.flatten().tolist() for values in (self.mean, self.std))
        return f'side {self.side}, normalized {self.normalize_train}, {mean}, {std}'

    def _batch(self, images: Sequence[Tensor], training: bool) -> Tensor:
        batch = self.mean.new_zeros((len(images), 3, self.side, self.side))
        for target, image in zip(batch, images, strict=True):
            height, width = image.shape[-2:]
            if max(height, width) > self.side:
                raise ValueError(
                    f'images of at most {self.side} pixels are expected, found {width} x {height}: '
                    f'the pipeline needs ToSAMFrame or Co2SAMViews with side={self.side}'
                )
            part = target[:, :height, :width]
            if training and not self.normalize_train:
                part.copy_(image.float() / 255)
            else:
                part.copy_((image.float() - self.mean) / self.std)
        return batch
