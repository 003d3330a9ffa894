"""Find the source files that a stage can reach, on which its result depends."""

from __future__ import annotations

import importlib.util
import os
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from mmwsss.recipes.source import (
    FileState,
    SourceFile,
    python_files,
    read_source,
    registers_types,
)
from mmwsss.stores.hashing import hash_text

_PACKAGE = Path(__file__).resolve().parents[1]
_ENTRIES = {
    'train': ('mmwsss.engine.cli', 'mmwsss.engine.launch'),
    'test': ('mmwsss.engine.cli', 'mmwsss.engine.launch', 'mmwsss.engine.testing'),
}


class ReachableCode:
    """Finds the files that a stage's result depends on, from imports and registered types.

    One object knows each file as it was when first asked about it; make a new one where files may
    have changed.

    Begins with what ``train.py`` or ``test.py`` imports, the modules that registered the types
    which a config names, and its ``custom_imports``; follows imports, and texts that are names of
    registered types, through our package. A package from outside counts whole, and so does
    whatever it imports from the folders of the run (the current one and ``PYTHONPATH``).

    Args:
        package: Folder of our package.
        paths: Folders in which a stage finds modules. Defaults to those of its process.
    """

    def __init__(self, package: Path = _PACKAGE, paths: Iterable[Path] | None = None) -> None:
        self.package = package
        if paths is None:
            given = os.environ.get('PYTHONPATH', '').split(os.pathsep)
            paths = [Path(part).resolve() for part in (*filter(None, given), os.curdir)]
        self.paths = list(dict.fromkeys([package.parent, *paths]))
        self._inside = os.path.join(package, '')
        places = (sysconfig.get_path(key) for key in ('purelib', 'platlib', 'stdlib'))
        self._packaged = tuple(os.path.join(place, '') for place in places)
        self._found_types: dict[str, list[Path]] | None = None
        # The same few hundred files are asked about thousands of times.
        for name in ('_is_ours', '_is_installed', '_module', '_name', '_read', '_imported'):
            setattr(self, name, cache(getattr(self, name)))

    def hashes(
        self, content: Mapping[str, Any], action: str, custom: Iterable[str] = ()
    ) -> dict[str, str]:
        """Hash of each file that a stage can reach, by its dotted name.

        Args:
            content: The part of its config that counts.
            action: 'train' or 'test'.
            custom: Modules that its config imports; those that are not there have no code.
        """
        found: dict[str, str] = {}
        types = self._types()
        todo: list[Path | None] = [self._module(name) for name in _ENTRIES[action]]
        todo += [path for text in _texts(content) for path in types.get(_last(text), ())]
        for name in custom:
            todo += self._outside(name, found)
        seen: set[Path] = set()
        waiting: list[tuple[Path, list[Path]]] = []
        while todo:
            path = todo.pop()
            if path is not None and path not in seen:
                seen.add(path)
                name, source = self._name(path), self._read(path)
                found[name] = source.digest
                for module, attribute in source.imports:
                    todo += self._imported(module, attribute, path)
                for text in source.strings:
                    todo += types.get(_last(text), ())
                for table, parts in self._parents(name, found) if self._is_ours(path) else ():
                    if table is None:
                        todo += parts
                    else:
                        waiting.append((table, parts))
            if not todo:  # what fills a table matters where the table is used
                todo += {p for table, parts in waiting if table in seen for p in parts} - seen
        return dict(sorted(found.items()))

    def registers(self, room: str, kind: Any) -> bool:
        """Whether a type is one of those that a package of ours registers at its top.

        Args:
            room: The package, e.g. 'datasets'.
            kind: Value of ``type`` in a config.
        """
        files = self._types().get(_last(kind), ()) if isinstance(kind, str) else ()
        return any(path.parent == self.package / room for path in files)

    def registered(self) -> set[str]:
        """Names of all types that our package registers."""
        return set(self._types())

    def imports_of(self, content: Mapping[str, Any]) -> set[str]:
        """Top names of the modules that the types in a part of a config import, ours or not."""
        types = self._types()
        todo = [path for text in _texts(content) for path in types.get(_last(text), ())]
        seen: set[Path] = set()
        found: set[str] = set()
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            source = self._read(path)
            found |= {module.split('.')[0] for module, _ in source.imports}
            # Also those that are imported by name, `import_module('a.b')`.
            found |= {text.split('.')[0] for text in source.strings if text.count('.') == 1}
            for module, name in source.imports:
                todo += self._imported(module, name, path)
        return found

    def missing(self, custom: Iterable[str]) -> list[str]:
        """Find the modules that cannot be found."""
        return [name for name in custom if self._find(name) is None]

    # Files ----------------------------------------------------------------------------

    def _is_ours(self, path: Path) -> bool:
        return str(path).startswith(self._inside)

    @cached_property
    def _files(self) -> dict[str, FileState]:
        """Our files by their paths, of when they were first asked about."""
        return {file.path: file for file in python_files(self.package)}

    def _module(self, name: str) -> Path | None:
        """File of a module in the folders of a run."""
        parts = name.split('.')
        for folder in self.paths:
            base = os.path.join(folder, *parts)
            ours = folder == self.package.parent and parts[0] == self.package.name
            for file in (os.path.join(base, '__init__.py'), f'{base}.py'):
                if file in self._files if ours else os.path.isfile(file):
                    return Path(file)
        return None

    def _find(self, name: str) -> Path | None:
        """File of a module, also of an installed package; nothing is imported."""
        path = self._module(name)
        top, *rest = name.split('.')
        if path is not None:
            return path
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        if not rest:
            return Path(spec.origin or os.devnull)
        for folder in spec.submodule_search_locations or ():
            base = Path(folder).joinpath(*rest)
            for path in (base / '__init__.py', base.with_name(f'{base.name}.py')):
                if path.is_file():
                    return path
            compiled = sorted(base.parent.glob(f'{base.name}.*.so'))
            if compiled:
                return compiled[0]
        return None

    def _name(self, path: Path) -> str:
        text, folders = str(path), (os.path.join(folder, '') for folder in self.paths)
        folder = next(filter(text.startswith, folders), os.path.join(path.parent.parent, ''))
        parts = os.path.splitext(text.removeprefix(folder))[0].split(os.sep)
        return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)

    def _read(self, path: Path) -> SourceFile:
        name = self._name(path)
        package = name if path.name == '__init__.py' else name.rpartition('.')[0]
        return read_source(path, package)

    # Ours -----------------------------------------------------------------------------

    def _types(self) -> dict[str, list[Path]]:
        """Files by the names of the types that they register, of when it was first asked."""
        if self._found_types is None:
            types: dict[str, list[Path]] = {}
            for file in filter(registers_types, self._files.values()):
                path = Path(file.path)
                for name in self._read(path).registered:
                    types.setdefault(name, []).append(path)
            self._found_types = types
        return self._found_types

    def _imported(self, module: str, name: str, importer: Path) -> list[Path]:
        """Files behind an import; those of packages that only list names are passed through."""
        if not module or (self._is_ours(importer) and module.split('.')[0] != self.package.name):
            return []
        if name not in ('', '*') and (path := self._module(f'{module}.{name}')):
            if path.name != '__init__.py' or not self._is_ours(path):
                return [path]
            return []  # a package of ours as a name: what is used of it is not known by name
        path = self._module(module)
        if path is None or self._is_installed(path):
            return []
        if path.name != '__init__.py' or not self._is_ours(path) or name in ('', '*'):
            return (
                [] if name == '' and path.name == '__init__.py' and self._is_ours(path) else [path]
            )
        exported = self._read(path).exports.get(name)
        return [path] if exported is None else self._imported(*exported, path)

    def _parents(
        self, name: str, found: dict[str, str]
    ) -> Iterator[tuple[Path | None, list[Path]]]:
        """What the packages around a module do beside listing names.

        Yields:
            ``(file whose object is changed or None, files that are needed for it)``.
        """
        while '.' in name:
            name = name.rpartition('.')[0]
            path = self._module(name)
            if path is None or name in found:
                continue
            source = self._read(path)
            if source.own_digest:
                found[name] = source.own_digest
                for changed, needed in source.own_imports:
                    table = None
                    if changed is not None and self._module('.'.join(changed)) is None:
                        table = next(iter(self._imported(*changed, path)), None)
                    yield table, self._imported(*needed, path)

    # Others' --------------------------------------------------------------------------

    def _is_installed(self, path: Path) -> bool:
        return str(path).startswith(self._packaged)

    def _outside(self, name: str, found: dict[str, str]) -> list[Path]:
        """Files of the package that a custom module belongs to."""
        path = self._find(name)
        if path is None:  # one that the config can do without
            return []
        if self._is_ours(path):
            return [path]
        root = path.parent
        if not (root / '__init__.py').is_file():
            files = [path]
        else:
            while (root.parent / '__init__.py').is_file():
                root = root.parent
            files = sorted(root.rglob('*.py'))
        if self._is_installed(path) or path.suffix != '.py':
            parts = (f'{p.relative_to(root)} {p.stat().st_size}' for p in files if p.is_file())
            found[name.split('.')[0]] = hash_text('\n'.join([*parts, _version(name)]))
            return []
        return files


def package_hash() -> str:
    """Hash of all code of our package."""
    return _hash_of(tuple(python_files(_PACKAGE)))


@lru_cache(maxsize=1)  # a run writes its manifest after each stage
def _hash_of(files: tuple[FileState, ...]) -> str:
    code, paths = ReachableCode(), [Path(file.path) for file in files]
    return hash_text('\n'.join(f'{path.name} {code._read(path).digest}' for path in paths))


def _version(name: str) -> str:
    names = metadata.packages_distributions().get(name.split('.')[0], ())
    return ' '.join(f'{dist}=={metadata.version(dist)}' for dist in names)


def _last(text: str) -> str:
    return text.rpartition('.')[2]


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, Mapping):
        content = list(content.values())
    if isinstance(content, list | tuple):
        for value in content:
            yield from _texts(value)
    elif isinstance(content, str):
        yield content
