"""Shipped configs are read once a process: resolving one takes 0.1 s, many are asked for often."""

import copy
import os
import re
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

CONFIGS = Path(__file__).parents[1] / 'configs'


def variables_of_configs():
    """Environment variables that the shipped configs read, e.g. ``VOC_ROOT``."""
    texts = (path.read_text(encoding='utf-8') for path in CONFIGS.rglob('*.py'))
    return {name for text in texts for name in re.findall(r'\{\{\$(\w+)', text)}


def is_shipped(path, own=None):
    """Whether a config can be remembered: it is ours, and no recipe, which may look at folders."""
    of_recipe = path.stem.endswith('_recipe') or not (own or CONFIGS).is_relative_to(CONFIGS)
    return not of_recipe and path.resolve().is_relative_to(CONFIGS)


def once_per_process(load):
    """Wrap the reading of a config: a shipped one is read once, and everybody gets a copy."""
    names, known = sorted(variables_of_configs()), {}

    def load_shipped(path, import_custom_modules, own):
        if not is_shipped(path, own):
            return load(path, import_custom_modules, own)
        key = (path, import_custom_modules, *map(os.environ.get, names))
        if key not in known:
            known[key] = load(path, import_custom_modules, own)
        return copy.deepcopy(known[key])

    return load_shipped


def files_once_per_process(substitution):
    """Wrap the reading of a config's files: hundreds of shipped ones share a few dozen bases.

    What a file holds depends on its text, that of its bases and the variables in them.
    """
    from mmengine.config import Config

    known = {}

    @contextmanager
    def remembering(own):
        with substitution(own) as sources:
            read = Config._file2dict

            def read_once(filename, *arguments, **options):
                if not is_shipped(Path(filename), own):
                    return read(filename, *arguments, **options)
                earlier = known.setdefault((filename, repr((arguments, options))), [])
                for values, result, files in earlier:
                    if all(os.environ.get(name) == value for name, value in values.items()):
                        sources.extend(files)
                        return copy.deepcopy(result)
                before = len(sources)
                result = read(filename, *arguments, **options)
                files = sources[before:]
                ours = [file.path for file in files if file.path.is_relative_to(CONFIGS)]
                text = ''.join(path.read_text(encoding='utf-8') for path in ours)
                values = {name: os.environ.get(name) for name in re.findall(r'\$(\w+)', text)}
                earlier.append((values, result, files))
                return copy.deepcopy(result)

            with patch.object(Config, '_file2dict', staticmethod(read_once)):
                yield sources

    return remembering
