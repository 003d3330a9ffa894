"""How maps of a frozen CLIP become pseudo labels of a training batch."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.models.clip.seeder import CLIPSeeder
from mmwsss.models.one_stage.segmented import Segmented
from mmwsss.ops.attention_affinity import AttentionAffinity
from mmwsss.ops.refined_label import refined_label, refined_scores
from mmwsss.ops.token_affinity import token_affinity
from mmwsss.ops.two_level_labels import inside_boxes


class TokenLabels(BaseModel):
    """The part of a ``TokenSegmentor`` that makes labels: maps, their spreading, PAR.

    Each step has its own function, so that a method can replace one: :meth:`maps`,
    :meth:`cam_tokens`, :meth:`affinity`, :meth:`weights` and :meth:`colours`.

    Attributes:
        seeder: CLIP, its prompts, and how maps are spread along its attention.
        par_iterations: Averages of PAR.
    """

    seeder: CLIPSeeder
    par_iterations: int

    @abstractmethod
    def segment(self, x: Tensor, attention: int = 0) -> Segmented:
        """Run the network on images.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            attention: Number of CLIP's last blocks whose attention is needed.
        """

    def maps(self, seen: Segmented, tags: Tensor, phase2: bool) -> tuple[list[Tensor], Tensor]:
        """Compute raw maps of each image's tags, and the attention along which to spread them.

        The maps are GradCAM's, unless a method has others.

        Args:
            seen: Output of :meth:`segment` for N images, with the attention that is needed.
            tags: Multi-hot. Shape: (N, C).
            phase2: Whether to use what the decoder has learnt.

        Returns:
            N tensors of shape (P, h, w), and (N, K, 1 + h w, 1 + h w).
        """
        assert isinstance(seen.image, CLIPTokens)
        image = self.cam_tokens(seen.image)
        cams = self.seeder.grad_cam(image, tags).split((tags > 0).sum(1).tolist())
        return list(cams), self.seeder.clip.describe(image)[1]

    def cam_tokens(self, image: CLIPTokens) -> CLIPTokens:
        """Return the tokens that GradCAM feeds into the last block."""
        return image

    def affinity(self, features: Tensor) -> Tensor:
        """Compute the affinity between patches. Shape: (N, E, h, w) to (N, h w, h w)."""
        return token_affinity(features)

    def weights(self, seen: Segmented, tags: Tensor) -> Tensor | None:
        """Return how much each patch counts when maps are spread, (N, C, h, w); None: equally."""
        return None

    @torch.no_grad()
    def class_scores(
        self, seen: Segmented, tags: Tensor, phase2: bool, caa: AttentionAffinity | None = None
    ) -> list[Tensor]:
        """Compute scores of each image's tags in [0, 1), at the resolution of patches.

        Args:
            seen: See :meth:`maps`.
            tags: Multi-hot. Shape: (N, C).
            phase2: Whether to use the affinity of the decoder's features.
            caa: How maps are spread. Defaults to the training's.

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
                    caa,
                )
                if len(own)
                else own
                for index, own in enumerate(maps)
            ]

    @torch.no_grad()
    def labels(
        self, x: Tensor, seen: Segmented, tags: Tensor, phase2: bool, boxes: Sequence | None = None
    ) -> Tensor:
        """Make pseudo labels of a batch.

        Args:
            x: Normalised images. Shape: (N, 3, H, W).
            seen: Output of :meth:`segment` for them.
            tags: Multi-hot. Shape: (N, C).
            phase2: See :meth:`class_scores`.
            boxes: Place (top, left, bottom, right) of each picture; pixels outside get 255.

        Returns:
            0 for background, 1..C for classes. Shape: (N, H, W), int64.
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
        """Return the image whose colours PAR follows in a crop: the normalised one."""
        return x
