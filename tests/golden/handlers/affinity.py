"""AffinityNet and IRN: networks, losses, labels, augmentation and walks."""

import random
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from mmseg.structures import SegDataSample

from mmwsss.datasets.transforms.affinity import TopLeftCropPad
from mmwsss.datasets.transforms.geometry import RandomCropPad, RandomFlip, resize_image, resize_map
from mmwsss.models.affinity.irn import IRNWalkCfg, walk_within_edges
from mmwsss.models.affinity.psa import AffinityNet
from mmwsss.models.conversion.checkpoint_keys import rename_keys
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.models.data_preprocessor import WSSSDataPreprocessor
from mmwsss.models.losses.affinity_loss import irn_losses, psa_losses
from mmwsss.ops.affinity import edge_affinity, feature_affinity, feature_stencil
from mmwsss.ops.path_index import path_directions, scan_directions, view
from mmwsss.ops.pooling import non_discriminative_pooling
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import Seeds
from tests.draws import no_draws
from tests.golden import fill
from tests.golden.handlers import NUMBER, handles, numbers
from tests.golden.handlers.walk import dense_affinity, flat_labels, radius_of
from tests.golden.tolerance import EXACT, tolerance


@lru_cache(maxsize=1)
def build(kind, params, salt, counterpart):
    official = {name: torch.from_numpy(fill.value(name, shape, salt)) for name, shape in params}
    state, _ = rename_keys(official, FORMATS[kind])
    with no_draws():
        model = FORMATS[kind].counterpart()
    model.load_state_dict(state, strict=True)
    return model.eval()


def network(kind, spec):
    """The reference's network, through the converter, and our names of its parameters."""
    params = tuple((name, tuple(shape)) for name, shape in spec['params'].items())
    names, _ = rename_keys({name: name for name in spec['params']}, FORMATS[kind])
    ours = {old: new for new, old in names.items()}
    return build(kind, params, spec['salt'], FORMATS[kind].counterpart), ours


def statistics(values):
    values = values.detach().double()
    return np.array([values.mean(), values.std(unbiased=False), values.abs().sum()])


def summary(name, values):
    return {
        f'{name}_stats': statistics(values),
        f'{name}_slice': values[0, :8, :4, :4].detach().numpy(),
    }


def gradients(arrays, model, ours):
    """First entries and norm of each gradient that the case holds."""
    parameters = dict(model.named_parameters())
    got = {}
    for output in arrays:
        if output.startswith('out_grad_norm_'):
            name = output.removeprefix('out_grad_norm_')
            gradient = parameters[ours[name]].grad.flatten()
            got[f'grad_norm_{name}'] = gradient.norm().numpy()
            got[f'grad_{name}'] = gradient[: len(arrays[f'out_grad_{name}'])].numpy()
    return got


def compared(got, spec, arrays, wide=None):
    """Triples of the results; ``wide``: tolerances of some."""
    bounds = {name: tolerance(spec, name) for name in got}
    for name in got:
        if name.endswith('_stats'):  # the sum in a summary is no measure of the mean beside it
            bounds[name] = replace(bounds[name], of_max=False)
    bounds |= wide or {}
    return {name: (value, arrays[f'out_{name}'], bounds[name]) for name, value in got.items()}


