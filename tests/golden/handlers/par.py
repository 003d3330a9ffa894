"""PAR and the ToCo label step."""

import numpy as np
import torch

from mmwsss.ops.par import neighbours, par
from mmwsss.ops.two_level_labels import par_labels, two_level_labels
from tests.golden.handlers import handles
from tests.golden.tolerance import tolerance


@handles('refine', 'par')
def refine_par(spec, arrays, folder):
    inputs = {name[3:]: torch.from_numpy(arrays[name]) for name in arrays if name[:3] == 'in_'}
    image, mask = inputs['image'], inputs['mask']
    ten = par(image, mask)
    batch = inputs['cams'].float(), inputs['cls']
    outputs = {
        'neighbours': torch.stack(list(neighbours(image)), 2)[0, :, ::5, ::6, ::6],
        'it1': par(image, mask, iterations=1),
        'it10': ten,
        'sums': ten.sum(1)[0, ::6, ::6],
        'cam_label': two_level_labels(*batch, boxes=inputs['box']),
        'refined': par_labels(inputs['images'], *batch, boxes=inputs['box']),
    }
    words = {'cam_label': 'labels', 'refined': 'labels'}
    return {
        name: (np.asarray(got), arrays[f'out_{name}'], tolerance(spec, words.get(name, 'atol')))
        for name, got in outputs.items()
    }
