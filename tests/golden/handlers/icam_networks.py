"""ICAM's three networks: forward passes, training steps, parameter groups, seeds and masks."""

import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmwsss.config import read_config
from mmwsss.engine.schedulers import PSAPolyLR
from mmwsss.models.conversion import FORMATS, rename_keys
from mmwsss.ops.affinity import feature_affinity, feature_stencil
from mmwsss.ops.path_index import fitting_radius, scan_directions
from mmwsss.ops.probability import fuse_tagged, squeezed_logit
from mmwsss.ops.random_walk import transition_matrix
from mmwsss.refiners import CRF
from mmwsss.registry import MODELS, PARAM_SCHEDULERS, TRANSFORMS
from mmwsss.structures import Seeds
from tests.draws import no_draws
from tests.golden import fill
from tests.golden.handlers import NUMBER, handles, numbers
from tests.golden.handlers.cam import CONFIGS, statistics
from tests.golden.handlers.s2c import network_input
from tests.golden.handlers.walk import dense_affinity, flat_labels
from tests.golden.tolerance import EXACT, Tolerance, tolerance, without_avx512
from tests.grid_pairs import pair_indices

STAGES = {
    'icam': 'icam/icam_r38_voc.py',
    'psa': 'icam/psa_r38_icam_voc.py',
    'icam_final': 'icam/largefov_r38_icam_voc.py',
}
_cache = {}


def stage(kind, spec, without_dropout=False):
    """The network of a published config on the case's parameters, and our names of these.

    Parameters are made anew for each case (a training step changes them), their values once.
    """
    cfg = read_config(CONFIGS / STAGES[kind])
    params = {name: tuple(shape) for name, shape in spec['params'].items()}
    key = (kind, spec['salt'], tuple(params.items()))
    if _cache.get('key') != key:  # only ever one: half a gigabyte
        _cache.clear()
        official = {
            name: torch.from_numpy(fill.value(name, shape, spec['salt']))
            for name, shape in params.items()
        }
        _cache.update(key=key, state=rename_keys(official, FORMATS[kind])[0])
    state = _cache['state']
    cfg.model.backbone.init_cfg = None
    if kind == 'icam':
        cfg.model.head.num_classes = len(state['head.classifier.weight']) - 1
    elif kind == 'icam_final':
        cfg.model.decode_head.num_classes = len(state['decode_head.conv_seg.weight'])
    if without_dropout:
        cfg.model.backbone.dropout = (0.0, 0.0)
    with DefaultScope.overwrite_default_scope('mmwsss'), no_draws():
        model = MODELS.build(cfg.model)
    if without_dropout:
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout | torch.nn.Dropout2d):
                module.p = 0.0
    model.load_state_dict(state, strict=True)
    ours = {old: new for new, old in rename_keys({k: k for k in params}, FORMATS[kind])[0].items()}
    return model.eval(), cfg, ours


def one_input(arrays):
    return network_input(arrays['in_image'][None])


@handles('icam', 'cam_forward_*')
def cam_forward(spec, arrays, folder):
    model, *_ = stage('icam', spec)
    x = one_input(arrays)
    model.backbone.out_indices = (3, 4, 5, 7)
    with torch.no_grad():
        taps = dict(zip(('conv3', 'conv4', 'conv5', 'conv6'), model.backbone(x), strict=True))
        output = model.head([taps[name] for name in ('conv4', 'conv5', 'conv6')], x)
    cam = output.logits.softmax(1)
    got = {
        'cam_logits': output.logits,
        'cam': cam,
        'cam_rv_logits': output.revised,
        'cam_rv': output.revised.softmax(1),
        'pred': squeezed_logit(cam.amax((-2, -1), keepdim=True)),
    }
    for name, tap in taps.items():
        got[f'{name}_stats_f64'] = np.array(statistics(tap))
        if f'out_{name}_slice' in arrays:
            step = int(re.search(r'::(\d+)', spec['outputs'][f'{name}_slice'])[1])
            got[f'{name}_slice'] = tap[0, ::step]
    return {
        name: (np.asarray(value), arrays[f'out_{name}'], tolerance(spec, name))
        for name, value in got.items()
    }


