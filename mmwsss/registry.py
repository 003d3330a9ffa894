"""Registries of mmwsss: children of mmengine's roots, plus two of our own.

``locations`` lets a lookup import the package that defines the part, so nobody
has to call a "register everything" function. Importing this module also makes
the sibling libraries' registries known, so that a config may say
``type='mmseg.EncoderDecoder'`` without further imports.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mmengine import registry as root
from mmengine.registry import Registry

for _sibling in ('mmseg', 'mmpretrain', 'mmdet'):
    import_module(f'{_sibling}.registry')


def _child(kind: str, parent: Registry, *locations: str) -> Registry:
    return Registry(kind, parent=parent, scope='mmwsss', locations=list(locations))


RUNNERS = _child('runner', root.RUNNERS, 'mmwsss.engine')
LOOPS = _child('loop', root.LOOPS, 'mmwsss.engine')
HOOKS = _child('hook', root.HOOKS, 'mmwsss.engine')
OPTIM_WRAPPERS = _child('optimizer wrapper', root.OPTIM_WRAPPERS, 'mmwsss.engine')
OPTIMIZERS = _child('optimizer', root.OPTIMIZERS, 'mmwsss.engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    'optimizer wrapper constructor', root.OPTIM_WRAPPER_CONSTRUCTORS, 'mmwsss.engine'
)
PARAM_SCHEDULERS = _child('parameter scheduler', root.PARAM_SCHEDULERS, 'mmwsss.engine')
DATASETS = _child('dataset', root.DATASETS, 'mmwsss.datasets')
DATA_SAMPLERS = _child('data sampler', root.DATA_SAMPLERS, 'mmwsss.datasets')
TRANSFORMS = _child('transform', root.TRANSFORMS, 'mmwsss.datasets')
MODELS = _child('model', root.MODELS, 'mmwsss.models', 'mmwsss.refiners', 'mmwsss.proposers')
MODEL_WRAPPERS = _child('model wrapper', root.MODEL_WRAPPERS, 'mmwsss.engine')
WEIGHT_INITIALIZERS = _child('weight initializer', root.WEIGHT_INITIALIZERS, 'mmwsss.models')
TASK_UTILS = _child('task util', root.TASK_UTILS, 'mmwsss.models')
METRICS = _child('metric', root.METRICS, 'mmwsss.evaluation')
EVALUATORS = _child('evaluator', root.EVALUATOR, 'mmwsss.evaluation')
VISUALIZERS = _child('visualizer', root.VISUALIZERS, 'mmwsss.visualization')
VISBACKENDS = _child('vis backend', root.VISBACKENDS, 'mmwsss.visualization')
INFERENCERS = _child('inferencer', root.INFERENCERS, 'mmwsss.apis')

REFINERS = Registry('refiner', scope='mmwsss', locations=['mmwsss.refiners'])
PROPOSERS = Registry('proposer', scope='mmwsss', locations=['mmwsss.proposers'])


def build(registry: Registry, part: Any) -> Any:
    """Build a part of ours from its config; what is built already, or None, passes through.

    In our registries, whatever mmengine's default scope is at the moment.

    Args:
        registry: Where the config's ``type`` is looked up.
        part: A config or a part.
    """
    return registry.build(dict(part)) if isinstance(part, Mapping) else part
