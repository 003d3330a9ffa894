"""The network of CTI, its published files, its losses, its memory and one whole update."""

import random
import re
from functools import lru_cache
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmseg.structures import SegDataSample
from PIL import Image

from mmwsss.datasets.transforms.rand_augment import OPERATIONS
from mmwsss.datasets.transforms.random_resized_crop import crop_box
from mmwsss.models import CTI, ClassMemory, ClassTokenViT, PatchCAMHead
from mmwsss.models.affinity.irn import IRNWalkCfg, walk_within_edges
from mmwsss.models.backbones import AttentionWatch
from mmwsss.models.backbones.class_token_vit import resize_positions
from mmwsss.models.cam_generators.cti import CTIPasses, infuse_tokens
from mmwsss.models.losses.background_complement import refine_maps
from mmwsss.models.utils.checkpoint_keys import FORMATS, rename, rename_keys
from mmwsss.ops.affinity import edge_stencil
from mmwsss.ops.max_norm import max_normalize
from mmwsss.ops.path_index import path_directions
from mmwsss.ops.random_walk import random_walk
from mmwsss.registry import MODELS, PARAM_SCHEDULERS, TRANSFORMS
from mmwsss.structures import Seeds
from tests.golden import fill
from tests.golden.handlers import handles
from tests.golden.handlers.cam import CONFIGS
from tests.golden.tolerance import EXACT, Tolerance, tolerance

RULES = FORMATS['cti'].rules


def config_of(classes: int) -> Config:
    """Published settings; the release tells the data set by the number of classes."""
    return Config.fromfile(CONFIGS / f'cti/cti_deit-s_{"voc" if classes == 20 else "coco"}.py')


def official_state(spec: dict) -> dict:
    return {
        name: torch.from_numpy(fill.value(name, shape, spec['salt']))
        for name, shape in spec['params'].items()
    }


@lru_cache(maxsize=1)
def _build(params: tuple, salt: str) -> CTI:
    state, _ = rename_keys(official_state(dict(params=dict(params), salt=salt)), FORMATS['cti'])
    cfg = config_of(state['head.conv.weight'].shape[0] - 1).model
    dims, patch = state['backbone.patch_embed.projection.weight'].shape[::2][:2]
    cfg.head.num_classes = cfg.backbone.num_classes = state['head.conv.weight'].shape[0] - 1
    cfg.backbone.img_size = patch * round(state['backbone.pos_embed_patch'].shape[1] ** 0.5)
    cfg.backbone.drop_path_rate = 0.0  # as in all cases
    cfg.backbone.pop('init_cfg', None)
    model = MODELS.build(cfg)
    assert model.backbone.embed_dims == dims
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all(name.startswith('memory.') for name in missing)
    return model


def build(spec: dict) -> CTI:
    """The reference network, through the converter, with an empty memory."""
    params = tuple((name, tuple(shape)) for name, shape in spec['params'].items())
    model = _build(params, spec['salt'])
    model.memory.tokens.zero_()
    model.memory.seen.zero_()
    return model


def restore(spec: dict) -> None:
    """Forget a network whose weights a case has changed."""
    _build.cache_clear()


def statistics(values) -> np.ndarray:
    values = torch.as_tensor(values).double()
    return np.array([values.mean(), values.std(unbiased=False), values.abs().sum(), values.norm()])


def fill_memory(memory: ClassMemory, spec: dict, text: str) -> None:
    """What the case says that is in the memory, e.g. '30 per class: RandomState(43).randn(...)'."""
    if found := re.search(r'(\d+) (?:entries )?per class.*RandomState\((\d+)\)', text):
        number, seed = map(int, found.groups())
        classes, _, dims = memory.tokens.shape
        values = np.random.RandomState(seed).randn(classes, number, dims).astype(np.float32)
        memory.tokens[:, :number] = torch.from_numpy(values)
        memory.seen.fill_(number)
    else:
        assert text.startswith('empty'), text