@handles('icam', 'aff_forward_*')
def aff_forward(spec, arrays, folder):
    model, *_ = stage('psa', spec)
    with torch.no_grad():
        features = model.features(one_input(arrays))
    grid = tuple(features.shape[-2:])
    radius = fitting_radius(grid, model.radius)
    directions = scan_directions(radius)
    source, target = pair_indices(grid, directions, radius)
    dense = dense_affinity(feature_stencil(features, radius)[0], directions)
    rows, columns = (int(step) for step in re.findall(r'::(\d+)', spec['outputs']['dense_slice']))
    return {
        'aff': (
            feature_affinity(features, radius).flatten(2).numpy(),
            arrays['out_aff'],
            tolerance(spec, 'aff'),
        ),
        'dense_slice': (
            dense[::rows, ::columns].numpy(),
            arrays['out_dense_slice'],
            tolerance(spec, 'dense_slice'),
        ),
        'dense_stats_f64': (
            np.array(statistics(dense)),
            arrays['out_dense_stats_f64'],
            tolerance(spec, 'dense_stats_f64'),
        ),
        'ind_from': (source, arrays['out_ind_from'], EXACT),
        'ind_to': (target.reshape(-1), arrays['out_ind_to'], EXACT),
    }


@handles('icam', 'deeplabv1_forward')
def deeplabv1_forward(spec, arrays, folder):
    model, *_ = stage('icam_final', spec)
    x = one_input(arrays)
    with torch.no_grad():
        small = model._forward(x)
        model.scales, model.flip = (1.0,), False
        logits = model.inference(x, [])
    step = int(re.search(r'::(\d+)', spec['outputs']['logits_slice'])[1])
    got = {
        'logits_slice': logits[0, :, ::step, ::step].numpy(),
        'logits_stats_f64': np.array(statistics(logits)),
        'cam': small.softmax(1).numpy(),
    }
    return {
        name: (value, arrays[f'out_{name}'], tolerance(spec, name)) for name, value in got.items()
    }


class Training:
    """Updates of a stage by its config's optimiser, and what the cases keep of each."""

    def __init__(self, kind, spec, arrays):
        self.model, cfg, self.ours = stage(kind, spec, without_dropout=True)
        self.model.train()
        self.spec, self.arrays = spec, arrays
        self.stored = _cache['state']
        notes = spec['notes']
        if found := re.search(r'max_itr (\d+)', notes):
            steps = int(found[1]) + 1
        else:
            steps = int(re.search(r'max_step (\d+)', notes)[1])
        (rate,) = numbers(notes, rf'lr {NUMBER}')
        wrapper = cfg.optim_wrapper
        wrapper.optimizer.lr = rate
        if 'weight decay' in notes:
            # It is the momentum, too: PSA's family has its own optimiser.
            (decay,) = numbers(notes, rf'weight decay {NUMBER}')
            wrapper.optimizer.update(weight_decay=decay, momentum=decay)
        self.optimizer = build_optim_wrapper(self.model, wrapper).optimizer
        self.scheduler = PSAPolyLR(self.optimizer, end=steps)
        self.parameters = dict(self.model.named_parameters())
        self.results = {}
        self.iteration = 0

    def compare(self, name, got):
        expected = self.arrays[f'out_{name}']
        self.results[name] = np.array(got), expected, tolerance(self.spec, name)

    def update(self, losses):
        """One step, and a comparison of everything that the case holds of it."""
        prefix = f'it{self.iteration}'
        # Beside the case's tolerance: updates, and gradients where the notes ask for it, to a
        # percent of the largest element.
        strict = Tolerance(atol=0.01, of_max=True)
        before = {name: p.detach().clone() for name, p in self.parameters.items()}
        base = {group['lr'] / group['initial_lr'] for group in self.optimizer.param_groups}
        (share,) = {round(value, 12) for value in base}
        rate = self.optimizer.defaults['lr'] * share
        self.compare(f'{prefix}_lr', [rate, 2 * rate, 10 * rate, 20 * rate])
        self.optimizer.zero_grad()
        sum(value for name, value in losses.items() if 'loss' in name).backward()
        self.optimizer.step()
        self.scheduler.step()
        for name in self.arrays:
            if not (found := re.fullmatch(rf'out_{prefix}_grad_(.+)', name)):
                continue
            official = found[1]
            parameter = self.parameters[self.ours[official]]
            stored = strided(self.stored[self.ours[official]]).numpy()
            for key, values in (('grad', parameter.grad), ('param', parameter.detach())):
                self.compare(f'{prefix}_{key}_{official}', strided(values))
                self.compare(f'{prefix}_{key}norm_{official}', values.norm())
            if '1 %' in self.spec['notes']:
                got = strided(parameter.grad).numpy().copy()
                self.results[f'{prefix}_grad_{official} strict'] = got, self.arrays[name], strict
            moved = strided(parameter.detach()).numpy() - stored
            expected = self.arrays[f'out_{prefix}_param_{official}'] - stored
            self.results[f'{prefix}_update_{official}'] = moved, expected, strict
        trained = {name for name, p in self.parameters.items() if p.requires_grad}
        still = [name for name in self.parameters if name not in trained]
        unmoved = all(torch.equal(before[name], self.parameters[name]) for name in still)
        self.results[f'{prefix} frozen'] = (unmoved, True, EXACT)
        self.iteration += 1


