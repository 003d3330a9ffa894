"""ToCo's network, its published files, its inference, its data and whole training steps."""

import re
from unittest import mock

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.datasets.transforms.token_contrast_views import blur, scaled_crop, solarize
from mmwsss.models import ToCo
from mmwsss.models.conversion import FORMATS
from mmwsss.models.conversion.checkpoint_format import rename
from mmwsss.models.one_stage import toco
from mmwsss.ops.local_crops import certainty
from mmwsss.registry import MODELS, PARAM_SCHEDULERS
from tests.golden import fill
from tests.golden.handlers import handles
from tests.golden.handlers.cam import CONFIGS
from tests.golden.handlers.toco import inputs, judged
from tests.golden.tolerance import EXACT, tolerance

FORMAT = FORMATS['toco']


def config_of(data: str) -> Config:
    """The published settings."""
    return read_config(CONFIGS / f'toco/toco_vit-b_{data}.py')


def renamed(names) -> dict[str, str]:
    """Published names to ours, without those that are dropped."""
    return {n: rename(n, FORMAT.rules) for n in names if not re.fullmatch(FORMAT.dropped, n)}


def build(spec, data='voc', **options) -> ToCo:
    """The reference network with the case's weights, through the converter's names."""
    config, params = spec['config'], spec['params']
    cfg = config_of(data).model
    vit = config['vit']
    prototypes, bottleneck = params['proj_head.last_layer.weight_v']
    cfg.head = dict(
        hidden=params['proj_head.mlp.0.weight'][0], bottleneck=bottleneck, prototypes=prototypes
    )
    cfg.network.num_classes = config['num_classes'] - 1
    cfg.network.aux_block = config['aux_layer']
    cfg.network.backbone.update(
        img_size=vit['img_size'],
        patch_size=vit['patch_size'],
        init_cfg=None,
        arch=dict(
            embed_dims=vit['embed_dim'],
            num_layers=vit['depth'],
            num_heads=vit['num_heads'],
            feedforward_channels=int(vit['mlp_ratio'] * vit['embed_dim']),
        ),
    )
    channels = params['decoder.conv6.weight'][0]
    cfg.network.decoder.update(
        in_channels=vit['embed_dim'], num_classes=config['num_classes'], channels=channels
    )
    cfg.momentum = config['ema_momentum']
    cfg.update(options)
    model = MODELS.build(cfg)
    state = {}
    for name, ours in renamed(params).items():
        value = fill.value(name, params[name], spec['salt'])
        if name in spec['param_overrides']:
            value = np.full_like(value, spec['param_overrides'][name])
        state[ours] = torch.from_numpy(value)
    model.load_state_dict(state)
    return model.eval()


@handles('toco', 'checkpoint_keys')
def checkpoint_keys(spec, arrays, folder):
    params = spec['params']
    cfg = config_of('voc').model
    cfg.network.num_classes = spec['config']['num_classes'] - 1
    cfg.network.decoder.num_classes = spec['config']['num_classes']
    cfg.network.backbone.init_cfg = None
    with torch.device('meta'):
        model = MODELS.build(cfg)
        state = {ours: torch.empty(params[name]) for name, ours in renamed(params).items()}
        model.load_state_dict(state, assign=True)  # every name and shape
    # What nothing reads is dropped: the head of ImageNet's classes, magnitudes that stay 1.
    dropped = {
        name: int(np.prod(shape))
        for name, shape in params.items()
        if re.fullmatch(FORMAT.dropped, name)
    }
    magnitudes = sum(n for name, n in dropped.items() if name.endswith('weight_g'))
    ours = dict(model.named_parameters())
    trainable = sum(p.numel() for p in ours.values() if p.requires_grad)
    groups = group_of(params)
    outputs = dict(
        total=sum(p.numel() for p in ours.values()) + sum(dropped.values()),
        trainable=trainable + sum(dropped.values()) - magnitudes,
        groups=[sum(int(np.prod(params[n])) for n in names) for names in groups],
        group_tensors=[len(names) for names in groups],
    )
    return judged(spec, arrays, outputs)


