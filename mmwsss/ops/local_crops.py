"""Local crops taken where it is uncertain whether a photo shows an object (ToCo)."""

import torch
from torch import Tensor


def certainty(scores: Tensor, tags: Tensor, *, high: float = 0.7, low: float = 0.25) -> Tensor:
    """Classify pixels as certain background, uncertain or certain object.

    Args:
        scores: In [0, 1]. Shape: (N, C, H, W).
        tags: Image labels, multi-hot; other classes are left out. Shape: (N, C).
        high: Scores from here on are a certain object.
        low: Scores up to here are certain background.

    Returns:
        0 background, 2 object, 1 uncertain. Shape: (N, H, W), uint8.
    """
    best = (scores * tags[:, :, None, None]).amax(1)
    return (best > low).to(torch.uint8) + ((best >= high) & (best > low))


def draw_corners(certainties: Tensor, size: int, number: int) -> Tensor:
    """Draw crops whose centres are not on a certain object.

    If an image has fewer such places than crops, any place is allowed. Draws one permutation per
    image from torch's CPU generator.

    Args:
        certainties: See :func:`certainty`. Shape: (N, H, W).
        size: Side of a crop in pixels.
        number: Number L of crops per image.

    Returns:
        Rows and columns of top left corners, all different. Shape: (N, L, 2), int64.

    Raises:
        ValueError: The images are too small for this many crops.
    """
    half = size // 2
    height, width = certainties.shape[1:]
    centres = certainties[:, half : height - half, half : width - half].cpu() <= 1
    if centres[0].numel() < number:
        raise ValueError(
            f'images of {height} x {width} pixels have {centres[0].numel()} places for crops of '
            f'{size}, expected at least {number}: enlarge the images or set smaller local crops'
        )
    corners = []
    for allowed in centres:
        found = allowed.nonzero()
        if len(found) < number:
            found = torch.ones_like(allowed).nonzero()
        corners.append(found[torch.randperm(len(found))[:number]])
    return torch.stack(corners)


def cut_crops(images: Tensor, corners: Tensor, size: int) -> Tensor:
    """Cut the crops out of the images.

    Args:
        images: Shape: (N, ..., H, W).
        corners: Rows and columns of top left corners. Shape: (N, L, 2).
        size: Side of a crop in pixels.

    Returns:
        Crop-major: crop 0 of every image first. Shape: (L, N, ..., size, size).
    """
    crops = [
        image[..., y : y + size, x : x + size]
        for places in corners.unbind(1)
        for image, (y, x) in zip(images, places.tolist(), strict=True)
    ]
    return torch.stack(crops).unflatten(0, (corners.shape[1], len(images)))


def shows_object(certainties: Tensor, corners: Tensor, size: int, ratio: float = 0.2) -> Tensor:
    """Whether each crop may show an object.

    Args:
        certainties: See :func:`certainty`. Shape: (N, H, W).
        corners: See :func:`draw_corners`. Shape: (N, L, 2).
        size: Side of a crop in pixels.
        ratio: A crop shows no object if its mean certainty is at most this.

    Returns:
        Shape: (N, L), bool.
    """
    crops = cut_crops(certainties, corners, size)
    return (crops.flatten(2).sum(-1) / size**2 > ratio).T
