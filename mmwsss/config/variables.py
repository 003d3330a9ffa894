"""Values of environment variables in configs: data, whatever they contain, and never code.

mmengine pastes the value of ``{{$NAME:default}}`` into the source of a config before it runs it: an
apostrophe in a folder's name ends the string that it stands in, and what follows is executed.
Here the value becomes part of a string, or a literal, in the syntax tree.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

from mmwsss.config.errors import ConfigError

_VARIABLE = re.compile(r'\{\{[\'"]?\s*\$(\w+)\s*:\s*(\S*?)\s*[\'"]?\}\}')
_FILE = re.compile(r'\{\{\s*(fileDirname|fileBasenameNoExtension|fileBasename|fileExtname)\s*\}\}')
_MARK = re.compile(r'mmwsss_value_(\d+)_mark')
_PLAIN = re.compile(r'[A-Za-z0-9_ ./,:=+@%~-]')
_NAME = re.compile(r'\w[\w.-]*')


def substitute_variables(text: str, path: str | Path, environ: Mapping[str, str]) -> str:
    """Put values into the source of a Python config.

    Within quotes any value is taken as it is. Outside of them, ``{{'$NAME:8'}}``, it has to be a
    literal: a number, ``True``, ``None``, a list, a quoted text. In ``_base_`` it has to be a plain
    name, since it chooses a file that is run.

    Args:
        text: Source, with ``{{$NAME:default}}`` and ``{{fileBasename}}`` and its like.
        path: Path of the config.
        environ: Environment variables.

    Returns:
        Source in which the values stand, on the same lines.

    Raises:
        ConfigError: A variable has no value, or one that cannot stand where it is wanted.
    """
    values: list[tuple[str, str]] = []

    def mark(name: str, value: str) -> str:
        values.append((name, value))
        return f'mmwsss_value_{len(values) - 1}_mark'

    def of_variable(found: re.Match) -> str:
        name, default = found[1], found[2]
        if name not in environ and default:
            return default  # the config's own text, as good as the rest of it
        if not environ.get(name):
            raise ConfigError(
                f'{path}: the environment variable {name} is '
                f'{"empty" if name in environ else "not set, and the config has no default for it"}'
            )
        return mark(name, environ[name])

    parts = _parts_of_path(Path(path))
    marked = _FILE.sub(lambda found: mark(found[1], parts[found[1]]), text)
    marked = _VARIABLE.sub(of_variable, marked)
    tree = _parse(marked, path)
    if not values:
        return marked
    _check_bases(tree, values, path)
    literals = {
        node.id: _literal(node.id, values, path)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and _MARK.fullmatch(node.id)
    }

    def written(found: re.Match) -> str:
        if found[0] in literals:
            return f'({literals[found[0]]!r})'
        return _escape(values[int(found[1])][1])

    result = _MARK.sub(written, marked)
    wanted = _Substituted(values, literals).visit(tree)
    try:
        same = ast.dump(ast.parse(result)) == ast.dump(wanted)
    except (SyntaxError, ValueError):
        same = False
    if not same:
        names = ', '.join(dict.fromkeys(name for name, _ in values))
        raise ConfigError(
            f'{path}: the value of {names} cannot stand there: variables stand in plain quotes '
            "('...' without a prefix), or alone, outside of quotes, for a literal"
        )
    return result


def _parts_of_path(path: Path) -> dict[str, str]:
    return {
        'fileDirname': path.parent.as_posix(),
        'fileBasename': path.name,
        'fileBasenameNoExtension': path.stem,
        'fileExtname': path.suffix,
    }


def _parse(text: str, path: str | Path) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise ConfigError(f'{path}, line {error.lineno}: {error.msg}') from error


def _check_bases(tree: ast.Module, values: list[tuple[str, str]], path: str | Path) -> None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_base_':
            for index in _MARK.findall(ast.dump(node.value)):
                name, value = values[int(index)]
                if not _NAME.fullmatch(value):
                    raise ConfigError(
                        f'{path}: {name} chooses a file in _base_, which is run: its value has to '
                        f'be a plain name, found {value!r}'
                    )


def _literal(mark: str, values: list[tuple[str, str]], path: str | Path) -> object:
    name, value = values[int(_MARK.findall(mark)[0])]
    try:
        literal = ast.literal_eval(value.strip())
        if ast.literal_eval(repr(literal)) == literal:
            return literal
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        pass
    raise ConfigError(
        f'{path}: {name} stands outside of quotes, where only a literal can (a number, True, '
        f'False, None, a list or a text in quotes), found {value!r}'
    )


def _escape(value: str) -> str:
    """Write a text so that it means itself within quotes of any kind."""
    return ''.join(c if _PLAIN.fullmatch(c) else f'\\U{ord(c):08x}' for c in value)


class _Substituted(ast.NodeTransformer):
    """The same tree with values for marks: what the new source has to mean."""

    def __init__(self, values: list[tuple[str, str]], literals: Mapping[str, object]) -> None:
        self.values, self.literals = values, literals

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.literals:
            return ast.parse(repr(self.literals[node.id]), mode='eval').body
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            node.value = _MARK.sub(lambda found: self.values[int(found[1])][1], node.value)
        return node