@handles('refine', 'aff_net')
def aff_net(spec, arrays, folder):
    model, ours = network('psa', spec)
    model.zero_grad()
    x, label = torch.from_numpy(arrays['in_x']), arrays['in_label']
    x = torch.nn.functional.pad(x, (0, -x.shape[-1] % 8, 0, -x.shape[-2] % 8))
    taps = model.backbone(x)
    got = {}
    for name, tap in zip(('conv4', 'conv5', 'conv6'), taps, strict=True):
        got |= summary(name, tap)
    features = model.head(taps)
    radius = radius_of(arrays['out_bg'])
    affinity = feature_affinity(features, radius)
    stencil = feature_stencil(features.detach(), radius)[0]
    directions = scan_directions(radius)
    dense = dense_affinity(stencil, directions)
    got |= {
        **summary('f9', features),
        'aff': affinity.flatten(2).detach().numpy(),
        'dense_stats': statistics(dense),
        **{name: rows[None] for name, rows in flat_labels(label, directions, radius).items()},
    }
    losses = psa_losses(affinity, torch.from_numpy(label)[None], radius)
    model.radius = radius
    total = sum(model.loss(x, [SegDataSample(metainfo=dict(pair_label=label))]).values())
    total.backward()
    got['loss'] = np.array([value.item() for value in (*losses, total)])
    got |= gradients(arrays, model, ours)
    wide = {name: tolerance(spec, 'grad_b5') for name in got if name.startswith('grad_b5')}
    return compared(got, spec, arrays, wide)


@handles('refine', 'irn_net')
def irn_net(spec, arrays, folder):
    model, ours = network('irn', spec)
    model.eval().zero_grad()
    x, label = torch.from_numpy(arrays['in_x']), arrays['in_label']
    features = model.features(x)
    got = {}
    for number, tap in enumerate(features, start=1):
        got |= summary(f'x{number}', tap)
    with torch.no_grad():
        got |= {'edge': model.edge(features).numpy(), 'dp': model.disp(features).numpy()}
    radius = int(numbers(spec['notes'], r'[Rr]adius (\d+)')[0])
    model.train().radius = radius
    losses = model.loss(x, [SegDataSample(metainfo=dict(pair_label=label))])
    total = sum(losses.values())
    total.backward()
    with torch.no_grad():
        displacement = model.disp(features)
        affinity = edge_affinity(model.edge(features)[:, 0].sigmoid(), radius)
    differences = pairwise(displacement, radius)[1:]
    raw = [-(affinity + 1e-5).log(), -(1 + 1e-5 - affinity).log(), *differences]
    pos, neg, disp_fg, disp_bg = (losses[f'loss_{n}'] for n in ('pos', 'neg', 'disp_fg', 'disp_bg'))
    parts = (2 * pos, 2 * neg, 2 * disp_fg, 2 * disp_bg, total)
    got |= {
        'loss': np.array([value.item() for value in parts]),
        'raw_stats': np.stack([statistics(values) for values in raw]),
        'backbone_grad_none': int(all(p.grad is None for p in model.backbone.parameters())),
        **gradients(arrays, model, ours),
    }
    return compared(got, spec, arrays)


def pairwise(displacement, radius):
    """Differences of displacements (N, 2, D, h', w'), their distances from the offsets and 0."""
    directions = path_directions(radius)
    source = view(displacement, (0, 0), radius)
    difference = torch.stack([source - view(displacement, d, radius) for d in directions], 2)
    offsets = torch.tensor(directions).T[:, :, None, None]
    return difference, (difference - offsets).abs(), difference.abs()


