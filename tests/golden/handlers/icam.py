"""ICAM's parts: losses, propagation, labels, scores and the painting of COCO's masks."""

import re

import numpy as np
import torch
import torch.nn.functional as F

from mmwsss.datasets.coco_painting import paint_annotations
from mmwsss.datasets.transforms.affinity import block_labels
from mmwsss.evaluation import ContourMetric
from mmwsss.models import (
    FeatureSimilarityLoss,
    ImportanceSamplingLoss,
    PCMHead,
    PretendedUnderFittingLoss,
)
from mmwsss.models.losses.affinity_loss import psa_losses
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.ops.contour import contour_matches, contour_pixels, contour_radius, contour_scores
from mmwsss.ops.dense_crf import DenseCRF, softmax_unary
from mmwsss.ops.path_index import scan_directions
from mmwsss.ops.probability import keep_tagged, squeezed_logit
from mmwsss.structures import Seeds
from tests.golden import fill
from tests.golden.handlers import NUMBER, handles, numbers
from tests.golden.handlers.cam import run_poly_sgd
from tests.golden.handlers.walk import flat_labels, radius_of
from tests.golden.tolerance import EXACT, tolerance


@handles('icam', 'fsl', 'fsl_*')
def fsl(spec, arrays, folder):
    logits = torch.from_numpy(arrays['in_logits']).requires_grad_()
    loss = FeatureSimilarityLoss(mu=spec['mu'], sigma=spec['sigma'])
    value = loss(logits.softmax(1), torch.from_numpy(arrays['in_image01']))
    value.backward()
    return {
        'loss': (value.detach().numpy(), arrays['out_loss'], tolerance(spec, 'loss')),
        'grad_logits': (
            logits.grad.numpy(),
            arrays['out_grad_logits'],
            tolerance(spec, 'grad_logits'),
        ),
    }


@handles('icam', 'importance_sampling_*')
def importance_sampling(spec, arrays, folder):
    logits = torch.from_numpy(arrays['in_logits']).requires_grad_()
    tags = torch.from_numpy(arrays['in_label'])
    draws = torch.from_numpy(arrays['in_indices'].astype(np.int64))
    loss = ImportanceSamplingLoss(num_samples=draws.shape[2])
    probabilities = logits.softmax(1)
    value = loss(probabilities, tags, positions=draws[:, 1:])
    value.backward()
    samples = probabilities.detach().flatten(2).gather(2, draws)
    expected = ImportanceSamplingLoss(num_samples=None)(probabilities.detach(), tags)
    return {
        'samples': (samples.numpy(), arrays['out_samples'], tolerance(spec, 'samples')),
        'loss': (value.detach().numpy(), arrays['out_loss'], tolerance(spec, 'loss')),
        'grad_logits': (
            logits.grad.numpy(),
            arrays['out_grad_logits'],
            tolerance(spec, 'grad_logits'),
        ),
        'expected_loss_f64': (
            expected.numpy(),
            arrays['out_expected_loss_f64'],
            tolerance(spec, 'expected_loss_f64'),
        ),
    }


@handles('icam', 'softmax_maxpool')
def softmax_maxpool(spec, arrays, folder):
    probabilities = torch.from_numpy(arrays['in_logits']).softmax(1)
    tags = torch.from_numpy(arrays['in_label'])
    pooled = squeezed_logit(probabilities.amax((-2, -1), keepdim=True))
    everything = torch.cat([torch.ones(len(tags), 1), tags], 1)
    text = spec['outputs']['p2l']
    values = [float(x) for x in re.search(r'\[([0-9., ]+)\]', text)[1].split(',')]
    got = {
        'probs': probabilities,
        'pooled_logit': pooled,
        'label_cond': keep_tagged(probabilities, tags),
        'p2l': squeezed_logit(torch.tensor(values)),
        'cls_max': F.multilabel_soft_margin_loss(pooled.flatten(1), everything),
    }
    return {
        name: (value.numpy(), arrays[f'out_{name}'], tolerance(spec, name))
        for name, value in got.items()
    }


