"""The CAM network of S2C, its published files, its inference, and the PSA family's optimiser."""

import re
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.engine.schedulers import PSAPolyLR
from mmwsss.models import CAMGenerator, CAMHead, ResNet38d, read_params
from mmwsss.models.conversion.checkpoint_keys import MXNET_RULES, rename, rename_keys
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.ops.cam import fuse_scales, normalize_cam
from mmwsss.registry import TRANSFORMS
from tests.draws import no_draws
from tests.golden import fill
from tests.golden.handlers import NUMBER, handles, numbers, thin
from tests.golden.tolerance import EXACT, tolerance

CONFIGS = Path(__file__).parents[3] / 'configs'
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
PREPROCESSOR = dict(type='WSSSDataPreprocessor', mean=MEAN, std=STD)
# Modules of ours whose outputs `taps_*` summarises, in its order.
TAPS = (
    *('stem', 'stage2.0', 'stage2.2', 'stage3.0', 'stage3.2', 'stage4.0', 'stage4.5'),
    *('stage5.0', 'stage5.2', 'stage6.0', 'stage7.0', 'norm'),
)


@lru_cache(maxsize=1)
def build_s2c(params: tuple, salt: str) -> CAMGenerator:
    """The reference classifier, through the converter."""
    official = {name: torch.from_numpy(fill.value(name, shape, salt)) for name, shape in params}
    state, dropped = rename_keys(official, FORMATS['s2c'])
    assert all(name.startswith('bn8.') for name in dropped)
    proj, classes = state['head.proj.weight'].shape[0], state['head.classifier.weight'].shape[0]
    with no_draws():
        model = CAMGenerator(
            ResNet38d(),
            CAMHead(in_channels=4096, num_classes=classes, proj_channels=proj),
            data_preprocessor=PREPROCESSOR,
        )
    model.load_state_dict(state, strict=True)
    return model.eval()


def s2c_model(spec: dict) -> CAMGenerator:
    params = tuple((name, tuple(shape)) for name, shape in spec['params'].items())
    return build_s2c(params, spec['salt'])


def statistics(values: torch.Tensor) -> list[float]:
    values = values.double()
    return [values.mean().item(), values.std(unbiased=False).item(), values.abs().sum().item()]


@contextmanager
def record_statistics(backbone: ResNet38d):
    """Statistics of the outputs of `TAPS`, by name, filled by a forward pass."""
    taps = {}

    def record(name, output):
        taps[name] = statistics(output)

    hooks = [
        backbone.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: record(name, output)
        )
        for name in TAPS
    ]
    yield taps
    for hook in hooks:
        hook.remove()


@handles('s2c', 'net_forward')
def net_forward(spec, arrays, folder):
    model = s2c_model(spec)
    results = {}
    for name in sorted(spec['inputs']):
        letter = name.removeprefix('image_')
        image = torch.from_numpy(arrays[name]).permute(2, 0, 1)
        x = model.data_preprocessor(dict(inputs=[image], data_samples=[SegDataSample()]))['inputs']
        with record_statistics(model.backbone) as taps, torch.no_grad():
            feat, cam = model.features(x)
            logits = cam.mean((-2, -1))
        got = dict(cam=cam, pred=logits, feat=feat, taps=[taps[tap] for tap in TAPS])
        for key, value in got.items():
            output = f'{key}_{letter}'
            results[output] = (thin(value, arrays[output]), arrays[output], tolerance(spec, output))
    return results


@handles('s2c', 'infer_msf')
def infer_msf(spec, arrays, folder):
    model = s2c_model(spec)
    height, width = arrays['image'].shape[:2]
    results = dict(
        img=arrays['image'],
        img_id='image',
        img_path='image.jpg',
        gt_label=arrays['label'][0],
        ori_shape=(height, width),
        img_shape=(height, width),
    )
    text = re.search(r'scales ([\d., ]*\d)', spec['outputs']['sizes']['desc'])[1]
    for transform in (
        dict(type='MultiScale', scales=tuple(float(scale) for scale in text.split(','))),
        dict(type='PackTagged'),
    ):
        results = TRANSFORMS.build(transform)(results)
    batch = dict(
        inputs=[[scale] for scale in results['inputs']], data_samples=[results['data_samples']]
    )
    data = model.data_preprocessor(batch)
    seen = []
    hook = model.backbone.register_forward_pre_hook(lambda _, args: seen.extend(args[0]))
    sample = model.predict(**data)[0]
    hook.remove()
    results = {}
    for name in (name for name in arrays if name.startswith('input_')):
        # Too small for their step to be told from the shapes.
        (step,) = map(int, numbers(spec['outputs'][name]['desc'], r'::(\d+)'))
        got = seen[int(name.removeprefix('input_'))][:, ::step, ::step].numpy()
        results[name] = (got, arrays[name], tolerance(spec, 'inputs'))
    sizes = np.array([tuple(x.shape) for x in seen])
    return {
        **results,
        'sizes': (sizes, arrays['sizes'], EXACT),
        'keys': (sample.seeds.classes.astype(np.int64), arrays['keys'], EXACT),
        'cam': (sample.seeds.scores, arrays['cam'], tolerance(spec, 'cam')),
    }