@handles('refine', 'irn_loss')
def irn_loss(spec, arrays, folder):
    logits = torch.from_numpy(arrays['in_edge_logit']).requires_grad_()
    displacement = torch.from_numpy(arrays['in_disp']).requires_grad_()
    edges = logits[:, 0].sigmoid()
    radius = radius_of(arrays['out_aff'])
    losses = irn_losses(edges, displacement, torch.from_numpy(arrays['in_label']), radius)
    bg, fg, neg, disp_fg, disp_bg = losses
    total = ((bg + fg) / 2 + neg) / 2 + (disp_fg + disp_bg) / 2
    total.backward()
    affinity = edge_affinity(edges.detach(), radius).flatten(2)
    step = -(-affinity.shape[-1] // arrays['out_aff'].shape[-1])
    got = {
        'aff': affinity[..., ::step],
        'pair_disp': pairwise(displacement.detach(), radius)[0].flatten(3)[..., ::step],
        'loss': torch.stack([*losses, total]).detach(),
        'grad_edge': logits.grad,
        'grad_disp': displacement.grad,
    }
    return {n: (v.numpy(), arrays[f'out_{n}'], tolerance(spec, n)) for n, v in got.items()}


@handles('refine', 'irn_edge_displacement')
def irn_edge_displacement(spec, arrays, folder):
    model, _ = network('irn', spec)
    pad_to = int(numbers(spec['notes'], r'crop_size=(\d+)')[0])
    pair = torch.from_numpy(arrays['in_pair'])
    model.eval().test_cfg = IRNWalkCfg(pad_to=pad_to)
    grid = tuple(-(-side // 4) for side in pair.shape[-2:])
    with torch.no_grad():
        features = model.view_features(pair[:1])
        edge, dp = model.boundaries(features, grid), model.displacement(features, grid)[0]
    got = {'edge': edge.numpy(), 'dp': dp.numpy()}
    return {
        'mirror': (pair[0].flip(-1).numpy(), pair[1].numpy(), EXACT),
        **{
            name: (value, arrays[f'out_{name}'], tolerance(spec, name))
            for name, value in got.items()
        },
    }


@handles('refine', 'irn_sem_label')
def irn_sem_label(spec, arrays, folder):
    cam, edge = torch.from_numpy(arrays['in_cam']), torch.from_numpy(arrays['in_edge'])
    radius, beta, steps = map(int, numbers(spec['notes'], r'radius (\d+), beta (\d+), 2\^(\d+)'))
    (background,) = numbers(spec['notes'], rf'background {NUMBER}')
    cfg = IRNWalkCfg(radius=radius, beta=beta, log_steps=steps, background=background)
    size = tuple(arrays['in_size'].tolist())
    scores = walk_within_edges(cam[None], edge, cfg, size)[0].numpy()
    label = Seeds(arrays['in_keys'], scores).to_mask(cfg.background)
    return {'label': (label, arrays['out_label'], tolerance(spec, 'label'))}


def flip_by_bit():
    """Our flip, decided by the bit that the published codes draw from Python's generator."""
    return RandomFlip(prob=float(random.getrandbits(1)))


@handles('refine', 'irn_augment')
def irn_augment(spec, arrays, folder):
    image, label = arrays['in_image'], arrays['in_label']
    got = {}
    for name in ('img_r07', 'lab_r025', 'img_up'):
        size = arrays[f'out_{name}'].shape[:2]
        got[name] = resize_map(label, size) if name == 'lab_r025' else resize_image(image, size)
    shrink = TRANSFORMS.build(dict(type='MaskPairLabels', stride=4))
    pair = shrink(dict(pseudo_mask=label, aligned=dict(pseudo_mask=255)))['pair_label']
    random.seed(int(arrays['in_seed']))
    sample = dict(img=image, pseudo_mask=label, aligned=dict(pseudo_mask=255))
    sample = TRANSFORMS.build(dict(type='RandomScale', low=0.5, high=1.5))(sample)
    got |= {'scaled': sample['img'], 'scaled_label': sample['pseudo_mask']}
    sample = flip_by_bit()(sample)
    top_left = dict(img=image, pseudo_mask=label, aligned=dict(pseudo_mask=255))
    for name, results, transform in (
        ('crop', sample, RandomCropPad),
        ('topleft', top_left, TopLeftCropPad),
    ):
        results = transform(arrays[f'out_{name}'].shape[:2])(results)
        got |= {name: results['img'], f'{name}_label': results['pseudo_mask']}
    return {
        'pair_label': (pair, arrays['out_lab_r025'], EXACT),
        **{name: (value, arrays[f'out_{name}'], EXACT) for name, value in got.items()},
    }


@handles('refine', 'aff_labels')
def aff_labels(spec, arrays, folder):
    low, high = (arrays[f'in_{name}'].transpose(1, 2, 0) for name in ('la', 'ha'))
    random.seed(int(arrays['in_seed']))
    sample = dict(
        img=arrays['in_image'],
        low_alpha=low,
        high_alpha=high,
        aligned=dict(low_alpha=0, high_alpha=0),
    )
    sample = RandomCropPad(int(arrays['in_crop']), fill=0)(sample)
    sample = flip_by_bit()(sample)
    sample = TRANSFORMS.build(dict(type='CRFPairLabels', stride=8))(sample)
    sample = TRANSFORMS.build(dict(type='PackTagged', meta_keys=('pair_label',)))(sample)
    label = sample['data_samples'].pair_label
    data = dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])
    x = WSSSDataPreprocessor()(data)['inputs'][0].numpy()
    expected = arrays['out_image_slice']
    step = -(-x.shape[-1] // expected.shape[-1])
    radius = radius_of(arrays['out_bg'])
    return {
        'label': (label, arrays['out_label'], EXACT),
        'image_slice': (x[:, ::step, ::step], expected, tolerance(spec, 'image')),
        **{
            name: (rows, arrays[f'out_{name}'], EXACT)
            for name, rows in flat_labels(label, scan_directions(radius), radius).items()
        },
    }


class Features(torch.nn.Module):
    """In place of a network: the case's features, whatever the image."""

    def __init__(self, features):
        super().__init__()
        self.features = features

    def forward(self, x):
        return self.features


@handles('refine', 'aff_walk')
def aff_walk(spec, arrays, folder):
    feat, cam, keys = (torch.from_numpy(arrays[f'in_{n}']) for n in ('feat', 'cam', 'keys'))
    radius = radius_of(arrays['out_aff'])
    stencil = feature_stencil(feat, radius)
    dense = dense_affinity(stencil[0], scan_directions(radius))
    rows = [0, 4, len(dense) // 2, len(dense) - 1]
    close = tolerance(spec, 'rw')
    affinity = feature_affinity(feat, radius).flatten(2)
    results = {
        'aff': (affinity.numpy(), arrays['out_aff'], close),
        'dense_rows': (dense[rows].numpy(), arrays['out_dense_rows'], close),
        'dense_nnz': (int((dense != 0).sum()), arrays['out_dense_nnz'], EXACT),
    }
    notes = spec['notes']
    constant, beta, steps = numbers(
        notes, rf'mct: constant background {NUMBER}, beta {NUMBER}, 2\^(\d+)'
    )
    variants = {'mct': dict(alpha=None, background=constant, log_steps=int(steps))}
    for name in ('icam', 'psa'):
        alpha, steps = map(int, numbers(notes, rf'{name}: [^;]*\)\^(\d+), 2\^(\d+)'))
        variants[name] = dict(alpha=alpha, log_steps=steps)
    size = tuple(cam.shape[-2:])
    seeds = Seeds(keys.numpy(), cam.numpy())
    images = torch.zeros(1, 3, *size)
    for name, options in variants.items():
        model = AffinityNet(Features(feat), test_cfg=dict(beta=beta, radius=radius, **options))
        model.head = torch.nn.Identity()
        walked = model.walk(images, [seeds])[0]
        results[f'label_{name}'] = (
            walked.to_mask(),
            arrays[f'out_label_{name}'],
            tolerance(spec, 'label'),
        )
        grid = model.walk_on_grid(images, [seeds])[0]
        results[f'rw_{name}'] = (grid.numpy(), arrays[f'out_rw_{name}'], close)
    return results


@handles('refine', 'rib_gndp')
def rib_gndp(spec, arrays, folder):
    cam = torch.from_numpy(arrays['in_cam']).requires_grad_()
    tags = torch.from_numpy(arrays['in_label'])
    (threshold,) = numbers(spec['notes'], rf'cam/max < {NUMBER}')
    logits = non_discriminative_pooling(cam, tags, threshold)
    loss = -(logits * tags).sum()
    loss.backward()
    got = {'logits': logits, 'loss': loss, 'grad': cam.grad}
    return {
        name: (value.detach().numpy(), arrays[f'out_{name}'], tolerance(spec, name))
        for name, value in got.items()
    }
