"""Maps of the methods, written again as plain loops over pixels, pairs and classes.

Golden cases have one size each. Here are odd and lopsided ones, several images, a single class, and
images without any: what a loop says must come out.
"""

from itertools import product

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmwsss.models.clip.text_bank import enrich
from mmwsss.ops.attention_affinity import AttentionAffinity, box_masks, chosen_blocks
from mmwsss.ops.grad_cam import masked_softmax, present_softmax
from mmwsss.ops.local_crops import certainty, draw_corners, shows_object
from mmwsss.ops.pooling import non_discriminative_pooling
from mmwsss.ops.text_similarity import text_similarity
from tests.golden.loops import GRIDS, SEEDS, close, numbers


@pytest.mark.parametrize('seed, prompts', product(SEEDS[:3], (1, 4)))
def test_text_similarity(seed, prompts):
    """ExCEL: channels over tokens, texts by the whole image, all that is not a token's own off."""
    tokens = numbers(seed, 2, 6, 3)
    text = F.normalize(numbers(seed + 1, prompts, 3), dim=-1)
    got = text_similarity(tokens, text).numpy()
    for n in range(2):
        z = tokens[n].double().numpy()
        z = z / np.sqrt((z**2).sum(0))
        y = z @ text.double().numpy().T
        weight = np.exp(2 * y[0]) / np.exp(2 * y[0]).sum()
        y = y * (weight / weight.mean())
        y = y - y.mean(1, keepdims=True)
        with np.errstate(invalid='ignore'):
            expected = (y - y.min(0)) / (y.max(0) - y.min(0))
        if prompts > 1:  # one text alone is its own mean
            np.testing.assert_allclose(got[n], expected, atol=1e-4)


@pytest.mark.parametrize('centres, dropped', [(8, 0), (10, 0), (20, 1), (30, 2), (112, 11)])
def test_enriched_texts(centres, dropped):
    """ExCEL: the share is cut in double precision; each class drops its own."""
    text = F.normalize(numbers(centres, 5, 6), dim=-1)
    bank = 0.3 * numbers(centres + 1, 6, centres)
    got = enrich(text, bank, 3).numpy()
    for g in range(5):
        own = text[g].double().numpy()
        if g < 3:
            s = own @ bank.double().numpy()
            kept = np.argsort(s)[dropped:]
            share = np.exp(s[kept]) / np.exp(s[kept]).sum()
            own = own + bank.double().numpy()[:, kept] @ share
        np.testing.assert_allclose(got[g], own / np.linalg.norm(own), atol=1e-5)


