"""Small corrections to other packages, made when (and only if) somebody imports them.

- mmengine learns that ``mmwsss::`` means this package, so that ``_base_ = ['mmwsss::cam/...']``,
  ``get_config('mmwsss::...')`` and types such as ``mmwsss.S2C`` resolve in other repositories; of
  an editable installation, too, whose code lies elsewhere than mmengine looks for it.
- mmengine formats a run's config anew for each checkpoint and log: the last text is remembered.
- mmengine has all garbage collected for each data set, which looks at whatever is imported. Ours
  go without.
- mmengine imports ``pkg_resources``, which setuptools 81 removed: :class:`_PkgResources` stands in
  where it is missing.
- mmpretrain's vision-language models cannot be imported beside transformers 4.50 or newer, and
  would take all of mmpretrain down with them: there it is told that it has none.
- mmseg's decode heads build their losses by a function of mmseg that warns of itself: they go
  without the warning, which no user can do anything about.

Importing this module imports none of these packages.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from mmwsss.installed import find_config

#: First release of transformers that mmpretrain 1.2's vision-language models cannot be used with.
TRANSFORMERS_WITHOUT_MULTIMODAL = (4, 50)


def install() -> None:
    """Make the corrections: now for what is imported already, later for the rest. Idempotent."""
    if any(isinstance(finder, _CorrectingFinder) for finder in sys.meta_path):
        return
    for name, correct in _CORRECTIONS.items():
        if name in sys.modules:
            correct(sys.modules[name])
    sys.meta_path.insert(0, _CorrectingFinder())
    sys.meta_path.append(_PkgResourcesFinder())


def _name_this_package(module: ModuleType) -> None:
    module.MODULE2PACKAGE.setdefault('mmwsss', 'mmwsss')


def _find_configs_of_this_package(module: ModuleType) -> None:
    find = module.Config._get_cfg_path

    def get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        if cfg_path.startswith('mmwsss::'):
            return str(find_config(cfg_path)), 'mmwsss'
        return find(cfg_path, filename)

    module.Config._get_cfg_path = staticmethod(get_cfg_path)


def _format_once(module: ModuleType) -> None:
    if hasattr(module, 'FormatCode'):  # newer mmengine formats in another way
        module.FormatCode = _remember_last(module.FormatCode)  # type: ignore[attr-defined]


def _remember_last(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the last result again where the next arguments are equal."""
    last: list[Any] = [None, None]

    def remembering(*arguments: Any, **options: Any) -> Any:
        if last[0] != (arguments, options):
            last[1] = function(*arguments, **options)
            last[0] = (arguments, options)
        return last[1]

    return remembering


def _collect_no_garbage(module: ModuleType) -> None:
    module.gc = SimpleNamespace(collect=lambda: 0)  # type: ignore[attr-defined]


def _correct_configs(module: ModuleType) -> None:
    _find_configs_of_this_package(module)
    _format_once(module)


def _find_folder_of_this_package(module: ModuleType) -> None:
    find = module.get_installed_path

    def get_installed_path(package: str) -> str:
        return str(Path(__file__).parent) if package == 'mmwsss' else find(package)

    module.get_installed_path = get_installed_path  # type: ignore[attr-defined]


def _without_multimodal(module: ModuleType) -> None:
    try:
        numbers = re.findall(r'\d+', importlib.metadata.version('transformers'))
    except importlib.metadata.PackageNotFoundError:
        return
    if tuple(map(int, numbers[:2])) >= TRANSFORMERS_WITHOUT_MULTIMODAL:
        vars(module)['WITH_MULTIMODAL'] = False


def _build_losses_without_warning(module: ModuleType) -> None:
    module.build_loss = module.LOSSES.build  # type: ignore[attr-defined]


_CORRECTIONS: dict[str, Callable[[ModuleType], None]] = {
    'mmengine.config.utils': _name_this_package,
    'mmengine.config.config': _correct_configs,
    'mmengine.dataset.base_dataset': _collect_no_garbage,
    'mmengine.hub.hub': _find_folder_of_this_package,
    'mmpretrain.utils.dependency': _without_multimodal,
    'mmseg.models.builder': _build_losses_without_warning,
}


class _CorrectingLoader(Loader):
    """Runs a module as its own loader does, then corrects it."""

    def __init__(self, loader: Loader, correct: Callable[[ModuleType], None]) -> None:
        self.loader, self.correct = loader, correct

    def __getattr__(self, name: str) -> object:  # get_source, is_package, ...: tools ask for them
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        self.correct(module)


class _CorrectingFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        correct = _CORRECTIONS.get(fullname)
        if correct is None:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _CorrectingLoader(spec.loader, correct)
                return spec
        return None


class _Distribution:
    """What mmengine asks of an installed distribution: version, folder and metadata files."""

    def __init__(self, name: str) -> None:
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            raise _DistributionNotFound(name) from error
        self._found = found
        self.project_name, self.version = found.metadata['Name'], found.version
        self.location = str(Path(str(found.locate_file(''))).resolve())

    def has_metadata(self, name: str) -> bool:
        return self._found.read_text(name) is not None

    def get_metadata(self, name: str) -> str:
        return self._found.read_text(name) or ''


class _DistributionNotFound(Exception):
    """The distribution is not installed."""


class _PkgResourcesFinder(MetaPathFinder, Loader):
    """Last of all finders: asked only where setuptools brings no ``pkg_resources``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != 'pkg_resources':
            return None
        return ModuleSpec(fullname, self, origin='mmwsss.import_hooks')

    def exec_module(self, module: ModuleType) -> None:
        module.get_distribution = _Distribution  # type: ignore[attr-defined]
        module.DistributionNotFound = _DistributionNotFound  # type: ignore[attr-defined]
        # Asked for by whoever changes sys.path; there are no such namespaces to mend.
        module.fixup_namespace_packages = lambda path, parent=None: None  # type: ignore[attr-defined]