@handles('s2c', 'mxnet_keys')
@handles('icam', 'mxnet_key_map')
def mxnet_keys(spec, arrays, folder):
    got = {entry: rename(entry, MXNET_RULES) for entry in spec['map']}
    ours = rename_keys({entry: entry for entry in spec['map']}, FORMATS['resnet38d'])[0]
    counted = {
        name for name in ResNet38d(base_channels=1).state_dict() if 'num_batches' not in name
    }
    return {
        'official names': (got, spec['map'], EXACT),
        'our names': (set(ours), counted, EXACT),
    }


@handles('s2c', 'mxnet_params')
def mxnet_params(spec, arrays, folder):
    got = read_params(folder / spec['file'])
    results = {'entries': (sorted(got), sorted(spec['entries']), EXACT)}
    for entry, wanted in spec['entries'].items():
        expected = fill.value(entry, wanted['shape'], spec['salt'])
        results[entry] = (got[entry], expected, tolerance(spec, entry))
        if wanted['torch'] is None:
            dropped = bool(re.fullmatch(FORMATS['resnet38d'].dropped, entry))
            results[f'{entry} dropped'] = (dropped, True, EXACT)
        else:
            name = rename(entry, MXNET_RULES)
            results[f'{entry} name'] = (name, wanted['torch'], EXACT)
    return results


def run_poly_sgd(tensors, gradients, rates, decays, momentum, max_step):
    """Values after each step, rates of each step and momenta, of our schedule on torch's SGD."""
    params = [torch.nn.Parameter(torch.from_numpy(tensor.copy())) for tensor in tensors]
    groups = [
        dict(params=[param], lr=rate, weight_decay=decay)
        for param, rate, decay in zip(params, rates, decays, strict=True)
    ]
    optimizer = torch.optim.SGD(groups, lr=rates[0], momentum=momentum)
    scheduler = PSAPolyLR(optimizer, end=max_step)
    values, used = [], []
    for step in gradients:
        used.append([group['lr'] for group in optimizer.param_groups])
        for param, gradient in zip(params, step, strict=True):
            param.grad = torch.from_numpy(gradient.copy()).view_as(param)
        optimizer.step()
        scheduler.step()
        values.append([param.detach().numpy().copy() for param in params])
    return values, np.array(used), [group['momentum'] for group in optimizer.param_groups]


def max_step(spec: dict) -> int:
    return int(re.search(r'max_step (\d+)', spec['notes'])[1])


@handles('s2c', 'poly_sgd')
def poly_sgd(spec, arrays, folder):
    optimizer = read_config(CONFIGS / '_base_/schedules/poly_sgd.py').optim_wrapper.optimizer
    plain = [spec['inputs'][name]['desc'].count('no weight decay') for name in ('w0', 'w1')]
    values, rates, momenta = run_poly_sgd(
        [arrays['w0'], arrays['w1']],
        zip(arrays['g0'], arrays['g1'], strict=True),
        arrays['lr'][0].tolist(),
        [0 if no_decay else optimizer.weight_decay for no_decay in plain],
        optimizer.momentum,
        max_step(spec),
    )
    return {
        't0': (np.stack([step[0] for step in values]), arrays['t0'], tolerance(spec, 't0')),
        't1': (np.stack([step[1] for step in values]), arrays['t1'], tolerance(spec, 't1')),
        'lr': (rates, arrays['lr'], tolerance(spec, 'lr')),
        'momentum': (np.array(momenta), arrays['momentum'], tolerance(spec, 'momentum')),
    }


@handles('refine', 'poly_optimizer')
def poly_optimizer(spec, arrays, folder):
    split = arrays['in_w'].size
    (decay,) = numbers(spec['notes'], rf'[Ww]eight decay {NUMBER}')
    values, rates, momenta = run_poly_sgd(
        [arrays['in_w'], arrays['in_v']],
        [(step[:split], step[split:]) for step in arrays['in_grads']],
        arrays['out_f64_lr'][0].tolist(),
        [decay, decay],
        decay,
        max_step(spec),
    )
    got = np.stack([np.concatenate([value.ravel() for value in step]) for step in values])
    return {
        'params': (got, arrays['out_params'], tolerance(spec, 'params')),
        'f64_lr': (rates, arrays['out_f64_lr'], tolerance(spec, 'f64_lr')),
        'momentum': (np.float32(momenta[0]), arrays['out_momentum'], tolerance(spec, 'momentum')),
    }


@handles('refine', 'irn_cam_fusion')
def irn_cam_fusion(spec, arrays, folder):
    size = tuple(arrays['in_size'].tolist())
    keys = np.flatnonzero(arrays['in_label'])
    scales = sorted(name for name in arrays if re.fullmatch(r'in_o\d+', name))
    # The case holds the sum of both views, so there is one view here.
    maps = [torch.from_numpy(arrays[name][keys])[:, None] for name in scales]
    results = {'keys': (keys, arrays['out_keys'], EXACT)}
    for output, fuse in (('cam', 'irn_cam'), ('high_res', 'irn_high_res')):
        got = normalize_cam(fuse_scales(maps, size, fuse)).numpy()
        results[output] = (got, arrays[f'out_{output}'], tolerance(spec, output))
    return results