def group_of(names) -> list[list[str]]:
    """The published optimiser groups, by the rate that our config gives each name."""
    groups: list[list[str]] = [[], [], [], []]
    for name in names:
        if name.startswith('proj_head_t.'):
            continue
        if name.startswith('encoder.'):
            groups['norm' in name].append(name)
        else:
            groups[3 if name.startswith('decoder.') else 2].append(name)
    return groups


@handles('toco', 'forward_eval')
def forward_eval(spec, arrays, folder):
    net, image = build(spec).network, inputs(arrays)['img']
    with torch.no_grad():
        embedded, _ = net.backbone.embed(image)
        output = net(image)
        cam, cam_aux = net.cams(output.tokens)
    outputs = dict(
        tokens0_sub=embedded[:, ::5, ::4],
        cls_token=output.tokens.class_token,
        fmap=output.tokens.patches,
        cls=output.logits,
        cls_aux=output.aux_logits,
        seg=output.segmentation,
        cam=cam,
        cam_aux=cam_aux,
    )
    return judged(spec, arrays, outputs)


@handles('toco', 'msc_cam')
def msc_cam(spec, arrays, folder):
    model = build(spec)
    found = model.network.multi_scale_cams(inputs(arrays)['img'], spec['config']['scales'])
    outputs = {}
    for name, maps in zip(('cam', 'cam_aux'), found, strict=True):
        outputs[name] = maps[..., ::3, ::3]
        values = maps.double()
        outputs[f'{name}_stats'] = [values.mean(), values.std(), values.abs().sum()]
    return judged(spec, arrays, outputs)


@handles('toco', 'proj_ema')
def proj_ema(spec, arrays, folder):
    model, given = build(spec), inputs(arrays)
    crops = [given[f'crop{i}'] for i in range(len(given))]
    outputs = {}
    for call in (1, 2):
        model.update_teacher()
        with torch.no_grad():
            views = [model.network.tokens(x).class_token for x in crops[:2]]
            student, teacher = model.project(views, torch.cat(crops[2:]))
        outputs |= {f'student{call}': student[:, ::8], f'teacher{call}': teacher[:, ::8]}
    outputs.pop('student2')
    outputs['teacher_bias'] = model.teacher.mlp[-1].bias
    outputs['teacher_v'] = model.teacher.prototypes[:8, ::16]
    return judged(spec, arrays, {name: value.detach() for name, value in outputs.items()})


@handles('toco', 'infer_seg')
def infer_seg(spec, arrays, folder):
    image, cfg = inputs(arrays)['img'], spec['config']
    size, outputs = image.shape[-2:], {}
    for data in ('voc', 'coco'):
        published = config_of(data).model
        test_cfg = {**published.test_cfg, 'scales': cfg[f'{data}_scales']}
        if test_cfg.get('side') is not None:
            test_cfg['side'] = cfg['coco_side']
        val_cfg = {**published.val_cfg, 'side': cfg['coco_side'], 'seeds': False}
        model = build(spec, data, test_cfg=test_cfg, val_cfg=val_cfg)
        for name, step in ((data, model.test_step), ('validation', model.val_step)):
            sample = SegDataSample(metainfo=dict(ori_shape=size))
            # As the preprocessor leaves them.
            with mock.patch.object(type(model.data_preprocessor), 'forward', passed_on):
                step(dict(inputs=image, data_samples=[sample]))
            outputs[name] = sample.seg_logits.data[:, ::3, ::3]
            if name == data:
                outputs[f'{data}_pred'] = sample.pred_sem_seg.data[0].to(torch.uint8)
    return judged(spec, arrays, outputs)


def passed_on(self, data, training=False):
    return data


