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
    and where it has blanks but nothing that makes it a list (a comma or a bracket). Dicts and lists
    of them are written as in Python: ``model.head={'type': 'CAMHead', '_delete_': True}``.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Read ``KEY=VALUE`` pairs."""
        options = dict(getattr(namespace, self.dest, None) or {})
        for text in values:
            key, found, value = text.partition('=')
            if not found or not key.strip():
                parser.error(f'{option_string} takes KEY=VALUE, found {text!r}')
            try:
                options[key] = self._parse_iterable(value)
            except ValueError as error:
                parser.error(f'{option_string} {key}: {error}')
        setattr(namespace, self.dest, options)

    @staticmethod
    def _parse_iterable(val: str) -> Any:
        """Read one value: a path, a phrase or a literal as it is, all else as mmengine does."""
        if set(val) & set(' ,()[]{') and _exists(val):
            return val
        literal = val.lstrip()[:1] in tuple('{[(')
        if literal:
            try:
                return ast.literal_eval(val.strip())
            except (SyntaxError, ValueError):  # names without quotes: [a, b]
                pass
        if (literal and '{' in val) or 'dict(' in val:
            raise ValueError(
                f'{val!r} is no dict as Python writes it, {{...}} with names in quotes; or set its '
                'keys one by one: KEY.NAME=VALUE'
            )
        for opening, closing in (('(', ')'), ('[', ']')):
            if val.count(opening) != val.count(closing):
                raise ValueError(f'brackets do not close in {val!r}')
        phrase = val.strip('\'" ')
        if ' ' in phrase and not set(phrase) & set(',()[]'):
            return phrase
        return DictAction._parse_iterable(val)


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except OSError:  # longer than a name may be
        return False
