"""Check the parts that a config names, before any is built: they exist, and have its options."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, reduce
from importlib import import_module
from typing import Any

from mmengine import registry as roots
from mmengine.registry import Registry
from torch.utils.data import DataLoader

from mmwsss.config.effects import READ
from mmwsss.config.keys import find_key, step, suggest
from mmwsss.engine.errors import StageFailed
from mmwsss.registry import LazyRegistry
from mmwsss.stores import StoreReader

_SIBLINGS = ('mmwsss', 'mmseg', 'mmpretrain', 'mmdet')
# Options that are taken off before the part is built.
_TAKEN_OFF = {
    'optim_wrapper': {'constructor', 'paramwise_cfg'},
    'param_scheduler': {'convert_to_iter_based'},
    'custom_hooks': {'priority'},
    'default_hooks': {'priority'},
    **{f'{use}_dataloader': {'num_batch_per_epoch'} for use in ('train', 'val', 'test')},
}
# Configs whose options mmcv and mmengine treat themselves.
_TREATED = ('norm_cfg', 'act_cfg', 'conv_cfg', 'upsample_cfg', 'init_cfg', 'override')
_NEAR = 0.8


def check_parts(cfg: Mapping[str, Any]) -> None:
    """Refuse a ``type`` that no registry has, and options that its constructor has not.

    Constructors that pass on any option are asked only for those that look mistyped.

    Args:
        cfg: A stage's config, or what a stage reads of it. What its ``custom_imports`` name has to
            be imported.

    Raises:
        StageFailed: Names the key, what stands there, and the nearest name.
    """
    scope = cfg.get('default_scope') or 'mmwsss'
    for key, loader in cfg.items():
        if key.endswith('_dataloader') and isinstance(loader, Mapping):
            _check_options(key, loader, DataLoader)
    for key, hook in (cfg.get('default_hooks') or {}).items():
        if isinstance(hook, Mapping) and 'type' not in hook:
            others = [name for name in cfg['default_hooks'] if name != key]
            raise StageFailed(f'default_hooks.{key} has no type{suggest(key, others)}')
    for key, part, own in _parts({k: v for k, v in cfg.items() if k in READ}, '', scope):
        kind = part['type']
        built = _find(kind, own) if isinstance(kind, str) else kind
        if built is None:
            if not _registries(own):
                continue  # of a package that cannot be asked
            raise StageFailed(f'{key}.type: there is no {kind!r}{_nearest_type(kind, own)}')
        if key.rpartition('.')[2] not in _TREATED:
            _check_options(key, part, built)


def check_inputs(cfg: Mapping[str, Any], inputs: Mapping[str, str]) -> None:
    """Refuse an output of another stage that is of another kind than what is read there.

    Args:
        cfg: As of :func:`check_parts`.
        inputs: ``'stage.output'`` by the key that takes it.

    Raises:
        StageFailed: Names the key, the kind that its part reads, and what it was given.
    """
    for key, reference in inputs.items():
        path, _, option = find_key(cfg, key).rpartition('.')
        part = reduce(step, path.split('.'), cfg) if path else cfg
        kind = part.get('type') if isinstance(part, Mapping) else None
        built = _find(kind, cfg.get('default_scope') or 'mmwsss') if isinstance(kind, str) else kind
        wanted = 'checkpoint' if option in ('load_from', 'checkpoint') else None
        if inspect.isclass(built) and issubclass(built, StoreReader):
            wanted = built.reads().get(option)
        if wanted not in (None, reference.rpartition('.')[2]):
            who = getattr(built, '__name__', 'it')
            what = wanted if wanted == 'checkpoint' else f'store of {wanted}'
            raise StageFailed(f'{key}: {who} takes a {what}, but is given {reference}')


def options_of(built: Any) -> tuple[set[str], bool]:
    """Options that a class or a function takes, and whether it may take others, too.

    Args:
        built: What a registry holds. A class whose constructor passes on ``**kwargs`` has the
            options of the classes above it. It may take others, unless it is one of this package,
            whose constructors pass on all that they do not name. ``SET_HERE`` of a class names
            options of those above that it sets itself, and does not take.
    """
    found, is_open = _parameters(built)
    fixed = {name for k in getattr(built, '__mro__', ()) for name in vars(k).get('SET_HERE', ())}
    return found - fixed - {'self'}, is_open


def _parameters(built: Any) -> tuple[set[str], bool]:
    """Parameters of a constructor, and of those above as far as it passes on others."""
    constructors = [built]
    if inspect.isclass(built):
        constructors = [vars(k)['__init__'] for k in built.__mro__ if '__init__' in vars(k)]
    found: set[str] = set()
    is_open = False
    for function in constructors:
        if function is object.__init__:  # which takes none, whatever its signature says
            return found, is_open
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return found, True
        found |= {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return found, is_open
        is_open = is_open or not str(function.__module__).startswith('mmwsss.')
    return found, True


def _check_options(key: str, part: Mapping[str, Any], built: Any) -> None:
    known, is_open = options_of(built)
    allowed = known | {'type', '_scope_'} | _TAKEN_OFF.get(key.partition('.')[0], set())
    for option in part:
        if option in allowed:
            continue
        near = difflib.get_close_matches(str(option), sorted(known), n=1, cutoff=_NEAR)
        if is_open and not near:
            continue
        has = ', '.join(sorted(known)) or 'none'
        hint = f'did you mean {near[0]!r}?' if near else f'it has {has}'
        name = getattr(built, '__name__', str(built))
        raise StageFailed(f'{key}.{option}: {name} has no option {option!r}, {hint}')


def _parts(node: Any, path: str, scope: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Dictionaries with a ``type``, each with its dotted key and its scope."""
    items: Any = ()
    if isinstance(node, Mapping):
        scope = node.get('_scope_') or scope
        if 'type' in node and path:
            yield path, node, scope
        items = node.items()
    elif isinstance(node, list | tuple):
        items = enumerate(node)
    for key, value in items:
        yield from _parts(value, f'{path}.{key}' if path else str(key), scope)