def strided(values):
    """Some elements of a tensor, as the cases hold them."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.numel() // 200)][:200]


@handles('icam', 'cam_train_step')
def cam_train_step(spec, arrays, folder):
    training = Training('icam', spec, arrays)
    model = training.model
    inputs, tags = network_input(arrays['in_images']), torch.from_numpy(arrays['in_labels'])
    count = sum(bool(re.fullmatch(r'out_it\d+_losses', name)) for name in arrays)
    batch = len(inputs) // count
    similarity = model.loss_similarity
    weight, samples, mu, similarity.sigma = numbers(
        spec['notes'], rf'loss_weight {NUMBER}, {NUMBER} samples, mu {NUMBER}, sigma {NUMBER}'
    )
    model.sampling_weight, similarity.mu = weight, mu
    model.loss_sampling.num_samples = int(samples)
    seen, view = [], model.view
    model.view = lambda x: seen.append(view(x)) or seen[-1]
    for iteration in range(count):
        part = slice(iteration * batch, (iteration + 1) * batch)
        draws = [
            torch.from_numpy(arrays[f'in_draws_it{iteration}_view{n}'].astype(np.int64))[:, 1:]
            for n in (1, 2)
        ]
        queue = list(draws)
        model.loss_sampling.draw = lambda maps, generator=None, queue=queue: queue.pop(0)
        data = [SegDataSample(gt_label=own) for own in tags[part]]
        losses = model.loss(inputs[part], data)
        queue += draws
        with torch.no_grad():
            single = [model.tag_losses((own,), tags[part]) for own in seen]
        seen.clear()
        values = {name: [float(one[name]) for one in single] for name in single[0]}
        soft = [
            *values['loss_revised'],
            *(value / (1 - weight) for value in values['loss_gap']),
            *(value / weight for value in values['loss_sampling']),
        ]
        cls = losses['loss_gap'] + losses['loss_sampling'] + losses['loss_revised']
        parts = [
            sum(losses.values()),
            cls,
            losses['loss_er'],
            losses['loss_ecr'],
            losses['loss_similarity'] / similarity.loss_weight,
        ]
        training.compare(f'it{iteration}_soft_margin', soft)
        training.compare(f'it{iteration}_losses', [float(part) for part in parts])
        training.update(losses)
    return training.results


def labels_of(masks, grid, radius):
    """Labels that give these masks of pairs, (D, P) each: any that tell the same of each pair."""
    source, target = pair_indices(grid, scan_directions(radius), radius)
    source = np.broadcast_to(source, target.shape)
    same = (masks['bg'] | masks['fg']) > 0
    number = grid[0] * grid[1]
    links = coo_array((np.ones(same.sum()), (source[same], target[same])), shape=(number, number))
    label = 1 + connected_components(links, directed=False)[1]
    background = masks['bg'] > 0
    label[np.isin(label, label[source[background]])] = 0
    known = np.zeros(number, bool)
    related = same | (masks['neg'] > 0)
    known[source[related]] = known[target[related]] = True
    # Small numbers: labels are uint8.
    label = np.where(label > 0, np.unique(label * known, return_inverse=True)[1].reshape(-1), 0)
    assert label.max() < 255
    return np.where(known, label, 255).astype(np.uint8).reshape(grid)


@handles('icam', 'aff_train_step')
def aff_train_step(spec, arrays, folder):
    training = Training('psa', spec, arrays)
    model = training.model
    inputs = network_input(arrays['in_images'])
    grid = tuple(-(-side // 8) for side in inputs.shape[-2:])
    radius = fitting_radius(grid, model.radius)
    masks = {name: arrays[f'in_{name}'] for name in ('bg', 'fg', 'neg')}
    labels = [
        labels_of({name: rows[n] for name, rows in masks.items()}, grid, radius)
        for n in range(len(inputs))
    ]
    for name, rows in masks.items():
        got = np.stack([flat_labels(x, scan_directions(radius), radius)[name] for x in labels])
        training.results[f'{name} of the labels'] = got, rows, EXACT
    samples = [SegDataSample(metainfo=dict(pair_label=label)) for label in labels]
    counts = [float(rows.sum()) for rows in masks.values()]
    while f'out_it{training.iteration}_losses' in arrays:
        losses = model.loss(inputs, samples)
        bg, fg, neg = (float(losses[f'loss_{n}']) for n in ('bg', 'fg', 'neg'))
        got = [bg + fg + neg, 4 * bg, 4 * fg, 2 * neg, *counts]
        training.compare(f'it{training.iteration}_losses', got)
        training.update(losses)
    return training.results


def final_updates(training, inputs, masks):
    """Two updates of the final stage; yields its losses before each."""
    model = training.model
    count = sum(bool(re.fullmatch(r'out_it\d+_losses', name)) for name in training.arrays)
    for own, labels in zip(inputs.chunk(count), masks.chunk(count), strict=True):
        samples = [SegDataSample(gt_sem_seg=PixelData(data=mask[None])) for mask in labels]
        losses = model.loss(own, samples)
        yield losses
        training.update(losses)
    # The release notices that it is done after one more forward pass, which the statistics show.
    with torch.no_grad():
        model(inputs.chunk(count)[0])


@handles('icam', 'final_train_step')
def final_train_step(spec, arrays, folder):
    inputs = network_input(arrays['in_images'])
    masks = torch.from_numpy(arrays['in_labels'].astype(np.int64))
    training = Training('icam_final', spec, arrays)
    for losses in final_updates(training, inputs, masks):
        similarity = losses['loss_similarity']
        total = losses['decode.loss_ce'] + similarity
        raw = similarity / training.model.loss_similarity.loss_weight
        training.compare(f'it{training.iteration}_losses', [float(total), float(raw)])
    for name in arrays:
        if found := re.fullmatch(r'out_end_(running_mean|running_var|weight)_(.+)', name):
            ours = training.ours[f'{found[2]}.{found[1]}']
            training.compare(name[4:], training.model.state_dict()[ours])
    return without_avx512(training.results, ELSEWHERE)


# With kernels for AVX2 (oneDNN's, or torch's own) the first convolution's gradient is off by up to
# 0.8 % of its largest element in the first update, which the statistics of two photos make 36 % in
# the second one; double precision is off by 22 % there (docs/results/icam.md). All other outputs
# keep the case's bounds.
ELSEWHERE = {
    r'it0_grad_backbone\.conv1a\.weight': Tolerance(atol=0.015, of_max=True),
    r'it1_grad_backbone\.conv1a\.weight': Tolerance(atol=0.5, of_max=True),
    r'it1_(gradnorm|update)_backbone\.conv1a\.weight': Tolerance(atol=0.15, of_max=True),
    r'it1_(grad|update)_(backbone\.b5_1\.conv_branch2a|conv_fov2)\.weight': Tolerance(
        atol=0.2, of_max=True
    ),
}


def groups(kind):
    """Our parameters by their part in the config's optimiser: as the official groups."""
    cfg = read_config(CONFIGS / STAGES[kind])
    with torch.device('meta'), DefaultScope.overwrite_default_scope('mmwsss'):
        model = MODELS.build(cfg.model)
    model.train()
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    names = {id(p): name for name, p in model.named_parameters()}
    base = cfg.optim_wrapper.optimizer
    kinds = [(1, True), (2, False), (10, True), (20, False)]
    result = [set() for _ in kinds]
    for group in optimizer.param_groups:
        decay = {base.weight_decay: True, 0: False}[group['weight_decay']]
        place = (round(group['lr'] / base.lr), decay)
        for parameter in group['params']:
            if parameter.requires_grad:
                result[kinds.index(place)].add(names[id(parameter)])
    return result, {name for name, p in model.named_parameters() if not p.requires_grad}


