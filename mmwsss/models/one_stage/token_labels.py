"""How maps of a frozen CLIP become pseudo labels of a training batch."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmwsss.models.clip.clip import CLIPTokens
from mmwsss.models.clip.seeder import CLIPSeeder
from mmwsss.models.one_stage.segmented import Segmented
from mmwsss.ops.refined_label import refined_label, refined_scores
from mmwsss.ops.token_affinity import token_affinity
from mmwsss.ops.two_level_labels import inside_boxes


class TokenLabels(BaseModel):
    """The half of a :class:`TokenSegmentor` that makes labels: maps, their spreading, PAR.

    The steps are methods of their own, so that a method can replace one: :meth:`maps`,
    :meth:`cam_tokens`, :meth:`affinity`, :meth:`weights` and :meth:`colours`.

    Attributes:
        seeder: CLIP, its prompts, and how maps are spread along its attention.
        par_iterations: Averages of PAR.
    """

    seeder: CLIPSeeder
    par_iterations: int

    @abstractmethod
    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Logits and features of images.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            attention: Last blocks of which the attention is wanted.
        """

    def maps(self, seen: Segmented, tags: Tensor, phase2: bool) -> tuple[list[Tensor], Tensor]:
        """Raw maps of each image's tags, and the attention along which they are spread.

        GradCAM, unless a method has other maps.

        Args:
            seen: N images, with the attention of the blocks that are looked at.
            tags: Multi-hot. Shape: (N, C).
            phase2: Whether what is learnt takes part.

        Returns:
            N tensors of shape (P, h, w), and (N, K, 1 + h w, 1 + h w).
        """
        assert isinstance(seen.image, CLIPTokens)
        image = self.cam_tokens(seen.image)
        cams = self.seeder.grad_cam(image, tags).split((tags > 0).sum(1).tolist())
        return list(cams), self.seeder.clip.describe(image)[1]

    def cam_tokens(self, image: CLIPTokens) -> CLIPTokens:
        """Tokens that go into the last block for GradCAM."""
        return image._replace(tokens=image.tokens.float(), hidden=image.hidden.float())

    def affinity(self, features: Tensor) -> Tensor:
        """Affinity of places. Shape: (N, E, h, w) to (N, h w, h w)."""
        return token_affinity(features)

    def weights(self, seen: Segmented, tags: Tensor) -> Tensor | None:
        """Factors of what places give in the walk, (N, C, h, w); None for none."""
        return None

    @torch.no_grad()
    def class_scores(self, seen: Segmented, tags: Tensor, phase2: bool) -> list[Tensor]:
        """Scores of each image's tags in [0, 1), at the resolution of patches.

        Args:
            seen: See :meth:`maps`.
            tags: Multi-hot. Shape: (N, C).
            phase2: Whether the affinity of the features takes part.

        Returns:
            N tensors. Shape: (P, h, w) each.
        """
        with torch.autocast(tags.device.type, enabled=False):
            maps, attention = self.maps(seen, tags, phase2)
            affinity = self.affinity(seen.features) if phase2 else None
            weights = self.weights(seen, tags) if phase2 else None
            return [
                self.seeder.scores(
                    own,
                    attention[index],
                    None if affinity is None else affinity[index],
                    None if weights is None else weights[index][tags[index] > 0],
                )
                if len(own)
                else own
                for index, own in enumerate(maps)
            ]

    @torch.no_grad()
    def labels(
        self, x: Tensor, seen: Segmented, tags: Tensor, phase2: bool, boxes: Sequence | None = None
    ) -> Tensor:
        """Pseudo labels of a batch.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            seen: What :meth:`segment` says about them.
            tags: Multi-hot. Shape: (N, C).
            phase2: See :meth:`class_scores`.
            boxes: Place (top, left, bottom, right) of each picture; what is outside is 255.

        Returns:
            0 background, 1..C, of every pixel. Shape: (N, H, W), int64.
        """
        labels = []
        for index, low in enumerate(self.class_scores(seen, tags, phase2)):
            refined = refined_scores(self.colours(x[index]), low, self.par_iterations)
            labels.append(refined_label(refined, tags[index].nonzero()[:, 0]))
        found = torch.stack(labels)
        if boxes is None:
            return found
        rows = [(top, bottom, left, right) for top, left, bottom, right in boxes]
        inside = inside_boxes(torch.tensor(rows, device=x.device), tuple(found.shape[-2:]))
        return found.masked_fill(~inside, 255)

    def colours(self, x: Tensor) -> Tensor:
        """What PAR sees of a crop: the normalised image."""
        return x