@handles('icam', 'pcm')
def pcm(spec, arrays, folder):
    embed, inner, *_ = spec['params']['f9.weight']
    head = PCMHead(
        num_classes=1, in_channels=(1, 1, 1), channels=(1, inner - 4), embed_channels=embed
    )
    weight = fill.value('f9.weight', spec['params']['f9.weight'], spec['salt'])
    head.embed.weight.data = torch.from_numpy(weight)
    maps, features = (torch.from_numpy(arrays[f'in_{name}']) for name in ('cam', 'feat'))
    whole = head.propagate(maps, features).detach().numpy()
    head.budget_mib = 0  # a column at a time
    with torch.no_grad():
        parts = head.propagate(maps, features).numpy()
    expected = arrays['out_cam_rv']
    return {
        'cam_rv': (whole, expected, tolerance(spec, 'cam_rv')),
        'cam_rv in parts': (parts, expected, tolerance(spec, 'cam_rv in parts')),
    }


@handles('icam', 'affinity_labels')
def affinity_labels(spec, arrays, folder):
    results, grids = {}, []
    for low, high in zip(arrays['in_la'], arrays['in_ha'], strict=True):
        # Channels of zeros behind the classes are there for storage alone.
        used = np.flatnonzero(low.any((1, 2)) | high.any((1, 2))).max() + 1
        low, high = (x[:used].transpose(1, 2, 0) for x in (low, high))
        grids.append(block_labels(low, high, low.shape[0] // arrays['out_label_grid'].shape[1]))
    results['label_grid'] = np.stack(grids)
    radius = radius_of(arrays['out_bg'])
    pairs = [flat_labels(grid, scan_directions(radius), radius) for grid in grids]
    results |= {name: np.stack([own[name] for own in pairs]) for name in ('bg', 'fg', 'neg')}
    return {
        name: (value, arrays[f'out_{name}'], tolerance(spec, name))
        for name, value in results.items()
    }


@handles('icam', 'affinity_loss')
def affinity_loss(spec, arrays, folder):
    label = arrays['in_label']
    radius = int(numbers(spec['notes'], r'radius (\d+)')[0])
    affinity = torch.from_numpy(arrays['in_aff']).requires_grad_()
    grid = (label.shape[0] - radius + 1, label.shape[1] - 2 * radius + 2)
    losses = psa_losses(affinity.unflatten(2, grid), torch.from_numpy(label)[None], radius)
    total = losses.bg / 4 + losses.fg / 4 + losses.neg / 2
    total.backward()
    got = {f'{name}_loss': getattr(losses, name) for name in losses._fields} | {'loss': total}
    results = {
        name: (value.detach().numpy(), arrays[f'out_{name}'], tolerance(spec, name))
        for name, value in got.items()
    }
    results['grad_aff'] = (
        affinity.grad.numpy(),
        arrays['out_grad_aff'],
        tolerance(spec, 'grad_aff'),
    )
    for name, rows in flat_labels(label, scan_directions(radius), radius).items():
        results[name] = (rows, arrays[f'out_{name}'], EXACT)
    return results


@handles('icam', 'crf')
def crf(spec, arrays, folder):
    image, probs = arrays['in_image'], arrays['in_probs']
    results = {}
    for name, protocol in (
        ('seed_t10', 'psa'),
        ('seed_t1', 'psa_rw'),
        ('final_t1', 'icam_final'),
        ('pmm_t10', 'deeplab'),
    ):
        got = DenseCRF(image, len(probs), protocol)(softmax_unary(probs))
        results[name] = (got, arrays[f'out_{name}'], tolerance(spec, name))
    return results


@handles('icam', 'contour_matches')
def contours(spec, arrays, folder):
    results, counts, fixed, radii = {}, [], [], []
    (bounded,) = (name[4:] for name in arrays if name.startswith('out_counts_bound'))
    (bound,) = numbers(spec['outputs'][bounded], rf'radius of {NUMBER} px')
    for number in range(sum(name.startswith('in_first_') for name in arrays)):
        first, second = (
            arrays[f'in_{name}_{number}'].astype(np.uint8) for name in ('first', 'second')
        )
        radii.append(contour_radius(first.shape))
        counts.append(contour_matches(first, second, 2, radii[-1])[0])
        fixed.append(contour_matches(first, second, 2, int(bound))[0])
        contour = np.zeros(second.size, bool)
        contour[contour_pixels(second, 2)[1]] = True
        name = f'bmap_second_{number}'
        results[name] = contour.reshape(second.shape), arrays[f'out_{name}'], tolerance(spec, name)
    for name, got in (('counts', counts), (bounded, fixed), ('radius', radii)):
        results[name] = (np.array(got), arrays[f'out_{name}'], tolerance(spec, name))
    return results


def published_scores(maps, truths, classes):
    """IoU and F of label maps in percent, as ICAM's scorer counts."""
    table = sum(confusion(own, truth, classes) for own, truth in zip(maps, truths, strict=True))
    matches = sum(
        contour_matches(own, np.where(truth == 255, 0, truth), classes, contour_radius(own.shape))
        for own, truth in zip(maps, truths, strict=True)
    )
    scores = scores_from_confusion(table, absent='zero')
    f = contour_scores(matches)[2]
    return 100 * np.nan_to_num(scores.iou), 100 * scores.miou, 100 * np.nan_to_num(f, nan=1).mean()


def scored(maps, spec, arrays):
    iou, miou, f = published_scores(maps, arrays['in_gt'], len(arrays['out_iou_percent_f64']))
    got = {'iou_percent_f64': iou, 'miou_percent_f64': miou, 'mean_fscore_percent_f64': f}
    return {
        name: (value, arrays[f'out_{name}'], tolerance(spec, name)) for name, value in got.items()
    }


@handles('icam', 'dataset_metrics')
def dataset_metrics(spec, arrays, folder):
    return scored(list(arrays['in_pred']), spec, arrays)


@handles('icam', 'cam_metrics')
def cam_metrics(spec, arrays, folder):
    metric, maps = ContourMetric(absent='one'), []
    for keys, cams in zip(spec['keys'], arrays['in_cams'], strict=True):
        order = np.argsort(keys)
        cams = cams[: len(keys)][order] if keys else np.zeros((0, *cams.shape[1:]), np.float32)
        maps.append(metric.labels({'seeds': Seeds(np.array(keys, int)[order], cams)}))
    return scored(maps, spec, arrays)


@handles('icam', 'poly_optimizer_trace')
def poly_optimizer_trace(spec, arrays, folder):
    rate, decay, steps = numbers(
        spec['notes'], rf'lr {NUMBER}, weight decay {NUMBER}, max_step {NUMBER}'
    )
    values, *_ = run_poly_sgd(
        [arrays['in_p0']],
        ([step] for step in arrays['in_grads']),
        [rate],
        [decay],
        decay,
        int(steps),
    )
    trace = np.stack([step[0] for step in values])
    return {'trace': (trace, arrays['out_trace'], tolerance(spec, 'trace'))}


@handles('icam', 'coco_masks')
def coco_masks(spec, arrays, folder):
    shapes = [(one['class_index'], one['segmentation']) for one in spec['anns']]
    return {
        'mask': (
            paint_annotations(spec['size'], shapes),
            arrays['out_mask'],
            tolerance(spec, 'mask'),
        )
    }


@handles('icam', 'pus_loss')
def pus_loss(spec, arrays, folder):
    text = ' '.join([*spec['outputs'].values(), spec['notes']])
    if 'beta = k' in text:
        beta = k = numbers(text, rf'beta = k = {NUMBER}')[0]
    else:
        beta, k = (numbers(text, rf'{name} = {NUMBER}')[0] for name in ('beta', r'\bk'))
    label = torch.from_numpy(arrays['in_label'].astype(np.int64))
    results = {}
    for name in arrays:
        if not (found := re.fullmatch(r'out_loss_(.+)_(none|clamp|pow|ignore)', name)):
            continue
        logits = torch.from_numpy(arrays[f'in_logits_{found[1]}']).requires_grad_()
        loss = PretendedUnderFittingLoss(beta=beta, k=k, treatment=found[2])(logits, label)
        loss.backward()
        gradient = f'grad_{found[1]}_{found[2]}'
        results[name[4:]] = (loss.detach().numpy(), arrays[name], tolerance(spec, name[4:]))
        results[gradient] = (
            logits.grad.numpy(),
            arrays[f'out_{gradient}'],
            tolerance(spec, gradient),
        )
    return results