def renamed(kind, names):
    # A rule at a time needs no complete checkpoint.
    from mmwsss.models.conversion.checkpoint_keys import rename

    return {rename(name, FORMATS[kind].rules) for name in names}


@handles('icam', 'cam_param_groups')
def cam_param_groups(spec, arrays, folder):
    got, frozen = groups('icam')
    results = {
        f'group {n}': (own, renamed('icam', names), EXACT)
        for n, (own, names) in enumerate(zip(got, spec['after_train_call'], strict=True))
    }
    expected = renamed('icam', spec['requires_grad_false_after_train'])
    results['frozen'] = (frozen, expected, EXACT)
    return results


@handles('icam', 'final_param_groups')
def final_param_groups(spec, arrays, folder):
    got, frozen = groups('icam_final')
    results = {
        f'group {n}': (own, renamed('icam_final', names), EXACT)
        for n, (own, names) in enumerate(zip(got, spec['groups'], strict=True))
    }
    results['in no group'] = (frozen, renamed('icam_final', spec['not_in_any_group']), EXACT)
    return results


@handles('icam', 'lr_schedules')
def lr_schedules(spec, arrays, folder):
    results = {}
    for name, case in spec.items():
        if not isinstance(case, dict):
            continue
        final = 'max_itr' in case
        cfg = read_config(CONFIGS / STAGES['icam_final' if final else 'icam'])
        scheduler = dict(cfg.param_scheduler, by_epoch=False)
        scheduler.pop('convert_to_iter_based', None)
        if final:
            assert scheduler['end'] == cfg.train_cfg.max_iters + 1
            scheduler['end'] = case['max_itr'] + 1
        else:
            scheduler['end'] = case['max_step']
            sgd = {k: v for k, v in cfg.optim_wrapper.optimizer.items() if k in case['sgd']}
            results[f'{name} sgd'] = (sgd, {k: case['sgd'][k] for k in sgd}, EXACT)
        base = cfg.optim_wrapper.optimizer.lr
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
        schedule = PARAM_SCHEDULERS.build(dict(scheduler, optimizer=optimizer))
        rates, step = [], 0
        optimizer.step()  # there is nothing to update: the schedule asks for one alone
        for wanted in case['steps']:
            while step < wanted:
                schedule.step()
                step += 1
            rate = optimizer.param_groups[0]['lr']
            rates.append([rate, 2 * rate, 10 * rate, 20 * rate])
        results[name] = (np.array(rates), np.array(case['lrs']), Tolerance(rtol=1e-6))
    return results


