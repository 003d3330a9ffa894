"""``KEY=VALUE`` arguments of command lines."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path
from typing import Any

from mmengine.config import DictAction


class KeyValue(DictAction):
    """mmengine's ``DictAction``, whose errors the argument parser reports, for paths too.

    mmengine drops the blanks of every value and splits it at commas, so ``store=my results, 2``
    would be a list of two other names. Here a value stays as it is where it is a path that exists,
    and where it has blanks but nothing that makes it a list (a comma or a bracket). A dict is
    written as in Python: ``model.head={'type': 'CAMHead', '_delete_': True}``.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Read ``KEY=VALUE`` pairs."""
        for text in values:
            key, found, value = text.partition('=')
            if not found or not key.strip():
                parser.error(f'{option_string} takes KEY=VALUE, found {text!r}')
            if _exists(value):
                continue
            if value.lstrip().startswith('{'):
                try:
                    ast.literal_eval(value.strip())
                except (SyntaxError, ValueError):
                    parser.error(
                        f'{option_string} {key}: {value!r} is no dict as Python writes it, names '
                        f'in quotes; or set its keys one by one: {key}.NAME=VALUE'
                    )
                continue
            for opening, closing in (('(', ')'), ('[', ']')):
                if value.count(opening) != value.count(closing):
                    parser.error(f'{option_string} {key}: brackets do not close in {value!r}')
        super().__call__(parser, namespace, values, option_string)

    @staticmethod
    def _parse_iterable(val: str) -> Any:
        """Read one value: a path or a phrase as it is, anything else as mmengine does."""
        if val.lstrip().startswith('{') and not _exists(val):
            return ast.literal_eval(val.strip())
        phrase = val.strip('\'" ')
        if set(phrase) & set(' ,()[]'):
            if _exists(val):
                return val
            if not set(phrase) & set(',()[]'):
                return phrase
        return DictAction._parse_iterable(val)


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except OSError:  # longer than a name may be
        return False
