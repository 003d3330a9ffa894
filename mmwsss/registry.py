"""Registries of mmwsss: children of mmengine's roots, plus two of our own.

``locations`` lets a lookup import the package that defines the part, so nobody
has to call a "register everything" function; a package that lists the modules of
its parts (``HOMES``) has only the one imported that is looked up. Importing this
module also makes the sibling libraries' registries known, so that a config may
say ``type='mmseg.EncoderDecoder'`` without further imports.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mmengine import registry as root
from mmengine.registry import Registry

for _sibling in ('mmseg', 'mmpretrain', 'mmdet'):
    import_module(f'{_sibling}.registry')


class LazyRegistry(Registry):
    """A registry that imports a part's own module where its packages say which it is."""

    def get(self, key: str) -> Any:
        """Find a part by its name, see mmengine's ``Registry``."""
        scope, name = self.split_scope_key(key)
        if scope in (None, self.scope) and name not in self._module_dict:
            self.import_from_location()
            self._import_home(name)
        return super().get(key)

    def names(self) -> set[str]:
        """All names, also of parts that nobody has asked for yet."""
        self.import_from_location()
        homes = (getattr(sys.modules[package], 'HOMES', {}) for package in self._locations)
        return {*self._module_dict, *(name for home in homes for name in home)}

    def _register_module(
        self, module: type, module_name: str | list[str] | None = None, force: bool = False
    ) -> None:
        if module.__module__.partition('.')[0] != self.scope:
            # Of two parts with one name ours is the first, whether or not it has been asked for.
            self.import_from_location()
            names = module_name or module.__name__
            for name in [names] if isinstance(names, str) else names:
                self._import_home(name)
        super()._register_module(module, module_name, force)

    def _import_home(self, name: str) -> None:
        for package in self._locations:
            home = getattr(sys.modules.get(package), 'HOMES', {}).get(name)
            if home is not None:
                import_module(home)


def _child(kind: str, parent: Registry, *locations: str) -> Registry:
    return LazyRegistry(kind, parent=parent, scope='mmwsss', locations=list(locations))


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

REFINERS = LazyRegistry('refiner', scope='mmwsss', locations=['mmwsss.refiners'])
PROPOSERS = LazyRegistry('proposer', scope='mmwsss', locations=['mmwsss.proposers'])


def build(registry: Registry, part: Any) -> Any:
    """Build a part of ours from its config; what is built already, or None, passes through.

    In our registries, whatever mmengine's default scope is at the moment.

    Args:
        registry: Where the config's ``type`` is looked up.
        part: A config or a part.
    """
    return registry.build(dict(part)) if isinstance(part, Mapping) else part