def attention_of(model: CTI, x, start: int, stop: int):
    """Each block's head-mean attention, (N, N) of a sample, and what comes out of the last."""
    net, maps = model.backbone, []
    for block in range(start, stop):
        # Without class tokens a watch sees all rows and columns.
        watch = AttentionWatch(classes_from=None, patches_from=0)
        x = net.layers[block](x, [watch], block=block, num_tokens=0)
        maps.append(watch.patches)
    return maps, x


def outputs(model: CTI, x, *, infuse=None, after: int | None = None, class_blocks: int = 6):
    """All that the reference's forward pass returns, under its names."""
    net, results = model.backbone, {}
    k, depth = net.num_tokens, net.depth
    x, grid = net.embed(x)
    first = 0 if after is None else after + 1
    tokens, maps = [], []
    for block in range(depth):
        own, x = attention_of(model, x, block, block + 1)
        maps += own
        if infuse is not None and block == after:
            x = infuse_tokens(x, infuse, k)  # the reference's list of tokens holds views
        tokens.append(x[:, :k])
    out = net.split(x, grid)
    raw = model.head(out.patches)
    cams = raw.relu()

    def class_attention(start):
        return sum(maps[start:])[:, :k, k:].unflatten(-1, grid)

    mtatt, attn = class_attention(depth - class_blocks), sum(maps[first:])[:, k:, k:]
    results['cls'], results['pcls'] = model.scores(out.tokens, raw)
    results |= dict(cams=cams, mtatt=mtatt, attn=attn, fcams=cams * mtatt)
    results['rcams'] = refine_maps(cams * mtatt, attn)
    if after is not None:
        results['mtatt_as'] = class_attention(first)
        results['fcams_as'] = cams * results['mtatt_as']
    for block, own in enumerate(tokens):
        results[f'ctk{block}'] = own
    results['ctk_last'] = tokens[-1]
    results['Sattn_layer_stat'] = np.stack([statistics(own) for own in maps])
    for block, own in enumerate(maps):
        results[f'Sattn_layer{block}'] = own
    return results


def watched(model: CTI, x, *, infuse=None, after: int | None = None, class_blocks: int = 6):
    """The attention that the model itself adds up, beside fused attention where it can."""
    net = model.backbone
    x, grid = net.embed(torch.cat([x, x]))
    n, first = len(x) // 2, 0 if after is None else after + 1
    watches = [
        AttentionWatch(slice(n), classes_from=net.depth - class_blocks, patches_from=first),
        AttentionWatch(slice(n, None), classes_from=first),
    ]
    x = net.run(x, 0, first, watches)
    if infuse is not None:
        x = infuse_tokens(x, torch.cat([infuse, infuse]), net.num_tokens)
    out = net.split(net.run(x, first, net.depth, watches), grid)
    results = dict(mtatt=watches[0].classes.unflatten(-1, grid), attn=watches[0].patches)
    if after is not None:
        results['mtatt_as'] = watches[1].classes.unflatten(-1, grid)
    raw = model.head(out.patches[:n])
    results['cls'], results['pcls'] = model.scores(out.tokens[n:], raw)
    results['cams'] = raw.relu()
    return results


def compared(got: dict, arrays: dict, close: Tolerance) -> dict:
    """Arrays of the case, whole or as statistics and every n-th value of the flat array."""
    results = {}
    for name in arrays:
        if not name.startswith('out_'):
            continue
        key = name.removeprefix('out_')
        if found := re.fullmatch(r'(.+)_flat_stride(\d+)', key):
            value = np.asarray(got[found[1]]).reshape(-1)[:: int(found[2])]
        elif key not in got and key.endswith('_stat'):
            value = statistics(got[key.removesuffix('_stat')])
        else:
            value = np.asarray(got[key])
        results[key] = (value, arrays[name], close)
    return results