@handles('toco', 'augment')
def augment(spec, arrays, folder):
    outputs, size = {}, spec['config']['crop']
    for name in (n for n in arrays if re.fullmatch(r'in_img\d+', n)):
        index = name[6:]
        scale, mirror, *places = arrays[f'in_draws{index}'].tolist()
        crop, (top, left, bottom, right) = scaled_crop(
            arrays[name],
            scale=scale,
            mirror=bool(mirror),
            pad=[int(x) for x in places[:2]],
            corner=[int(x) for x in places[2:]],
            size=size,
        )
        radius = float(re.search(r'radius ([\d.]+)', spec['outputs'][f'blur{index}']['what'])[1])
        outputs |= {
            f'crop{index}': crop,
            f'box{index}': [top, bottom, left, right],
            f'blur{index}': blur(crop, radius),
            f'solar{index}': solarize(crop),
        }
    results = judged(spec, arrays, outputs)
    levels = re.search(r'Limit of (\d+) grey level', spec['notes'])
    assert levels and float(spec['tolerance']['atol']) == float(levels[1])
    return results


def optimizer_of(model, data, iterations=None):
    """The published optimiser around a model, and its schedule."""
    cfg = config_of(data)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    schedule = dict(cfg.param_scheduler, optimizer=wrapper)
    if iterations is not None:
        schedule['end'] = iterations
    return wrapper, PARAM_SCHEDULERS.build(schedule)


def rates(wrapper, model) -> dict[str, tuple[float, float]]:
    """Rate and weight decay of each parameter."""
    names = {id(p): name for name, p in model.named_parameters()}
    return {
        names[id(p)]: (group['lr'], group['weight_decay'])
        for group in wrapper.optimizer.param_groups
        for p in group['params']
    }


@handles('toco', 'optim_sched')
def optim_sched(spec, arrays, folder):
    config, results = spec['config'], {}
    published = [name for names in config['groups'] for name in names]
    assert group_of(published) == config['groups']
    depth = 1 + max(int(n) for n in re.findall(r'blocks\.(\d+)', ' '.join(published)))
    arch = dict(embed_dims=4, num_layers=depth, num_heads=1, feedforward_channels=4)
    for data in ('voc', 'coco'):
        cfg = config_of(data).model
        cfg.network.aux_block = -1
        cfg.network.backbone.update(arch=arch, init_cfg=None)
        cfg.network.decoder.update(in_channels=4, channels=4)
        model = MODELS.build(cfg)
        wrapper, scheduler = optimizer_of(model, data)
        defaults = wrapper.optimizer.defaults
        assert type(wrapper.optimizer).__name__ == 'AdamW'
        assert list(defaults['betas']) == config['betas'] and defaults['eps'] == config['eps']
        iterations, found = arrays[f'out_{data}_iterations'], []
        for iteration in iterations:
            set_rates(wrapper, scheduler, int(iteration))
            own = rates(wrapper, model)
            row = []
            for names in config['groups']:
                known = {own[ours] for ours in renamed(names).values() if ours in own}
                assert {decay for _, decay in known} == {config['weight_decay']}
                (rate,) = {rate for rate, _ in known}
                row.append(rate * 1e6)
            found.append(row)
        results[f'{data}_iterations'] = (iterations, iterations, EXACT)
        results[f'{data}_lr'] = (np.array(found), arrays[f'out_{data}_lr'], tolerance(spec))
    return results


def set_rates(wrapper, scheduler, iteration: int) -> None:
    """The rates in force in an iteration (from 0)."""
    scheduler.last_step = iteration
    for group, value in zip(wrapper.param_groups, scheduler._get_value(), strict=True):
        group['lr'] = value


