"""The shipped configs, and the data sets that each claims in its ``# DATA:`` line."""

import os
import re
from pathlib import Path
from unittest.mock import patch

from mmwsss.config import read_config

CONFIGS = Path(__file__).parents[1] / 'configs'


def read(path, data='voc', **variables):
    """Read a config of a data set; ``path`` may be relative to ``configs``."""
    with patch.dict(os.environ, DATA=data, **variables):
        return read_config(CONFIGS / path)


def claimed(path):
    """Data sets of a config that takes any, or None for the one in its name."""
    found = re.search(r'^# DATA: (.+)\.$', (CONFIGS / path).read_text(), re.M)
    return None if found is None else found[1].split(', ')


def stages(pattern='*/*.py'):
    """Pairs of a stage's config, relative to ``configs``, and a data set that it claims."""
    for path in sorted(CONFIGS.glob(pattern)):
        relative = path.relative_to(CONFIGS)
        if relative.parts[0] != '_base_' and not path.stem.endswith('_recipe'):
            for data in claimed(path) or ['voc']:
                yield relative.as_posix(), data
