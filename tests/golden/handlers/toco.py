"""The dense filter of ToCo's regulariser."""

import torch

from mmwsss.ops.permutohedral import PermutohedralLattice, bilateral_features
from tests.golden.handlers import handles
from tests.golden.tolerance import tolerance


def by_pixel(maps):
    """(C, H, W) to (1, H * W, C)."""
    return maps.flatten(1).T[None]


@handles('toco', 'bilateral_filter')
def bilateral_filter(spec, arrays, folder):
    results = {}
    for index, widths in enumerate(spec['config']['cases']):
        image, values = (torch.from_numpy(arrays[f'in_{name}{index}']) for name in ('img', 'v'))
        features = bilateral_features(image[None], widths['sigma_xy'], widths['sigma_rgb'])
        lattice = PermutohedralLattice(features)(by_pixel(values))
        features = features.double()
        kernel = torch.exp(-0.5 * torch.cdist(features, features) ** 2)
        exact = kernel @ by_pixel(values).double()
        for name, got in ((f'lattice{index}', lattice), (f'exact{index}', exact)):
            got = got[0].T.reshape(values.shape)
            results[name] = (got, arrays[f'out_{name}'], tolerance(spec, name))
    return results
