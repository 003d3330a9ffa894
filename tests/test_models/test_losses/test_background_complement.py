"""The background is what the foreground is not."""

import pytest
import torch

from mmwsss.models import BackgroundComplementLoss
from mmwsss.models.losses.background_complement import refine_maps
from mmwsss.ops.max_norm import max_normalize


def case(seed=0, count=2):
    torch.manual_seed(seed)
    attention = torch.rand(count, 12, 12).softmax(-1)
    tags = torch.tensor([[1.0, 0, 1], [0, 1, 0]])[:count]
    return torch.rand(count, 4, 3, 4), torch.rand(count, 4, 3, 4), attention, tags


def test_by_hand():
    cams, classes, patches, tags = case()
    total = 0.0
    for image in range(2):
        maps = cams[image] * classes[image]
        refined = []
        for own in (maps[1:][tags[image] > 0].amax(0), maps[0]):
            values = [
                sum(patches[image, i, j] * own.flatten()[j] for j in range(12)) for i in range(12)
            ]
            refined.append(max_normalize(torch.stack(values).view(1, 3, 4)))
        total += (1 - refined[0] - refined[1]).abs().mean()
    value = BackgroundComplementLoss(loss_weight=0.5)(cams, classes, patches, tags)
    torch.testing.assert_close(value, 0.5 * total / 2)


def test_perfect_complement():
    """With attention to itself, a background of 1 where the class is 0."""
    foreground = torch.tensor([[[[0.0, 0, 1, 1]]]])
    cams = torch.cat([1 - foreground, foreground], 1)
    loss = BackgroundComplementLoss(loss_weight=1.0)
    assert loss(cams, torch.ones_like(cams), torch.eye(4)[None], torch.ones(1, 1)) < 1e-4


@pytest.mark.parametrize('detached', [False, True])
def test_gradient(detached):
    """Detached maps learn as background, and their attention as foreground too."""
    cams, classes, patches, tags = (x.requires_grad_() for x in case())
    loss = BackgroundComplementLoss(detach_foreground=detached)
    loss(cams, classes, patches, tags.detach()).backward()
    assert cams.grad[:, 0].any() and classes.grad[:, 1:].any() and patches.grad.any()
    assert cams.grad[:, 1:].any() != detached


def test_without_tags_the_background_is_everywhere():
    cams, classes, patches, tags = case()
    loss = BackgroundComplementLoss(loss_weight=1.0)
    background = max_normalize(loss.refined(cams, classes, patches, 0 * tags))[:, 1]
    value = loss(cams, classes, patches, 0 * tags)
    torch.testing.assert_close(value, (1 - background).mean())


def test_rows_are_what_a_patch_attends_to():
    maps = torch.arange(4.0).view(1, 1, 2, 2)
    attention = torch.zeros(1, 4, 4)
    attention[0, :, 3] = 2
    assert refine_maps(maps, attention).flatten().tolist() == [6, 6, 6, 6]


def test_sums_over_patches_stay_in_range_in_mixed_precision():
    """As a test of CTI makes them, of a dozen blocks; float16 ends at 65504."""
    maps, attention = torch.full((1, 1, 8, 8), 3e4), torch.full((1, 64, 64), 0.25)
    with torch.autocast('cpu', torch.float16):
        refined = refine_maps(maps.half(), attention.half())
    torch.testing.assert_close(refined, refine_maps(maps, attention))