@contextmanager
def patched(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def packed(image, cfg, **entries):
    """A photo through the test pipeline's transforms behind the reading."""
    results = dict(
        img=image, img_id='image', img_path='image.png', ori_shape=image.shape[:2], **entries
    )
    results['img_shape'] = image.shape[:2]
    for step in cfg.test_dataloader.dataset.pipeline:
        if not step['type'].startswith('Load'):
            results = TRANSFORMS.build(step)(results)
    return results


@handles('icam', 'cam_inference')
def cam_inference(spec, arrays, folder):
    from mmwsss.models.cam_generators import icam as module

    model, cfg, _ = stage('icam', spec)
    image = arrays['in_image']
    results = packed(image, cfg, gt_label=arrays['in_label'])
    batch = dict(
        inputs=[[scale] for scale in results['inputs']], data_samples=[results['data_samples']]
    )
    fused = []
    with patched(module, 'fuse_tagged', lambda *a: fused.append(fuse_tagged(*a)) or fused[-1]):
        seeds = model.predict(**model.data_preprocessor(batch))[0].seeds
    few = {name[4:]: replace(tolerance(spec, name[4:]), agreement=0.99) for name in arrays}
    results = {
        'cam_keys': (seeds.classes.tolist(), spec['cam_keys'], EXACT),
        'crf_keys': ([0, *(seeds.classes + 1).tolist()], spec['crf_keys'], EXACT),
        'mean_map': (fused[0].numpy(), arrays['out_mean_map'], tolerance(spec, 'mean_map')),
        'cam': (seeds.scores, arrays['out_cam'], few['cam']),
    }
    for name in arrays:
        if found := re.fullmatch(r'out_crf_alpha([\d.]+)', name):
            refined = CRF(alpha=float(found[1]), protocol='psa')(image, seeds)
            scores = np.concatenate([refined.background[None], refined.scores])
            results[name[4:]] = (scores, arrays[name], few[name[4:]])
    return results


@handles('icam', 'random_walk')
def random_walk(spec, arrays, folder):
    model, *_ = stage('psa', spec)
    options = numbers(spec['notes'], rf'alpha {NUMBER}, beta {NUMBER}, logt {NUMBER}')
    walk = model.test_cfg
    walk = replace(
        walk, **dict(zip(('alpha', 'beta', 'log_steps'), map(int, options), strict=True))
    )
    model.test_cfg = walk
    found = re.search(r'0-based class(?:es)? ([\d, and]+)', spec['inputs']['cams'])[1]
    classes = np.array([int(number) for number in re.findall(r'\d+', found)])
    seeds, x = Seeds(classes, arrays['in_cams']), one_input(arrays)
    with torch.no_grad():
        low = model.walk_on_grid(x, [seeds])
        (walked,) = model.walk(x, [seeds])
        height, width = seeds.size
        padded = F.pad(x, (0, -width % model.stride, 0, -height % model.stride))
        features = model.features(padded)
    up = F.interpolate(low, scale_factor=model.stride, mode='bilinear', align_corners=False)
    radius = fitting_radius(tuple(features.shape[-2:]), walk.radius)
    weights = feature_stencil(features, radius)[0].double() ** walk.beta
    matrix = transition_matrix(weights, scan_directions(radius)).toarray().T
    matrix = np.linalg.matrix_power(matrix, 2**walk.log_steps)
    steps = re.search(r'\[::(\d+), ::(\d+)\]', spec['outputs']['T_slice'])
    rows, columns = (int(step) for step in steps.groups())
    return {
        'low': (low[0].numpy(), arrays['out_low'], tolerance(spec, 'low')),
        'rw': (up[0].numpy(), arrays['out_rw'], tolerance(spec, 'rw')),
        'pred': (walked.to_mask(), arrays['out_pred'], Tolerance(agreement=0.99)),
        'T_slice': (matrix[::rows, ::columns], arrays['out_T_slice'], tolerance(spec, 'T_slice')),
        'T_stats_f64': (
            np.array(statistics(torch.from_numpy(matrix))),
            arrays['out_T_stats_f64'],
            tolerance(spec, 'T_stats_f64'),
        ),
    }


@handles('icam', 'final_inference')
def final_inference(spec, arrays, folder):
    model, *_ = stage('icam_final', spec)
    image = arrays['in_image']
    with torch.no_grad():
        logits = model.inference(one_input(arrays), [])[0]
    scores = logits.softmax(0).numpy()
    seeds = Seeds(np.arange(len(scores) - 1), scores[1:].clip(0, 1), scores[0].clip(0, 1))
    refined = CRF(protocol='icam_final')(image, seeds)
    after = np.concatenate([refined.background[None], refined.scores])
    most = Tolerance(agreement=0.99)
    rows, columns = re.search(r'::(\d+), ::(\d+)', spec['outputs']['prob_crf']).groups()
    return {
        'mean_logits': (logits.numpy(), arrays['out_mean_logits'], tolerance(spec, 'mean_logits')),
        'pred_plain': (logits.argmax(0).numpy(), arrays['out_pred_plain'], most),
        'prob_crf': (
            after[:, :: int(rows), :: int(columns)],
            arrays['out_prob_crf'],
            tolerance(spec, 'prob_crf'),
        ),
        'pred_crf': (after.argmax(0), arrays['out_pred_crf'], most),
    }
