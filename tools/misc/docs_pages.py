"""Pages of the documentation that are made from the repository: ``mkdocs build`` runs this.

Methods' READMEs and benchmarks become pages, metafiles become the model zoo, and every public
class and function gets an entry of its package's API page.
"""

import ast
import json
import os
import posixpath
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

import mkdocs_gen_files
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    'apis', 'structures', 'stores', 'weights', 'ops', 'datasets', 'datasets.transforms',
    'models', 'models.cam_generators', 'models.affinity', 'models.one_stage',
    'models.segmentors', 'models.backbones', 'models.heads', 'models.losses', 'models.sam',
    'models.clip', 'models.detectors', 'models.stand_ins', 'models.conversion', 'proposers',
    'refiners', 'engine', 'engine.hooks', 'engine.loops', 'engine.schedulers', 'evaluation',
    'visualization', 'recipes',
)  # fmt: skip
#: Title of each page that has been added to the site.
titles: dict[str, str] = {}
_LINK = re.compile(r'(?<!\!)\[([^\]\n]+)\]\(([^)\s]+)\)')


def pages() -> dict[str, str]:
    """Page of the site by file of the repository, for texts that are not in ``docs``."""
    found = {'README.md': 'index.md', 'benchmarks/README.md': 'benchmarks.md'}
    for path in sorted(ROOT.glob('configs/*/README.md')):
        found[path.relative_to(ROOT).as_posix()] = f'methods/{path.parent.name}.md'
    return found


def relink(text: str, source: str, page: str, known: dict[str, str]) -> str:
    """Point a text's relative links at pages of the site.

    A link to a file or folder without a page loses its target: the repository has it.

    Args:
        text: Markdown.
        source: Its file in the repository.
        page: Its page on the site.
        known: See :func:`pages`.
    """

    def replace(match: re.Match) -> str:
        label, target = match.groups()
        path, _, anchor = target.partition('#')
        if '://' in target or target.startswith('mailto:') or not path:
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if (ROOT / file).is_dir():
            file = f'{file}/README.md'
        there = known.get(file)
        if there is None and file.startswith('docs/') and (ROOT / file).is_file():
            there = file.removeprefix('docs/')
        if there is None:
            return label if label.startswith('`') else f'`{label}`'
        relative = os.path.relpath(there, posixpath.dirname(page) or '.')
        return f'[{label}]({relative}{"#" if anchor else ""}{anchor})'

    return _LINK.sub(replace, text)


def model_zoo() -> str:
    """One table a collection of all metafiles."""
    lines = [
        '# Model zoo',
        '',
        "Status of a number: *paper*, *reproduced* (of a paper's), *measured* (ours, published by "
        'nobody) or *not yet run*.',
        '',
    ]
    for path in sorted(ROOT.glob('configs/*/metafile.yml')):
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        for collection in content['Collections']:
            paper = collection.get('Paper') or {}
            lines += [f'## {collection["Name"]}', '']
            if paper:
                lines += [f'[{paper["Title"]}]({paper["URL"]})', '']
            lines += ['| config | data | number | status |', '| --- | --- | --- | --- |']
            for model in content['Models']:
                if model['In Collection'] != collection['Name']:
                    continue
                for result in model.get('Results') or []:
                    numbers = ', '.join(
                        f'{name} {"-" if value is None else value}'
                        for name, value in result['Metrics'].items()
                    )
                    status = result.get('Status', '')
                    lines.append(
                        f'| `{model["Config"]}` | {result["Dataset"]} | {numbers} | {status} |'
                    )
            lines.append('')
    return '\n'.join(lines)


def public_names(package: str) -> list[tuple[str, str]]:
    """What a package exports, with the module that defines it; nothing is imported."""
    file = ROOT / 'mmwsss' / package.replace('.', '/') / '__init__.py'
    tree = ast.parse(file.read_text(encoding='utf-8'))
    homes = {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or '').startswith('mmwsss')
        for alias in node.names
    }
    for node in ast.walk(tree):  # packages that import what is asked for
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                    homes.setdefault(str(key.value), str(value.value))
    own = f'mmwsss.{package}'
    return sorted(
        (name, home)
        for name, home in homes.items()
        if home.startswith(own) and not name.startswith('_')
    )


#: Sections of the site; a page that is named nowhere goes to the last.
SECTIONS = {
    'Start': ['index', 'install', '15_minutes', 'tutorials/*', 'glossary'],
    'How to': ['how_to/*', 'refine', 'stage2', 'add_a_method', 'stores', 'weights'],
    'Numbers': ['protocol', 'model_zoo', 'leaderboard', 'results/*', 'benchmarks'],
    'Methods': ['methods/*'],
    'API': ['api/*'],
    'Project': ['design', 'troubleshooting', '*'],
}


def navigation(titles: Mapping[str, str]) -> str:
    """The list of all pages, by section.

    Args:
        titles: Title by page.
    """
    left, lines = sorted(titles), []
    for section, patterns in SECTIONS.items():
        chosen = [page for pattern in patterns for page in left if fnmatch(page, f'{pattern}.md')]
        chosen = list(dict.fromkeys(chosen))
        left = [page for page in left if page not in chosen]
        if chosen:
            lines.append(f'- {section}')
            lines += [f'    - [{titles[page]}]({page})' for page in chosen]
    return '\n'.join(lines) + '\n'


def notebook(path: Path) -> str:
    """A notebook's text and code, as Markdown, with a line that says where it is."""
    parts = []
    for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
        text = ''.join(cell['source'])
        parts.append(text if cell['cell_type'] == 'markdown' else f'```python\n{text}\n```')
    title, _, rest = parts[0].partition('\n')
    where = f'This page is the notebook `{path.relative_to(ROOT).as_posix()}`.'
    return '\n\n'.join([title, where, rest.strip(), *parts[1:]]) + '\n'


def write(page: str, text: str) -> None:
    """Add a page to the site."""
    titles[page] = text.partition('\n')[0].removeprefix('# ')
    with mkdocs_gen_files.open(page, 'w') as file:
        file.write(text)


def main() -> None:
    """Write all pages."""
    known = pages()
    for source, page in known.items():
        text = (ROOT / source).read_text(encoding='utf-8')
        write(page, relink(text, source, page, known))
    for path in sorted((ROOT / 'docs').rglob('*.md')):
        source = path.relative_to(ROOT).as_posix()
        page = source.removeprefix('docs/')
        write(page, relink(path.read_text(encoding='utf-8'), source, page, known))
    for path in sorted((ROOT / 'docs').rglob('*.ipynb')):
        source = path.relative_to(ROOT).as_posix()
        page = source.removeprefix('docs/').replace('.ipynb', '.md')
        write(page, relink(notebook(path), source, page, known))
    write('model_zoo.md', model_zoo())
    for package in PACKAGES:
        names = public_names(package)
        if names:
            entries = '\n\n'.join(f'::: {home}.{name}' for name, home in names)
            write(f'api/{package}.md', f'# mmwsss.{package}\n\n{entries}\n')
    write('SUMMARY.md', navigation(titles))


main()