def contour_boxes(score, threshold):
    """As released: boxes of OpenCV's contours, ends cut to the last row and column."""
    level = (255 * score).astype(np.uint8)
    active = (level > int(threshold * int(level.max()))).astype(np.uint8)
    contours, _ = cv2.findContours(active, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    mask, (h, w) = np.zeros(score.shape), score.shape
    for contour in contours:
        x, y, wide, high = cv2.boundingRect(contour)
        mask[y : min(y + high, h - 1), x : min(x + wide, w - 1)] = 1
    return mask


@pytest.mark.parametrize('seed, grid', product(SEEDS, [(1, 9), (9, 1), (2, 2), (7, 11), (23, 32)]))
def test_boxes_and_walk(seed, grid):
    """CLIP-ES, FMA, WeCLIP: maps with holes; one that is 0 everywhere gives nothing."""
    (h, w), places = grid, grid[0] * grid[1]
    cam = numbers(seed, 3, h, w)
    cam[2] = -1
    attention = numbers(seed + 1, places, places).abs() + 0.1
    for threshold, rounds, passes in ((0.4, 3, 2), (0.7, 1, 1)):
        walk = AttentionAffinity(threshold=threshold, source='score', rounds=rounds, passes=passes)
        got = walk(cam, attention).numpy()
        a = attention.double().numpy()
        for _ in range(rounds):
            a = a / a.sum(0)
            a = a / a.sum(1, keepdims=True)
        a = (a + a.T) / 2
        for index, own in enumerate(cam.numpy()):
            score = np.maximum(own, 0)
            for _ in range(passes):
                score = (score - score.min()) / (score.max() - score.min() + np.float32(1e-7))
            mask = contour_boxes(score, threshold)
            np.testing.assert_array_equal(box_masks(torch.tensor(score)[None], threshold)[0], mask)
            expected = (a @ a @ (mask * score).ravel()).reshape(grid)
            np.testing.assert_allclose(got[index], expected, rtol=1e-3, atol=1e-5)
        assert not got[2].any()


@pytest.mark.parametrize('seed', SEEDS)
def test_choice_of_attention(seed):
    """WeCLIP: the decoder's affinity cancels in the sums that are compared."""
    attention = numbers(seed, 6, 8, 8).softmax(-1)
    affinity = numbers(seed + 1, 7, 7).sigmoid().double()
    differences = [float((affinity - one[1:, 1:].double()).sum()) for one in attention]
    expected = [value <= np.mean(differences) for value in differences]
    assert chosen_blocks(attention).tolist() == expected


@pytest.mark.parametrize('seed', SEEDS)
def test_softmax_of_the_present(seed):
    """FMA: the greatest of all is taken off, absent ones too; CLIP-ES: of the present alone."""
    logits, mask = 9 * numbers(seed, 3, 5), numbers(seed, 3, 5, low=2)
    mask[:, 4] = 1
    for row, own, fma, plain in zip(
        logits.double(),
        mask,
        masked_softmax(logits, mask),
        present_softmax(logits, mask),
        strict=True,
    ):
        e = (row - row.max()).exp() * own
        np.testing.assert_allclose(fma.numpy(), (e / (e.sum() + 1e-5)).numpy(), atol=1e-6)
        e = (row - row[own > 0].max()).exp() * own
        np.testing.assert_allclose(plain.numpy(), (e / e.sum()).numpy(), atol=1e-6)


@pytest.mark.parametrize('seed, grid', product(SEEDS[:3], GRIDS))
def test_pooling_without_the_most_discriminative(seed, grid):
    """RIB: tagged classes lose pixels, the mean is over all; others have their plain mean."""
    cam, tags = numbers(seed, 2, 3, *grid), torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    got = non_discriminative_pooling(cam, tags, 0.4)
    for n, c in product(range(2), range(3)):
        own = cam[n, c].double().numpy()
        kept = own / own.max() < 0.4 if tags[n, c] else np.ones(grid, bool)
        close(got[n, c], (own * kept).sum() / own.size)


@pytest.mark.parametrize('seed, size', product(SEEDS[:3], [(24, 40), (17, 30), (16, 16)]))
def test_local_crops(seed, size):
    """ToCo: centres where no object is certain, or anywhere; certain objects count double."""
    scores = numbers(seed, 2, 3, *size).sigmoid()
    tags = torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    side, count = 8, 4
    roi = certainty(scores, tags)
    for n, y, x in product(range(2), *map(range, size)):
        best = float((scores[n, :, y, x] * tags[n]).max())
        assert int(roi[n, y, x]) == (0 if best <= np.float32(0.25) else 2 if best >= 0.7 else 1)
    roi[0] = 2  # nowhere
    corners = draw_corners(roi, side, count)
    flags = shows_object(roi, corners, side)
    for n, k in product(range(2), range(count)):
        y, x = corners[n, k].tolist()
        assert 0 <= y < size[0] - side + side % 2 and 0 <= x < size[1] - side + side % 2
        assert n == 0 or int(roi[n, y + side // 2, x + side // 2]) <= 1
        total = int(roi[n, y : y + side, x : x + side].sum())
        assert bool(flags[n, k]) == (total / side**2 > 0.2)
    assert all(len(set(map(tuple, own.tolist()))) == count for own in corners)