@handles('cti', 'forward_*', 'swap_*')
@torch.no_grad()
def forward(spec, arrays, folder):
    model = build(spec)
    model.train('TRAIN mode' in spec['notes'])
    x = torch.from_numpy(arrays['in_x'])
    after = re.search(r'swap_idx=(\d+)', spec['notes'])
    after = int(after[1]) if after else None
    infuse = torch.from_numpy(arrays['in_ctk']) if 'in_ctk' in arrays else None
    got = outputs(model, x, infuse=infuse, after=after)
    if 'out_rcams_n12' in arrays:
        blocks = int(re.search(r'n_layers=(\d+)', spec['notes'])[1])
        got['rcams_n12'] = outputs(model, x, after=after, class_blocks=blocks)['rcams']
        model.eval()
        refined = model.cams(x).cam  # what inference uses
    results = compared(got, arrays, tolerance(spec))
    if 'out_rcams_n12' in arrays:
        results['cams of inference'] = (
            refined.numpy(),
            arrays['out_rcams_n12'][:, 1:],
            tolerance(spec),
        )
    for name, value in watched(model, x, infuse=infuse, after=after).items():
        if f'out_{name}' in arrays:
            results[f'{name} watched'] = (value.numpy(), arrays[f'out_{name}'], tolerance(spec))
    return results


