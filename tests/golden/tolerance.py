"""How closely an output has to match, read from the text in a golden case."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import torch

NUMBER = r'([0-9.]+(?:e[-+]?[0-9]+)?)'


@dataclass(frozen=True)
class Tolerance:
    """Bounds on the difference of two arrays; without any bound they must be equal.

    Args:
        rtol: Bound relative to the expected value.
        atol: Absolute bound; added to the relative one, as in ``numpy.allclose``.
        of_max: ``atol`` is relative to the largest absolute expected value.
        agreement: Share of the elements that must keep the bounds.
        differing: Number of elements that may break the bounds.
    """

    rtol: float = 0.0
    atol: float = 0.0
    of_max: bool = False
    agreement: float = 1.0
    differing: int = 0

    def problem(self, got, expected) -> str:
        """What is wrong with ``got``, or an empty text."""
        if not isinstance(expected, np.ndarray | np.generic | int | float):
            return '' if got == expected else f'expected {expected!r}, got {got!r}'
        got, expected = np.asarray(got), np.asarray(expected)
        if got.shape != expected.shape:
            return f'expected shape {expected.shape}, got {got.shape}'
        if expected.dtype.kind in 'biu' and not (self.rtol or self.atol):
            close = got == expected
        else:
            got, expected = got.astype(np.float64), expected.astype(np.float64)
            scale = np.abs(expected).max(initial=0) if self.of_max else 1
            close = np.isclose(got, expected, self.rtol, self.atol * scale, equal_nan=True)
        wrong = int(close.size - close.sum())
        if wrong <= max(self.differing, np.floor((1 - self.agreement) * close.size + 1e-9)):
            return ''
        worst = ''
        if got.dtype.kind == 'f' and np.isfinite(got).any():
            worst = f', largest difference {np.nanmax(np.abs(got - expected)):.3g}'
        return f'{wrong} of {close.size} elements differ by more than {self}{worst}'


EXACT = Tolerance()


def has_avx512() -> bool:
    """Whether torch has kernels for AVX-512 here: on other CPUs it sums in another order."""
    return torch.backends.cpu.get_cpu_capability() == 'AVX512'


def without_avx512(results: dict, bounds: dict[str, Tolerance]) -> dict:
    """Results with other bounds for ill-conditioned outputs where torch rounds otherwise.

    Args:
        results: Triples (got, expected, tolerance) by the outputs' names.
        bounds: Tolerances by patterns of whole names.
    """
    if has_avx512():
        return results
    loose = {
        name: (got, expected, bound)
        for name, (got, expected, _) in results.items()
        for pattern, bound in bounds.items()
        if re.fullmatch(pattern, name)
    }
    return {**results, **loose}


def tolerance(spec: dict, output: str = '') -> Tolerance:
    """The tolerance that a case states for one of its outputs.

    Texts hold clauses separated by ``;``, dictionaries hold texts under an output's name beside
    ``rtol`` and ``atol``; a bare number is an absolute bound.

    Args:
        spec: The case's JSON.
        output: Name of the output, or a word of its clause. The clause that names it, perhaps by a
            pattern (``grad_*``), holds; else one in which the word occurs; else the general one,
            which names none. Defaults to the only, or first, clause (of a dictionary: its
            numbers).

    Raises:
        ValueError: The case has no such clause, or it cannot be read.
    """
    given = spec['tolerance']
    if isinstance(given, dict):
        if output in given:
            return _parse(str(given[output]))
        return Tolerance(rtol=given.get('rtol', 0), atol=given.get('atol', 0))
    clauses = str(given).split(';')
    chosen = (
        [clause for clause in clauses if _names(clause, output)]
        or [clause for clause in clauses if output in clause and len(output) != 1]
        or [clause for clause in clauses if _GENERAL.match(clause.strip())]
    )
    if not chosen:
        raise ValueError(f'no clause about {output!r} in the tolerance {given!r}')
    return _parse(chosen[0])


_GENERAL = re.compile(r'rtol|atol|rel |abs |exact|agreement|at most|at least|[>\d]')


def _names(clause: str, output: str) -> bool:
    return any(fnmatchcase(output, word) for word in re.findall(r'[\w.*]+', clause))


def _parse(text: str) -> Tolerance:
    """One clause, e.g. ``'rtol 1e-3, atol 1e-4 * max|out|'`` or ``'agreement >= 99.9%'``."""
    values: dict = {}
    for key, pattern in (
        ('rtol', rf'(?:rtol|rel) {NUMBER}'),
        ('atol', rf'(?:atol|abs) {NUMBER}'),
        ('atol', rf'^{NUMBER}$'),
        ('atol', rf'{NUMBER} grey level'),
    ):
        if found := re.search(pattern, text.strip()):
            values[key] = float(found[1])
    if found := re.search(rf'(?:>=|at least) {NUMBER} ?%', text):
        values['agreement'] = round(float(found[1]) / 100, 9)
    if found := re.search(rf'at most {NUMBER} ?%', text):
        values['agreement'] = round(1 - float(found[1]) / 100, 9)
    if found := re.search(r'at most (\d+) pixels', text):
        values['differing'] = int(found[1])
    if not values and 'exact' not in text:
        raise ValueError(f'cannot read the tolerance {text!r}')
    return Tolerance(of_max=bool(re.search(r'(\*|of) ?max', text)), **values)
