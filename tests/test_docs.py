"""Snippets of docs/*.md: names, arguments, scripts, configs and options that they use exist."""

import ast
import importlib
import inspect
import re
import shlex
from pathlib import Path

import pytest

from mmwsss import registry
from mmwsss.config.key_value import KeyValue
from mmwsss.config.keys import find_key, has_key
from mmwsss.recipes.reading import load_recipe
from tests.configs import read

ROOT = Path(__file__).parents[1]


def snippets(language):
    for path in sorted(ROOT.glob('docs/**/*.md')):
        for number, code in enumerate(
            re.findall(rf'```{language}\n(.*?)```', path.read_text(), re.S)
        ):
            yield pytest.param(code, id=f'{path.stem}-{number}')


def imported(tree):
    """What a snippet takes from this package, by the name that it has there."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split('.')[0] == 'mmwsss':
            module = importlib.import_module(node.module)
            for alias in node.names:
                names[alias.asname or alias.name] = getattr(module, alias.name)
    return names


def require_arguments(function, call, given):
    accepted = inspect.signature(function).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in accepted.values()):
        unknown = [name for name in given if name is not None and name not in accepted]
        assert not unknown, f'{ast.unparse(call)}: unknown arguments {unknown}'


def part(name):
    """A registered class, in whichever registry."""
    for candidate in vars(registry).values():
        if isinstance(candidate, registry.LazyRegistry):
            candidate.get(name)  # imports what registers it
            if name in candidate.module_dict:
                return candidate.module_dict[name]
    return None


@pytest.mark.parametrize('code', snippets('python'))
def test_python(code):
    tree = ast.parse(code)
    names = imported(tree)
    importlib.import_module('mmwsss.engine')
    importlib.import_module('mmwsss.evaluation')
    importlib.import_module('mmwsss.models')
    importlib.import_module('mmwsss.refiners')
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if not isinstance(call.func, ast.Name):
            continue
        if call.func.id in names and callable(names[call.func.id]):
            require_arguments(names[call.func.id], call, given)
        kind = given.pop('type', None)
        if call.func.id == 'dict' and isinstance(kind, ast.Constant) and '.' not in kind.value:
            found = part(kind.value)
            if found is not None:  # else a class of the snippet's, or of another library
                require_arguments(found.__init__, call, given)


def commands(code):
    """Commands of a shell snippet, without comments and leading variables."""
    for line in code.replace('\\\n', ' ').splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r'[A-Z_0-9]+=.*', words[0]):
            words.pop(0)
        if words:
            yield words


@pytest.mark.parametrize('code', snippets('bash'))
def test_shell(code):
    made = re.findall(r'mmwsss new (\w+)', code)  # configs of a repository that the snippet writes
    for words in commands(code):
        script = next((word for word in words if word.startswith('tools/')), None)
        if script is not None:
            assert (ROOT / script).is_file(), words
            options = {word.split('=')[0] for word in words if re.match(r'--[a-z]', word)}
            options -= {'--help'}
            text = (ROOT / script).read_text() + (ROOT / 'mmwsss/engine/cli.py').read_text()
            known = {name for name in options if f"'{name}'" in text}
            assert script.endswith('.sh') or known == options, (options - known, words)
        configs = [word for word in words if re.fullmatch(r'(configs|projects)/\S+\.py', word)]
        configs = [config for config in configs if not any(name in config for name in made)]
        for config in configs:
            assert (ROOT / config).is_file(), words
        if configs and configs[0].endswith('_recipe.py') and '--set' in words:
            given = words[words.index('--set') + 1 :]
            given = [word.split('=')[0] for word in given if re.match(r'[A-Z_0-9]+=', word)]
            assert set(given) <= set(load_recipe(ROOT / configs[0]).variables), words
        if configs and '--cfg-options' in words:
            config = read(ROOT / configs[0])
            for word in words[words.index('--cfg-options') + 1 :]:
                if word.startswith('--'):
                    break
                key, _, value = word.partition('=')
                assert has_key(config, find_key(config, key)), (key, words)
                KeyValue._parse_iterable(value)