@handles('cti', 'pos_interp')
def pos_interp(spec, arrays, folder):
    ((name, shape),) = spec['params'].items()
    table = torch.from_numpy(fill.value(name, shape, spec['salt']))
    results = {}
    for key in (key for key in arrays if re.fullmatch(r'out_pos_\d+x\d+', key)):
        height, width = map(int, key.removeprefix('out_pos_').split('x'))
        rows = resize_positions(table, (height // 16, width // 16))[0]
        got = {key[4:]: rows[:, : arrays[key].shape[1]], f'{key[4:]}_stat': statistics(rows)}
        for output, value in got.items():
            results[output] = (np.asarray(value), arrays[f'out_{output}'], tolerance(spec))
    return results


@handles('cti', 'max_norm')
def max_norm(spec, arrays, folder):
    x = torch.from_numpy(arrays['in_x']).requires_grad_()
    y = max_normalize(x)
    (y * torch.from_numpy(arrays['in_w'])).sum().backward()
    double = max_normalize(x.detach().double()).float()
    got = dict(y=y.detach(), grad_x=x.grad, y_double=double)
    return {k: (v.numpy(), arrays[f'out_{k}'], tolerance(spec)) for k, v in got.items()}


def preset(arrays: dict) -> dict:
    """The case's inputs as leaves."""
    return {
        name[3:]: torch.from_numpy(value).requires_grad_(name != 'in_label')
        for name, value in arrays.items()
        if name.startswith('in_')
    }


def stub(classes: int, dims: int) -> CTI:
    """Losses and memory of the published config, on a network that nobody runs."""
    cfg = config_of(classes).model
    arch = dict(embed_dims=dims, num_layers=5, num_heads=1, feedforward_channels=1)
    options = {
        name: cfg[name]
        for name in ('loss_bg', 'loss_intra', 'loss_cross', 'infuse_begin', 'infuse_block')
        if name in cfg
    }
    backbone = ClassTokenViT(num_classes=classes, arch=arch, tokenizer_channels=1)
    head = PatchCAMHead(in_channels=dims, num_classes=classes)
    return CTI(backbone, head, bg_class_blocks=1, **options)


@handles('cti', 'loss_*')
def losses_of_preset_outputs(spec, arrays, folder):
    given = preset(arrays)
    label = given['label']
    model = stub(label.shape[1], given['img_ctk3'].shape[-1])
    fill_memory(model.memory, spec, spec['inputs']['memory'])
    epoch = int(re.search(r'epoch index (\d+)', spec['notes'])[1])
    scores = tuple(given[f'{view}_{kind}'] for view in ('img', 'pos') for kind in ('cls', 'pcls'))
    cams = given['img_x_patch'].relu()
    passes = CTIPasses(scores, cams)
    got, every = {}, {}
    if epoch >= model.infuse_begin:
        own = given['img_ctk3'][:, 1:].detach()
        model.memory.update(own, label)
        got['cross_tokens'] = model.memory.recall(own, label)
        crossed = given['cross_x_patch'].relu() * given['cross_mtatt_as']
        passes = passes._replace(
            class_attention=given['img_mtatt'],
            patch_attention=given['img_attn'],
            intra_cams=given['intra_x_patch'].relu(),
        )
        # The release computes the loss too where it is no part of the total.
        every = model.losses(passes._replace(cross_maps=crossed), label)
        if model.memory.ready:
            passes = passes._replace(cross_maps=crossed)
        refined = model.loss_bg.refined(cams, given['img_mtatt'], given['img_attn'], label)
        for place, name in enumerate(('rcams_fg_up', 'rcams_bg_up')):
            size = arrays[f'out_{name}'].shape[-2:]
            up = F.interpolate(max_normalize(refined[:, place : place + 1]), size, mode='bilinear')
            got[name] = up
    losses = model.losses(passes, label)
    total = sum(losses.values())
    total.backward()
    got |= loss_outputs(losses | every, total)
    got['loss_cls'] = got['loss_cls_terms'].sum()
    got['memory_len'], got['memory_mean'] = model.memory.counts, model.memory.means()
    for name in arrays:
        if name.startswith('out_grad_'):
            got[name[4:]] = given[name.removeprefix('out_grad_')].grad
    results = {}
    for name in (name[4:] for name in arrays if name.startswith('out_')):
        if name not in got:  # maps that are only looked at, where the losses are off
            assert name.startswith('rcams') and epoch < model.infuse_begin
            results[name] = None
            continue
        value = np.asarray(got[name].detach()).reshape(arrays[f'out_{name}'].shape)
        results[name] = (value, arrays[f'out_{name}'], tolerance(spec))
    for name, leaf in given.items():
        if f'out_grad_{name}' not in arrays and name != 'label':
            results[f'no gradient of {name}'] = (leaf.grad is None, True, EXACT)
    return results


def loss_outputs(losses: dict, total) -> dict:
    names = ('loss_cls', 'loss_patch', 'loss_cls_strong', 'loss_patch_strong')
    got = dict(loss_cls_terms=torch.stack([losses[name] for name in names]))
    for name in ('loss_bg', 'loss_intra', 'loss_cross'):
        got[name] = losses.get(name, torch.zeros(1)).reshape(1)
    got['total_backpropagated'] = total.reshape(1)
    return got


@handles('cti', 'memory_bank')
def memory_bank(spec, arrays, folder):
    classes, dims = arrays['in_label0'].shape[1], arrays['in_ctk3_0'].shape[2]
    memory = ClassMemory(classes, dims, config_of(classes).model.get('memory_size', 30))
    fill_memory(memory, spec, spec['inputs']['initial memory'])
    results = {}
    for step in range(sum(name.startswith('in_label') for name in arrays)):
        tags = torch.from_numpy(arrays[f'in_label{step}'])
        tokens = torch.from_numpy(arrays[f'in_ctk3_{step}'])[:, 1:]
        memory.update(tokens, tags)
        stride = int(re.search(r'channels ::(\d+)', spec['outputs']['cross_tokensN'])[1])
        got = {
            f'cross_tokens{step}': memory.recall(tokens, tags)[..., ::stride],
            f'len{step}': memory.counts,
            f'mean{step}': memory.means(),
            f'cross_in_total{step}': np.array([int(memory.ready)]),
        }
        for name, value in got.items():
            results[name] = (np.asarray(value), arrays[f'out_{name}'], tolerance(spec))
    return results


@handles('cti', 'train_step_*')
def train_step(spec, arrays, folder):
    model = build(spec).train()
    classes = model.num_classes
    fill_memory(model.memory, spec, spec['inputs']['memory'])
    config = config_of(classes)
    epoch = int(re.search(r'epoch index (\d+)', spec['notes'])[1])
    config.optim_wrapper.optimizer.lr = float(re.search(r'AdamW lr ([\d.e-]+\d)', spec['notes'])[1])
    images = [torch.from_numpy(arrays[f'in_{name}']) for name in ('img', 'img_pos')]
    tags = torch.from_numpy(arrays['in_label'])
    samples = [SegDataSample(gt_label=own) for own in tags]
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    optimizer.zero_grad()
    seen = []
    inner = model.passes
    hub = MessageHub.get_current_instance()
    hub.update_info('epoch', epoch)
    memory = {name: value.clone() for name, value in model.memory.state_dict().items()}
    try:
        with mock.patch.object(
            model, 'passes', lambda *a, **k: seen.append(inner(*a, **k)) or seen[-1]
        ):
            losses = model.loss(images, samples)
            every = losses
            if 'loss_bg' in losses and 'loss_cross' not in losses:
                # The release computes the loss where it is no part of the total, too.
                model.memory.load_state_dict(memory)
                with mock.patch.object(ClassMemory, 'ready', new=True), torch.no_grad():
                    every = model.loss(images, samples)
    finally:
        hub.update_info('epoch', 0)
    total = sum(losses.values())
    total.backward()
    got = loss_outputs(losses | every, total)
    rules = spec['tolerance']
    close = {
        name: Tolerance(rtol=float(re.search(rf'{name} rtol ([\de.-]+\d)', rules)[1]))
        for name in ('losses', 'gradnorm')
    }
    results = {
        name: (value.detach().numpy(), arrays[f'out_{name}'], close['losses'])
        for name, value in got.items()
    }
    # Scores, of which some are nearly 0, have no bound of their own in the case.
    for name, value in zip(('out', 'out_patch'), seen[0].scores[:2], strict=True):
        bound = Tolerance(atol=close['losses'].rtol, of_max=True)
        results[name] = (value.detach().numpy(), arrays[f'out_{name}'], bound)
    of_max = Tolerance(
        atol=float(re.search(r'gradhead: max error <= ([\de.-]+\d) \*', rules)[1]), of_max=True
    )
    delta = Tolerance(atol=float(re.search(r'deltas atol ([\de.-]+\d)', rules)[1]))
    least = float(re.search(r'\|grad\| > ([\de.-]+\d)', rules)[1])
    parameters, before = dict(model.named_parameters()), {}
    for name in (name for name in arrays if name.startswith('out_gradnorm_')):
        official = name.removeprefix('out_gradnorm_')
        parameter = parameters[rename(official, RULES)]
        flat = parameter.grad.flatten()
        norm = np.array([flat.double().norm()])
        results[name[4:]] = (norm, arrays[name], close['gradnorm'])
        head = f'gradhead_{official}'
        first = flat[: arrays[f'out_{head}'].size]
        results[head] = (first.numpy(), arrays[f'out_{head}'], of_max)
        before[official] = parameter, parameter.detach().flatten()[: first.numel()].clone(), first
    optimizer.step()
    for official, (parameter, old, gradient) in before.items():
        name = f'delta_{official}'
        counted = (gradient.abs() > least).numpy()
        change = (parameter.detach().flatten()[: old.numel()] - old).numpy()
        results[name] = (change[counted], arrays[f'out_{name}'][counted], delta)
    restore(spec)
    return results


@handles('cti', 'infer_flip_*')
def infer_flip(spec, arrays, folder):
    model = build(spec).eval()
    x = torch.from_numpy(arrays['in_x'])
    (tags,) = torch.from_numpy(arrays['in_label'])
    sample = SegDataSample(gt_label=tags, metainfo=dict(ori_shape=tuple(x.shape[-2:])))
    model.predict(x, [sample])
    expected = {
        int(name.removeprefix('out_cam_class')): value
        for name, value in arrays.items()
        if name.startswith('out_cam_class')
    }
    results = {'keys': (sample.seeds.classes, np.array(sorted(expected)), EXACT)}
    for place, label in enumerate(sorted(expected)):
        results[f'cam_class{label}'] = (
            sample.seeds.scores[place],
            expected[label],
            tolerance(spec),
        )
    return results


@handles('cti', 'deit_convert')
def deit_convert(spec, arrays, folder):
    official = official_state(spec)
    state, dropped = rename_keys(official, FORMATS['deit'])
    assert all(name.startswith('head.') for name in dropped)
    tokens = len(arrays['out_pos_embed_cls'])
    cfg = config_of(tokens - 1).model
    cfg.backbone.pop('init_cfg', None)
    model = MODELS.build(cfg.backbone)
    loaded = model.load_state_dict(dict(state), strict=False)
    names = re.search(r'Missing keys .*?: (\[.*?\])', spec['notes'])[1]
    wanted = {
        rename(name, RULES).removeprefix('backbone.') for name in re.findall(r"'([^']+)'", names)
    }
    rates = re.search(r'rates of the 12 blocks: \[(.*?)\]', spec['notes'])[1]
    total = int(re.search(r'Total parameters C=\d+: (\d+)', spec['notes'])[1])
    head = MODELS.build(cfg.head)
    ours = sum(p.numel() for part in (model, head) for p in part.parameters())
    # The release keeps DeiT's position table and last norm without a use.
    unused = sum(official[name].numel() for name in ('pos_embed', 'norm.weight', 'norm.bias'))
    own = dict(model.state_dict())
    results = {
        'missing': (set(loaded.missing_keys), {n for n in wanted if 'head' not in n}, EXACT),
        'unexpected': (loaded.unexpected_keys, [], EXACT),
        'rates': (
            np.array([layer.drop_path_rate for layer in model.layers]),
            np.array([float(rate) for rate in rates.split(',')]),
            Tolerance(atol=5e-7),
        ),
        'total': (ours + unused, total, EXACT),
    }
    exact, close = tolerance(spec), Tolerance(rtol=1e-9)
    table = own['pos_embed_patch']
    single = {
        'pos_embed_cls': own['pos_embed_cls'][0],
        'pos_embed_pat': table[0],
        'pos_embed_cls_stat': statistics(own['pos_embed_cls']),
        'pos_embed_pat_stat': statistics(table),
        'cls_token': own['cls_token'],
        'bg_token_abs_sum': np.array([own['bg_token'].double().abs().sum()]),
    }
    for name in (name[4:] for name in arrays):
        expected = arrays[f'out_{name}']
        if name.startswith('stat_'):
            key = name.removeprefix('stat_')
            new = rename(key, FORMATS['deit'].rules)
            # What nothing uses is converted, but not loaded.
            got = statistics(own[new] if new in own else state[new])
        else:
            got = np.asarray(single[name])
            if got.ndim == 2:
                got = got[:, : expected.shape[1]]
        results[name] = (got, expected, close if 'stat' in name else exact)
    return results


def epoch_rates(schedule: dict, epochs: int, lr: float) -> np.ndarray:
    """Learning rate of each epoch under a config's schedule, made as long as asked."""
    wrapper = OptimWrapper(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr))
    scheduler = PARAM_SCHEDULERS.build(dict(schedule, optimizer=wrapper, end=epochs))
    rates = []
    for _ in range(epochs):
        rates.append(wrapper.param_groups[0]['lr'])
        scheduler.step()
    return np.array(rates)


@handles('cti', 'optim_sched')
def optim_sched(spec, arrays, folder):
    model = build(spec)
    config = config_of(model.num_classes)
    results = {}
    for name in (name for name in arrays if name.startswith('out_lr_')):
        batch, epochs = map(int, re.findall(r'\d+', name))
        rates = epoch_rates(config.param_scheduler, epochs, 5e-4 * batch / 512)
        results[name[4:]] = (rates, arrays[name], tolerance(spec))
    lists = re.search(r'no-decay parameters: (.*?)\. decay parameters: (.*?)\. ', spec['notes'])
    own = {id(p): name for name, p in model.named_parameters()}
    groups = build_optim_wrapper(model, config.optim_wrapper).optimizer.param_groups
    decays = {own[id(p)]: group['weight_decay'] for group in groups for p in group['params']}
    assert len(decays) == len(own)
    weight_decay = config.optim_wrapper.optimizer.weight_decay
    for text, decay in zip(lists.groups(), (0, weight_decay), strict=True):
        for official in text.replace(' (blocks 1..11 alike)', '').split(', '):
            if re.fullmatch(FORMATS['cti'].dropped, official):
                continue
            for block in range(12 if official.startswith('blocks.0') else 1):
                ours = rename(official.replace('blocks.0', f'blocks.{block}'), RULES)
                results[f'decay of {ours}'] = (decays.pop(ours), decay, EXACT)
    results['others'] = (sorted(decays), [], EXACT)
    return results


@handles('cti', 'augment')
def augment(spec, arrays, folder):
    pipeline = config_of(20).train_dataloader.dataset.pipeline
    (views,) = (step for step in pipeline if step['type'] == 'TwoViews')
    (crop,) = (step for step in views.weak if step['type'] == 'RandomResizedCrop')
    assert crop in views.strong
    (strong,) = (step for step in views.strong if step['type'] == 'RandAugment')
    area = tuple(map(float, re.search(r'uniform\(([\d.]+),([\d.]+)\)\*H', spec['notes']).groups()))
    assert tuple(crop['area']) == area
    crop = TRANSFORMS.build(crop)
    results, boxes = {}, {}
    for name in (name for name in arrays if name.startswith('out_rrc_')):
        height, width = map(int, re.findall(r'\d+', name))
        rows = []
        for seed in range(len(arrays[name])):
            random.seed(seed)
            rows.append(crop_box(height, width, crop.area, crop.ratio))
        results[name[4:]] = (np.array(rows), arrays[name], EXACT)
        boxes[height, width] = rows
    image = arrays['in_im']
    grey = Tolerance(atol=float(re.search(r'< ([\d.]+) grey', spec['tolerance'])[1]))

    def difference(got, expected):
        assert got.shape == expected.shape
        return np.abs(got.astype(float) - expected).mean(), 0.0, grey

    for name in (name for name in arrays if name.startswith('out_crop_seed')):
        seed, side = map(int, re.findall(r'\d+', name))
        random.seed(seed)
        crop.size = (side, side)
        results[name[4:]] = difference(crop(dict(img=image))['img'], arrays[name])
    names = re.search(r'in order: (\[.*?\])', spec['notes'])[1]
    results['operations'] = (list(OPERATIONS), re.findall(r"'(\w+)'", names), EXACT)
    for name in (name for name in arrays if name.startswith('out_op_')):
        operation, sign = name.removeprefix('out_op_').rsplit('_', 1)
        got = OPERATIONS[operation](
            Image.fromarray(image), strong['magnitude'], 1 if sign == 'pos' else -1
        )
        results[name[4:]] = difference(np.array(got), arrays[name])
    return results


@handles('cti', 'irn_propagate')
def irn_propagate(spec, arrays, folder):
    maps, edge = torch.from_numpy(arrays['in_cam']), torch.from_numpy(arrays['in_edge'])
    radius, beta, steps = map(
        int, re.search(r'radius (\d+), beta (\d+), 2\^(\d+)', spec['notes']).groups()
    )
    walked = random_walk(
        (maps * (1 - edge))[None],
        edge_stencil(edge, radius),
        path_directions(radius),
        beta=beta,
        log_steps=steps,
    )
    close = Tolerance(rtol=float(re.search(r'rtol ([\de.-]+\d)', spec['tolerance'])[1]))
    results = {'rw': (walked[0][:, None].numpy(), arrays['out_rw'], close)}
    for name in (name for name in arrays if name.startswith('out_label_')):
        cfg = IRNWalkCfg(
            radius=radius, beta=beta, log_steps=steps, background=float(name.split('_')[-1])
        )
        scores = walk_within_edges(maps[None], edge, cfg, arrays[name].shape)[0]
        label = Seeds(np.arange(len(maps)), scores.numpy()).to_mask(cfg.background)
        results[name[4:]] = (label, arrays[name], tolerance(spec, 'label map'))
    return results
