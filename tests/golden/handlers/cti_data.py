"""CTI's augmentation and the random walk after it."""

import random
import re

import numpy as np
import torch
from PIL import Image

from mmwsss.datasets.transforms.rand_augment import OPERATIONS
from mmwsss.datasets.transforms.random_resized_crop import crop_box
from mmwsss.models.affinity.irn import IRNWalkCfg, walk_within_edges
from mmwsss.ops.affinity import edge_stencil
from mmwsss.ops.path_index import path_directions
from mmwsss.ops.random_walk import random_walk
from mmwsss.registry import TRANSFORMS
from mmwsss.structures import Seeds
from tests.golden.handlers import handles, numbers
from tests.golden.handlers.cti import config_of
from tests.golden.tolerance import EXACT, Tolerance, tolerance


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
    results = {}
    (first,) = map(int, numbers(' '.join(spec['outputs'].values()), r'random\.seed\((\d+)\+s\)'))
    for name in (name for name in arrays if name.startswith('out_rrc_')):
        height, width = map(int, re.findall(r'\d+', name))
        rows = []
        for row in range(len(arrays[name])):
            random.seed(first + row)
            rows.append(crop_box((height, width), crop.area, crop.ratio))
        results[name[4:]] = (np.array(rows), arrays[name], EXACT)
    image = arrays['in_im']
    grey = Tolerance(atol=float(re.search(r'< ([\d.]+) grey', spec['tolerance'])[1]))

    def difference(got, expected):
        assert got.shape == expected.shape
        return np.abs(got.astype(float) - expected).mean(), 0.0, grey

    for name in (name for name in arrays if name.startswith('out_crop_seed')):
        row, side = map(int, numbers(spec['outputs'][name[4:]], r'row (\d+) resized to (\d+)x'))
        random.seed(first + row)
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