@handles('toco', 'train_step_*')
def train_step(spec, arrays, folder):
    config, given = spec['config'], inputs(arrays)
    data = re.search(r'train_step_(voc|coco)', spec['case'])[1]
    published = config_of(data).model
    weights = config['weights']
    losses = {
        f'loss_{name}': {**published[f'loss_{name}'], 'loss_weight': weights[name]}
        for name in ('ptc', 'ctc', 'seg', 'reg')
    }
    losses['loss_ctc']['temperature'] = config['temp']
    model = build(
        spec,
        data,
        **losses,
        high=config['high_thre'],
        low=config['low_thre'],
        cam_scales=config['scales'],
        local_size=config['local_crop_size'],
        num_local=config['ncrops'] - 2,
    ).train()
    samples = []
    for tags, (top, bottom, left, right) in zip(
        given['tag'], given['img_box'].tolist(), strict=True
    ):
        sample = SegDataSample(metainfo=dict(valid_box=(top, left, bottom, right)))
        sample.gt_label = tags
        samples.append(sample)
    wrapper, scheduler = optimizer_of(model, data, config['max_iters'])
    set_rates(wrapper, scheduler, config['n_iter'])
    own = rates(wrapper, model)
    np.testing.assert_allclose(sorted({rate for rate, _ in own.values()}), config['lr'], rtol=1e-6)
    assert {decay for _, decay in own.values()} == {config['weight_decay']}

    view, boxes = given['img'], given['img_box'].long()
    cam, aux_cam = model.network.multi_scale_cams(view, config['scales'])
    MessageHub.get_current_instance().update_info('iter', config['n_iter'])
    try:
        with mock.patch.object(toco, 'draw_corners', lambda *_: given['corners']):
            found = model.loss([view, given['view2'], given['local_image']], samples)
            _, positive = model.local_crops(given['local_image'], aux_cam, given['tag'])
    finally:
        MessageHub.get_current_instance().update_info('iter', 0)
    total = sum(found.values())
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    total.backward()
    wrapper.step()
    grid = [side // config['vit']['patch_size'] for side in view.shape[-2:]]
    outputs = {
        f'loss_{name}': found[f'loss_{ours}'].detach()[None] / weights[name]
        for name, ours in dict(
            cls='cls', cls_aux='aux', ctc='ctc', seg='seg', reg='reg', ptc='ptc'
        ).items()
    }
    whole = positive.new_ones(len(positive), 2)
    outputs |= dict(
        total=total.detach()[None],
        pseudo_label=model.pseudo_labels(view, cam, given['tag'], boxes),
        pseudo_label_early=model.pseudo_labels(view, aux_cam, given['tag'], boxes),
        token_label=model.token_labels(aux_cam, grid, given['tag'], boxes),
        flags=torch.cat([whole, positive], 1).float(),
        roi=certainty(aux_cam, given['tag'], high=model.high, low=model.low),
    )
    own_names, ours = dict(model.named_parameters()), renamed(spec['params'])
    for output in (name[4:] for name in arrays if name.startswith('out_')):
        kind, _, name = output.partition('_')
        if kind not in ('gradnorm', 'grad', 'delta'):
            continue
        parameter = own_names[ours[name]]
        step, limit = re.search(
            r'\[::(\d+)\]\[:(\d+)\]', spec['outputs'][f'grad_{name}']['what']
        ).groups()
        values = dict(
            gradnorm=parameter.grad.norm()[None],
            grad=thinned(parameter.grad, step, limit),
            delta=thinned(parameter.detach() - before[ours[name]], step, limit),
        )
        outputs[output] = values[kind]
        if kind == 'delta':  # the first step of Adam has the gradient's sign, whatever its size
            gradients = np.abs(arrays[f'out_grad_{name}'])
            clear = gradients > 1e-5 * float(parameter.grad.abs().max())
            outputs[output] = np.where(clear, values[kind], arrays[f'out_{output}'])
    for name in spec['notes'].partition('[')[2].partition(']')[0].replace("'", '').split(', '):
        if name in ours and ours[name] in own_names and not name.startswith('proj_head_t.'):
            assert torch.equal(own_names[ours[name]], before[ours[name]]), name
    return judged(spec, arrays, {n: v for n, v in outputs.items() if f'out_{n}' in arrays})


def thinned(values, step: str, limit: str) -> np.ndarray:
    return values.flatten()[:: int(step)][: int(limit)].numpy()
