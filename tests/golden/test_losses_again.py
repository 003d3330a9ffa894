"""Losses of the methods, written again as plain loops over pixels, pairs and classes.

Golden cases have one size each. Here are odd and lopsided ones, several images, a single class, and
images without any: what a loop says must come out.
"""

import math
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmwsss.models import (
    BackgroundComplementLoss,
    BalancedCrossEntropyLoss,
    BatchDiceLoss,
    CAMActivationLoss,
    ClassMemory,
    ClassTokenContrastLoss,
    MultiLabelContrastiveLoss,
    PatchTokenContrastLoss,
    PretendedUnderFittingLoss,
    TokenAffinityLoss,
)
from mmwsss.ops.max_norm import max_normalize
from tests.golden.loops import GRIDS, SEEDS, close, labels_of, numbers


@pytest.mark.parametrize('seed, grid', product(SEEDS[:3], GRIDS))
def test_token_affinity(seed, grid):
    """WeCLIP, ExCEL: near pairs in both orders, each place with itself."""
    label, (h, w) = labels_of(seed, 2, grid[0] * 16, grid[1] * 16), grid
    affinity, radius = numbers(seed, 2, h * w, h * w).sigmoid(), 2
    sums, counts = [0.0, 0.0], [0, 0]
    for n, i, j in product(range(2), range(h * w), range(h * w)):
        (y, x), (v, u) = divmod(i, w), divmod(j, w)
        first, second = label[n, 16 * y, 16 * x], label[n, 16 * v, 16 * u]
        if 255 in (first, second) or max(abs(y - v), abs(x - u)) > radius:
            continue
        value = float(affinity[n, i, j])
        equal = bool(first == second)
        sums[equal] += 1 - value if equal else value
        counts[equal] += 1
    expected = 0.5 * sums[1] / (counts[1] + 1) + 0.5 * sums[0] / (counts[0] + 1)
    close(TokenAffinityLoss(radius=radius)(affinity, label, grid), expected)


@pytest.mark.parametrize('seed, grid', product(SEEDS[:3], GRIDS))
def test_patch_tokens(seed, grid):
    """ToCo: a place is no pair with itself, sums are over the batch."""
    label, features = labels_of(seed, 3, *grid), numbers(seed, 3, 5, *grid)
    features[1, :, 0, 0] = 0
    sums, counts = [0.0, 0.0], [0, 0]
    for n in range(3):
        tokens, own = features[n].flatten(1).T, label[n].flatten()
        for i, j in product(range(len(own)), repeat=2):
            if i == j or 255 in (own[i], own[j]):
                continue
            lengths = max(float(tokens[i].norm()), 1e-8) * max(float(tokens[j].norm()), 1e-8)
            equal = bool(own[i] == own[j])
            sums[equal] += abs(float(tokens[i] @ tokens[j])) / lengths
            counts[equal] += 1
    expected = 0.5 * (1 - sums[1] / (counts[1] + 1)) + 0.5 * sums[0] / (counts[0] + 1)
    close(PatchTokenContrastLoss()(features, label), expected)


@pytest.mark.parametrize('seed, crops', product(SEEDS[:3], (2, 3, 6)))
def test_class_tokens(seed, crops):
    """ToCo: image 0 has no negative crop; with two crops there are global ones alone."""
    images, width, temperature = 3, 4, 0.5
    student, teacher = numbers(seed, crops * images, width), numbers(seed + 9, 2 * images, width)
    flags = numbers(seed, images, crops, low=2)
    flags[:, :2], flags[0] = 1, 1
    losses = []
    for i in range(images):
        terms, positives = 0.0, int(flags[i].sum())
        for j in range(2):
            t = teacher[j * images + i]
            e = [math.exp(float(t @ student[k * images + i]) / temperature) for k in range(crops)]
            negative = sum(e[k] for k in range(crops) if not flags[i, k])
            for k in range(crops):
                if flags[i, k]:
                    terms -= math.log(e[k] / (e[k] + negative + 1e-4))
            terms -= math.log(1 / (1 + negative + 1e-4))
        losses.append(terms / (2 * (positives + 1e-4)))
    loss = ClassTokenContrastLoss(temperature=temperature)
    close(loss(student, teacher, flags), sum(losses) / images)


@pytest.mark.parametrize('seed, size', product(SEEDS[:3], [(1, 5), (7, 3), (6, 6)]))
def test_balanced_cross_entropy_and_dice(seed, size):
    """ToCo, WeCLIP: half the mean of each kind; WeCLIP+: classes that nobody has count too."""
    label, logits = labels_of(seed, 2, *size), numbers(seed, 2, 5, *size)
    logs = logits.double().log_softmax(1)
    kinds: list = [[], []]
    inside, union = np.zeros(5), np.zeros(5)
    for n, y, x in product(range(2), *map(range, size)):
        own, chances = int(label[n, y, x]), logs[n, :, y, x].exp().numpy()
        union += chances
        if own != 255:
            kinds[own > 0].append(-float(logs[n, own, y, x]))
            inside[own] += chances[own]
            union[own] += 1
    halves = [sum(kind) / len(kind) if kind else 0 for kind in kinds]
    close(BalancedCrossEntropyLoss()(logits, label), sum(halves) / 2)
    close(BatchDiceLoss()(logits, label), 1 - np.mean(2 * inside / (union + 1e-7)))


