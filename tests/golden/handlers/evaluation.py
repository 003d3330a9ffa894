"""Scores of seeds and label maps, as each method's own scorer computes them."""

import re

import numpy as np

from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.ops.contour import contour_matches, contour_pixels, contour_radius
from mmwsss.ops.threshold_sweep import ThresholdSweep, search_threshold
from mmwsss.structures import Seeds
from tests.golden.handlers import handles
from tests.golden.tolerance import EXACT, tolerance


def sweep(images, thresholds, num_classes=21):
    """Confusion matrices (T, n, n) of images given as (classes, maps, ground truth)."""
    result = ThresholdSweep(num_classes, thresholds)
    for keys, cams, gt in images:
        present = np.flatnonzero(keys >= 0)
        order = present[np.argsort(keys[present])]
        label, score = Seeds(keys[order], cams[order]).winner()
        result.update(label, score, gt)
    return result.compute()


def curve(counts):
    """[mIoU in percent, mean precision, mean recall] of each matrix; absent classes count 0."""
    scores = scores_from_confusion(counts, absent='zero')
    return np.stack([scores.miou * 100, scores.mprecision, scores.mrecall], -1)


def early_stop(thresholds, rows):
    """What a published in-training search returns: [threshold, mIoU, precision, recall]."""
    best = search_threshold(rows[:, 0], early_stop=True)
    return np.array([thresholds[best], *rows[best]])


@handles('s2c', 'evaluation')
def s2c_evaluation(spec, arrays, folder):
    thresholds = np.arange(len(arrays['sweep'])) / 100
    rows = curve(sweep(zip(arrays['keys'], arrays['cam'], arrays['gt'], strict=True), thresholds))
    masks = curve(confusion(arrays['png'], arrays['gt'], 21, void=True))
    return {
        'sweep': (rows, arrays['sweep'], tolerance(spec, 'sweep')),
        'early': (early_stop(thresholds, rows), arrays['early'], tolerance(spec, 'early')),
        'png_result': (masks, arrays['png_result'], tolerance(spec, 'png_result')),
    }


@handles('cti', 'evaluation')
def cti_evaluation(spec, arrays, folder):
    count = sum(name.startswith('in_gt') for name in arrays)
    images = [[arrays[f'in_{kind}{i}'] for kind in ('keys', 'cam', 'gt')] for i in range(count)]
    thresholds = arrays['out_thresholds']
    counts = sweep(images, thresholds)
    rows = curve(counts)
    (name,) = (name for name in arrays if re.fullmatch(r'out_miou_\d+_\d+', name))
    low, high = map(int, re.findall(r'\d+', name))
    training = np.arange(low, high + 1) / 100
    searched = curve(sweep(images, training))
    found = early_stop(training, searched)[[1, 0, 2, 3]]
    results = {
        'thresholds': (thresholds, thresholds, EXACT),
        'miou': rows[:, 0],
        'mP': rows[:, 1],
        'mR': rows[:, 2],
        name[4:]: searched[:, 0],
        'search_in_training': found,
    }
    for name in arrays:
        if name.startswith('out_iou_per_class_t'):
            at = np.flatnonzero(thresholds == float(name.removeprefix('out_iou_per_class_t')))
            results[name[4:]] = scores_from_confusion(counts[at[0]], absent='zero').iou * 100
    return {
        name: got if isinstance(got, tuple) else (got, arrays[f'out_{name}'], tolerance(spec, name))
        for name, got in results.items()
    }


@handles('refine', 'eval_sweep')
def refine_eval_sweep(spec, arrays, folder):
    thresholds = arrays['in_thresholds']
    images = zip(arrays['in_keys'], arrays['in_cams'], arrays['in_gt'], strict=True)
    counts = sweep(images, thresholds, arrays['out_confusion'].shape[1])
    rows, close = curve(counts), tolerance(spec, 'official')
    return {
        'confusion': (counts, arrays['out_confusion'], tolerance(spec, 'confusion')),
        'f64_official': (rows, arrays['out_f64_official'], close),
        'f64_early_stop': (early_stop(thresholds, rows), arrays['out_f64_early_stop'], close),
    }


@handles('refine', 'eval_hist')
def refine_eval_hist(spec, arrays, folder):
    gt, pred, n = arrays['in_gt'], arrays['in_pred'], len(arrays['out_f64_iou'])
    counts = confusion(np.minimum(pred, n - 1), gt, n)
    pseudo = confusion(pred, gt, n, void=True)[:, :n]

    def summary(matrix):
        scores = scores_from_confusion(matrix, absent='present')
        return np.array([scores.pacc, scores.macc, scores.miou])

    return {
        'f64_scores': (summary(counts), arrays['out_f64_scores'], tolerance(spec, 'f64_scores')),
        'f64_pseudo': (summary(pseudo), arrays['out_f64_pseudo'], tolerance(spec, 'f64_pseudo')),
        'f64_iou': (
            scores_from_confusion(counts).iou,
            arrays['out_f64_iou'],
            tolerance(spec, 'f64_iou'),
        ),
    }


@handles('refine', 'contour_fscore')
def refine_contour_fscore(spec, arrays, folder):
    first, second = arrays['in_first'], arrays['in_second']
    matches = contour_matches(first, second, 2, contour_radius(first.shape))
    contour = np.zeros(first.size, np.uint8)
    contour[contour_pixels(first, 2)[1]] = 1
    return {
        'matches': (matches[0], arrays['out_matches'], tolerance(spec, 'matches')),
        'bmap': (contour.reshape(first.shape), arrays['out_bmap'], tolerance(spec, 'bmap')),
    }


@handles('fma', 'eval_miou')
def fma_eval_miou(spec, arrays, folder):
    classes = spec['config']['num_classes']
    counts = confusion(arrays['in_pred'], arrays['in_gt'], classes)
    scores = scores_from_confusion(counts, absent='present')
    precision = scores_from_confusion(counts).mprecision  # here also of classes only predicted
    return {
        'conf': (counts, arrays['out_conf'], EXACT),
        'mIoU': (scores.miou, arrays['out_mIoU'], tolerance(spec, 'mIoU')),
        'cls_IoU': (scores.iou, arrays['out_cls_IoU'], tolerance(spec, 'cls_IoU')),
        'accuracy': (scores.pacc, arrays['out_accuracy'], tolerance(spec, 'accuracy')),
        'macro_avg_recall': (
            scores.macc,
            arrays['out_macro_avg_recall'],
            tolerance(spec, 'macro_avg_recall'),
        ),
        'macro_avg_precision': (
            precision,
            arrays['out_macro_avg_precision'],
            tolerance(spec, 'macro_avg_precision'),
        ),
    }


@handles('co2sam', 'metric_voc', 'metric_coco')
def co2sam_metric(spec, arrays, folder):
    counts = confusion(arrays['pred'], arrays['gt'], len(arrays['class_iou_f64']))
    scores = scores_from_confusion(counts, absent='present')
    share = counts.sum(1) / counts.sum()
    summary = np.array([scores.miou, scores.pacc, scores.macc, np.nansum(share * scores.iou)])
    return {
        'class_iou_f64': (scores.iou, arrays['class_iou_f64'], tolerance(spec, 'class_iou_f64')),
        'summary_f64': (summary, arrays['summary_f64'], tolerance(spec, 'summary_f64')),
    }
