"""ToCo's filter, labels and losses."""

import numpy as np
import torch

from mmwsss.models import (
    BalancedCrossEntropyLoss,
    ClassTokenContrastLoss,
    DenseEnergyLoss,
    PatchTokenContrastLoss,
    WSSSDataPreprocessor,
)
from mmwsss.models.backbones.class_token_vit import resize_positions
from mmwsss.models.losses.patch_token_contrast import pair_targets
from mmwsss.ops.bilateral import exact_bilateral, lattice_bilateral
from mmwsss.ops.confusion import confusion, scores_from_confusion
from mmwsss.ops.local_crops import certainty, cut_crops, draw_corners, shows_object
from mmwsss.ops.two_level_labels import inside_boxes, par_labels, refine_levels, two_level_labels
from tests.golden.handlers import handles
from tests.golden.tolerance import tolerance


def inputs(arrays):
    """The case's inputs as tensors."""
    return {k[3:]: torch.from_numpy(v) for k, v in arrays.items() if k.startswith('in_')}


def judged(spec, arrays, outputs):
    """Outputs beside what is expected of them, as the case tells how closely."""
    by_name = isinstance(spec['tolerance'], dict)
    return {
        name: (np.asarray(got), arrays[f'out_{name}'], tolerance(spec, name if by_name else ''))
        for name, got in outputs.items()
    }


def gradient(value, leaf):
    return torch.autograd.grad(value, leaf)[0]


@handles('toco', 'bilateral_filter')
def bilateral_filter(spec, arrays, folder):
    outputs = {}
    for index, widths in enumerate(spec['config']['cases']):
        image, values = (torch.from_numpy(arrays[f'in_{name}{index}']) for name in ('img', 'v'))
        given = image[None], values[None], widths['sigma_xy'], widths['sigma_rgb']
        outputs[f'lattice{index}'] = lattice_bilateral(*given)[0]
        outputs[f'exact{index}'] = exact_bilateral(*given)[0]
    return judged(spec, arrays, outputs)


@handles('toco', 'energy_loss')
def energy_loss(spec, arrays, folder):
    given, cfg = inputs(arrays), spec['config']
    pixels = WSSSDataPreprocessor()
    images = given['img'] * pixels.std + pixels.mean
    inside = inside_boxes(given['img_box'].long(), images.shape[-2:])
    outputs = {}
    for suffix, kernel in (('', 'lattice'), ('_exact', 'exact')):
        logits = given['logits'].clone().requires_grad_()
        loss = DenseEnergyLoss(
            sigma_rgb=cfg['sigma_rgb'],
            sigma_xy=cfg['sigma_xy'],
            scale_factor=cfg['scale_factor'],
            kernel=kernel,
            loss_weight=cfg['weight'] / DenseEnergyLoss.INNER_WEIGHT,
        )(logits, images, given['label'], inside)
        outputs[f'grad{suffix}'] = gradient(loss, logits)
        outputs[f'loss{suffix}'] = loss.detach()[None]
    return judged(spec, arrays, outputs)


@handles('toco', 'loss_ptc')
def loss_ptc(spec, arrays, folder):
    given, loss = inputs(arrays), PatchTokenContrastLoss()
    features = given['fmap'].requires_grad_()
    value = loss(features, given['label'])
    outputs = dict(
        grad=gradient(value, features),
        loss=value.detach(),
        loss_all_ignored=loss(features, torch.full_like(given['label'], 255)).detach(),
    )
    return judged(spec, arrays, outputs)


@handles('toco', 'loss_ctc')
def loss_ctc(spec, arrays, folder):
    given, outputs = inputs(arrays), {}
    for temperature in spec['config']['temps']:
        student = given['student'].clone().requires_grad_()
        loss = ClassTokenContrastLoss(temperature=temperature)
        value = loss(student, given['teacher'], given['flags'])
        outputs[f'grad_temp{temperature}'] = gradient(value, student)
        outputs[f'loss_temp{temperature}'] = value.detach()
    return judged(spec, arrays, outputs)