@pytest.mark.parametrize('seed, beta', product(SEEDS[:3], (0.1, 1.5, 9)))
def test_pretended_under_fitting(seed, beta):
    """PMM: unlabelled pixels are 0 in the mean that decides and in the one that is returned."""
    label, logits = labels_of(seed, 2, 5, 3), numbers(seed, 2, 4, 5, 3)
    losses = []
    for n, y, x in product(range(2), range(5), range(3)):
        own = int(label[n, y, x])
        losses.append(0.0 if own == 255 else -float(logits[n, :, y, x].log_softmax(0)[own]))
    if np.mean(losses) < beta:
        losses = [min(loss, 0.8) for loss in losses]
    close(PretendedUnderFittingLoss(beta=beta, k=0.8)(logits, label), np.mean(losses))


@pytest.mark.parametrize('seed, size', product(SEEDS, [(9, 14), (5, 5)]))
def test_cam_activation(seed, size):
    """FMA: one image has no tag; a tagged class may have no pixel in the crop."""
    tags = (numbers(seed, 3, 4, low=2) > 0).float()
    tags[1] = 0
    label = numbers(seed, 3, *size, low=6)
    label[label == 5] = 255
    pairs = tags.nonzero().tolist()
    cam = numbers(seed, len(pairs), 3, 4)
    fg = bg = pixels = 0.0
    for (n, c), small in zip(pairs, cam, strict=True):
        big = F.interpolate(small[None, None], size, mode='bilinear')[0, 0].double()
        inside = label[n] == c + 1
        outside = ~inside & (label[n] != 255)
        top = max(float(big[inside].max()), 0.0) if inside.any() else 0.0
        fg += float((top - big[inside]).abs().sum())
        bg += float(big[outside].clamp(min=0).sum())
        pixels += int(inside.sum() + outside.sum())
    got = CAMActivationLoss()(cam, tags, label)
    for value, expected in zip(got, (fg, bg), strict=True):
        close(value, expected / max(pixels, 1), rtol=1e-4)


@pytest.mark.parametrize('seed, classes', product(SEEDS[:4], (1, 2, 7)))
def test_contrastive(seed, classes):
    """FMA: with a single class, and in images of all classes or none, there is no contrast."""
    logits, tags = 30 * numbers(seed, 5, classes), numbers(seed, 5, classes, low=2)
    tags[0], tags[1] = 0, 1
    terms = []
    for row, own in zip(logits.double(), tags, strict=True):
        absent = [float(v) for v, t in zip(row, own, strict=True) if not t]
        for value in row[own > 0].tolist() if absent else ():
            top = max(value, *absent)
            total = sum(math.exp(v - top) for v in (value, *absent))
            terms.append(top + math.log(total) - value)
    expected = np.mean(terms) if terms else 0
    close(MultiLabelContrastiveLoss()(logits, tags), expected, atol=1e-5)


def stretched(maps):
    """CTI's N, of one map (double)."""
    maps = np.maximum(maps, 0)
    return np.maximum(maps - maps.min() - 1e-5, 0) / (maps.max() - maps.min() + 1e-5)


@pytest.mark.parametrize('seed, grid', product(SEEDS[:3], GRIDS))
def test_background_complement(seed, grid):
    """CTI: an image without a tag wants background everywhere."""
    (h, w), classes = grid, 3
    cams = numbers(seed, 2, classes + 1, h, w).relu()
    own = numbers(seed + 1, 2, classes + 1, h, w).abs()
    patches = numbers(seed + 2, 2, h * w, h * w).abs()
    tags = torch.tensor([[0.0, 0, 0], [1, 0, 1]])
    terms = []
    for n in range(2):
        weighted = (cams[n] * own[n]).double().flatten(1).numpy()
        front = (weighted[1:] * tags[n].numpy()[:, None]).max(0)
        refined = [patches[n].double().numpy() @ one for one in (front, weighted[0])]
        front, back = (stretched(one) for one in refined)
        terms.append(np.abs((1 - front) - back).mean())
        if not n:
            assert not front.any()
    close(
        BackgroundComplementLoss(loss_weight=1)(cams, own, patches, tags), np.mean(terms), rtol=1e-4
    )
    np.testing.assert_allclose(
        max_normalize(cams)[1, 2].numpy(), stretched(cams[1, 2].double().numpy()), atol=1e-5
    )


@pytest.mark.parametrize('seed, images', product(SEEDS[:3], (1, 4, 9)))
def test_memory(seed, images):
    """CTI: lists of the newest, those of this batch included; more in a batch than fit."""
    memory, lists = ClassMemory(3, 4, size=5), [[] for _ in range(3)]
    for step in range(4):
        tokens = numbers(10 * seed + step, images, 3, 4)
        tags = numbers(seed + step, images, 3, low=2)
        tags[:, 2] = 0  # a class that never comes
        memory.update(tokens, tags)
        for n, c in product(range(images), range(3)):
            if tags[n, c]:
                lists[c].append(F.layer_norm(tokens[n, c], (4,)).numpy())
        recalled = memory.recall(tokens, tags)
        for n, c in product(range(images), range(3)):
            wanted = np.mean(lists[c][-5:], 0) if tags[n, c] else tokens[n, c].numpy()
            np.testing.assert_allclose(recalled[n, c].numpy(), wanted, atol=1e-5)
    assert not memory.ready
