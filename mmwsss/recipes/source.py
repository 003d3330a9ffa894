"""Find out which other files a source file needs, without importing it."""

from __future__ import annotations

import ast
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

_REGISTER = 'register_module'


@dataclass(frozen=True)
class SourceFile:
    """A parsed module.

    Attributes:
        digest: Hash of its code; comments, docstrings and layout do not count.
        imports: ``(module, name)`` of each import, wherever in the file; the name is '' for
            ``import module`` and '*' for all names.
        exports: Imports by the name that they bind, at the module's top, and what a package lists
            in ``HOMES`` (:mod:`mmwsss.lazy`).
        strings: All short texts in it, among them types that it builds.
        registered: Names of the classes and functions that it registers.
        own_digest: Of a package's ``__init__.py`` the hash of what it does when any module of the
            package is imported (calls, patches); '' if it only defines names.
        own_imports: ``(changed, import)`` for what this part of it uses; ``changed`` is the import
            whose method is called (``TABLE.update(OTHERS)``), or None.
    """

    digest: str
    imports: frozenset[tuple[str, str]]
    exports: dict[str, tuple[str, str]]
    strings: frozenset[str]
    registered: frozenset[str]
    own_digest: str
    own_imports: frozenset[tuple[tuple[str, str] | None, tuple[str, str]]]


def read_source(path: Path, package: str) -> SourceFile:
    """Parse a file; cached until the file changes.

    Args:
        path: The file.
        package: Dotted name of the package it lies in, for relative imports.
    """
    stat = path.stat()
    return _read(path, package, stat.st_mtime_ns, stat.st_size)


class FileState(NamedTuple):
    """A file as it is on disk: its path, the time of its last change in ns, its bytes."""

    path: str
    changed: int
    size: int


def python_files(folder: Path) -> list[FileState]:
    """All Python files below a folder, sorted by their paths' parts."""
    found, folders = [], [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith('.py') and entry.is_file():
                    stat = entry.stat()
                    found.append(FileState(entry.path, stat.st_mtime_ns, stat.st_size))
    return sorted(found, key=lambda file: file.path.split(os.sep))


@cache
def registers_types(file: FileState) -> bool:
    """Whether the word for it is in a file: most have it not, and need not be parsed to know."""
    return _REGISTER.encode() in Path(file.path).read_bytes()


@cache
def _read(path: Path, package: str, changed: int, size: int) -> SourceFile:
    tree = ast.parse(path.read_bytes(), filename=str(path))
    nodes = list(ast.walk(tree))
    own = [node for node in tree.body if not _only_defines(node)]
    exports = {
        bound: (module, name)
        for node in tree.body
        for bound, module, name in (*_imports(node, package), *_homes(node))
    }
    return SourceFile(
        digest=_digest(nodes, [tree]),
        imports=frozenset((m, n) for node in nodes for _, m, n in _imports(node, package)),
        exports=exports,
        strings=frozenset(
            node.value
            for node in nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and 0 < len(node.value) < 128
        ),
        registered=frozenset(name for node in nodes for name in _registered(node)),
        own_digest=_digest([], own) if own else '',
        own_imports=frozenset(
            (exports.get(_changed(part)), exports[node.id])
            for part in own
            for node in ast.walk(part)
            if isinstance(node, ast.Name) and node.id in exports
        ),
    )


def _digest(nodes: list[ast.AST], trees: list) -> str:
    """Hash of trees; strips docstrings in place, so it comes last but for their texts."""
    for node in nodes:
        body = getattr(node, 'body', None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
    text = '\n'.join(map(ast.dump, trees))
    return hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:12]


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _only_defines(node: ast.stmt) -> bool:
    """Whether a statement only binds a name, without other effects."""
    if isinstance(
        node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.AnnAssign
    ):
        return True
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) for target in node.targets)
    return _is_text(node)


def _changed(node: ast.stmt) -> str:
    """Name of what a statement calls a method of; '' for all other statements."""
    call = node.value if isinstance(node, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    subject = function.value if isinstance(function, ast.Attribute) else None
    return subject.id if isinstance(subject, ast.Name) else ''


def _imports(node: ast.AST, package: str) -> list[tuple[str, str, str]]:
    """``(bound name, module, name)`` of an import statement."""
    if isinstance(node, ast.Import):
        return [(a.asname or a.name.split('.')[0], a.name, '') for a in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    module = node.module or ''
    if node.level:
        parts = package.split('.')
        parts = parts[: len(parts) - node.level + 1]
        module = '.'.join([*parts, *([module] if module else [])])
    return [(alias.asname or alias.name, module, alias.name) for alias in node.names]


def _homes(node: ast.stmt) -> list[tuple[str, str, str]]:
    """``(name, module, name)`` of what a package imports when it is asked for."""
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)):
        return []
    if [target.id for target in node.targets if isinstance(target, ast.Name)] != ['HOMES']:
        return []
    pairs = zip(node.value.keys, node.value.values, strict=True)
    return [
        (str(key.value), str(home.value), str(key.value))
        for key, home in pairs
        if isinstance(key, ast.Constant) and isinstance(home, ast.Constant)
    ]


def _registered(node: ast.AST) -> list[str]:
    """Names under which a class, a function or a call registers something."""
    names = []
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        names = [node.name for part in node.decorator_list if _registers(part)]
    elif isinstance(node, ast.Call) and _registers(node):
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            names += [n.id for n in ast.walk(value) if isinstance(n, ast.Name)]
            names += [
                n.value
                for n in ast.walk(value)
                if isinstance(n, ast.Constant) and isinstance(n.value, str)
            ]
    return names


def _registers(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else node
    return isinstance(function, ast.Attribute) and function.attr == _REGISTER