@handles('toco', 'loss_seg')
def loss_seg(spec, arrays, folder):
    given, loss = inputs(arrays), BalancedCrossEntropyLoss()
    logits = given['logits'].requires_grad_()
    value = loss(logits, given['label'])
    outputs = dict(grad=gradient(value, logits), loss=value.detach())
    results = judged(spec, arrays, outputs)
    # NaN in the release; the half that is missing is 0 in all descendants.
    assert np.isnan(arrays['out_loss_without_foreground'])
    background = torch.zeros_like(given['label'])
    half = 0.5 * torch.nn.functional.cross_entropy(logits, background.long())
    repaired = loss(logits, background).detach().numpy()
    results['loss_without_foreground'] = (repaired, half.detach().numpy(), tolerance(spec))
    return results


@handles('toco', 'cam_labels')
def cam_labels(spec, arrays, folder):
    given, cfg = inputs(arrays), spec['config']
    cam, tags, boxes = given['cam'], given['tag'], given['img_box'].long()
    levels = dict(high=cfg['high_thre'], low=cfg['low_thre'])
    plain = dict(high=cfg['bkg_thre'], low=cfg['bkg_thre'])
    size = arrays['out_small_label'].shape[-2:]
    small = torch.nn.functional.interpolate(cam, size, mode='bilinear')
    small_label = two_level_labels(small, tags, **levels, boxes=boxes)
    outputs = dict(
        label_plain=two_level_labels(cam, tags, **plain),
        label=two_level_labels(cam, tags, **levels, boxes=boxes),
        roi=certainty(cam, tags, **levels),
        small_label=small_label,
        aff=pair_targets(small_label),
    )
    words = dict(label_plain='label', small_label='small')
    return {
        name: (np.asarray(got), arrays[f'out_{name}'], tolerance(spec, words.get(name, name)))
        for name, got in outputs.items()
    }


@handles('toco', 'refine_label')
def refine_label(spec, arrays, folder):
    given, cfg = inputs(arrays), spec['config']
    batch = given['img_denorm'], given['cam'], given['tag']
    steps = dict(
        down_scale=cfg['down_scale'],
        dilations=cfg['dilations'],
        iterations=cfg['par_iterations'],
    )
    boxes = given['img_box'].long()
    outputs = {
        f'label{suffix}': par_labels(*batch, **cfg[name], **steps, boxes=boxes)
        for suffix, name in (('', 'voc'), ('_coco', 'coco'))
    }
    refined, _ = refine_levels(*(part[:1] for part in batch), [cfg['voc']['high']], **steps)
    outputs['refined'] = refined[0][0]
    return judged(spec, arrays, outputs)


@handles('toco', 'pos_interp')
def pos_interp(spec, arrays, folder):
    table, outputs = inputs(arrays)['pos_embed'], {}
    for height, width in spec['config']['sizes']:
        patches = resize_positions(table[:, 1:], (height, width))
        outputs[f'{height}x{width}'] = torch.cat([table[:, :1], patches], 1)[0]
    return judged(spec, arrays, outputs)


@handles('toco', 'evaluation')
def evaluation(spec, arrays, folder):
    counts = confusion(arrays['in_pred'], arrays['in_gt'], spec['config']['num_classes'])
    scores = scores_from_confusion(counts, absent='present')
    return {
        'miou': (scores.miou, arrays['out_miou'], tolerance(spec)),
        'pacc': (scores.pacc, arrays['out_pacc'], tolerance(spec)),
        'iou': (scores.iou, arrays['out_iou'], tolerance(spec)),
    }


@handles('toco', 'local_crops')
def local_crops(spec, arrays, folder):
    given, cfg = inputs(arrays), spec['config']
    size, number = cfg['crop_size'], cfg['crop_num']
    torch.manual_seed(cfg['torch_seed'])
    corners = draw_corners(given['roi'], size, number)
    views = given['roi'].new_ones(len(corners), arrays['out_flags'].shape[1] - number)
    flags = torch.cat([views, shows_object(given['roi'], corners, size, cfg['ratio'])], 1)
    crops = cut_crops(given['img'], corners, size)
    outputs = dict(crops=crops[..., ::2, ::2], flags=flags.float())
    results = judged(spec, arrays, outputs)
    results['corners'] = (np.asarray(corners), arrays['in_corners'], tolerance(spec))
    return results