# Registries ---------------------------------------------------------------------------


@cache
def _registries(scope: str) -> tuple[Registry, ...]:
    """Registries of a scope, and mmengine's; none if the package has none."""
    try:
        module = import_module(f'{scope}.registry')
    except ImportError:
        return ()
    own = [value for value in vars(module).values() if isinstance(value, Registry)]
    return (*own, *(value for value in vars(roots).values() if isinstance(value, Registry)))


def _find(kind: str, scope: str) -> Any:
    for registry in _registries(scope):
        if '.' not in kind and not _holds(registry, kind):
            continue  # mmengine's `get` would look for a module of this name
        found = registry.get(kind)
        if found is not None:
            return found
    return None


def _holds(registry: Registry | None, name: str) -> bool:
    """Whether a registry or one above it has a name."""
    while registry is not None:
        registry.import_from_location()
        if name in _names(registry):
            return True
        registry = registry.parent
    return False


def _nearest_type(kind: str, scope: str) -> str:
    prefix, _, name = kind.rpartition('.')
    if not prefix:
        for other in _SIBLINGS:
            if other != scope and any(_holds(r, name) for r in _registries(other)):
                return f', did you mean {f"{other}.{name}"!r}?'
    names = {known for registry in _registries(prefix or scope) for known in _names(registry)}
    near = difflib.get_close_matches(name, sorted(names), n=1)
    if near:
        return f', did you mean {f"{prefix}.{near[0]}" if prefix else near[0]!r}?'
    return ". A class of your own is known after custom_imports = dict(imports=['ITS_MODULE'])"


def _names(registry: Registry) -> Iterable[str]:
    return registry.names() if isinstance(registry, LazyRegistry) else registry.module_dict
