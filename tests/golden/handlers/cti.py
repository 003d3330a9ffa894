"""The network of CTI, its published files and its inference."""

import re
from functools import lru_cache

import numpy as np
import torch
from mmengine.config import Config
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.models import CTI
from mmwsss.models.backbones import AttentionWatch
from mmwsss.models.backbones.class_token_vit import resize_positions
from mmwsss.models.cam_generators.cti import infuse_tokens
from mmwsss.models.conversion.checkpoint_format import rename, rename_keys
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.models.losses.background_complement import refine_maps
from mmwsss.registry import MODELS
from tests.golden import fill
from tests.golden.handlers import handles
from tests.golden.handlers.cam import CONFIGS
from tests.golden.tolerance import EXACT, Tolerance, tolerance

RULES = FORMATS['cti'].rules


def config_of(classes: int) -> Config:
    """Published settings; the release tells the data set by the number of classes."""
    return read_config(CONFIGS / f'cti/cti_deit-s_{"voc" if classes == 20 else "coco"}.py')


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
    net.run(x, first, net.depth, watches)
    results = dict(mtatt=watches[0].classes.unflatten(-1, grid), attn=watches[0].patches)
    if after is not None:
        results['mtatt_as'] = watches[1].classes.unflatten(-1, grid)
    return results


def compared(got: dict, arrays: dict, spec: dict) -> dict:
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
        results[key] = (value, arrays[name], tolerance(spec, key))
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
    for name in (name for name in arrays if re.fullmatch(r'out_rcams_n\d+', name)):
        blocks = int(name.removeprefix('out_rcams_n'))
        got[name[4:]] = outputs(model, x, after=after, class_blocks=blocks)['rcams']
    results = compared(got, arrays, spec)
    every = f'out_rcams_n{model.backbone.depth}'
    if every in arrays:  # what inference uses
        refined = model.eval().cams(x).cam.numpy()
        results['cams of inference'] = (
            refined,
            arrays[every][:, 1:],
            tolerance(spec, 'cams of inference'),
        )
    for name, value in watched(model, x, infuse=infuse, after=after).items():
        if f'out_{name}' in arrays:
            results[f'{name} watched'] = (
                value.numpy(),
                arrays[f'out_{name}'],
                tolerance(spec, f'{name} watched'),
            )
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
            results[output] = (np.asarray(value), arrays[f'out_{output}'], tolerance(spec, output))
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
            tolerance(spec, f'cam_class{label}'),
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
    rates = re.search(r'rates of the \d+ blocks: \[(.*?)\]', spec['notes'])[1]
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
    close = Tolerance(rtol=1e-9)
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
        results[name] = (got, expected, close if 'stat' in name else tolerance(spec, name))
    return results
