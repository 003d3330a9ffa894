"""Read pickles of records that stand in lists of a repository's own class."""

from pathlib import Path
from typing import Any

from mmwsss.stores.pickle_placeholders import Made, Maker, UnpicklingError
from mmwsss.stores.restricted_pickle import Machine
from mmwsss.stores.safe_pickle import known_name


def load_pickled_records(path: str | Path) -> Any:
    """Read a plain pickle (no ``.npy``) of plain data that may stand in lists of foreign classes.

    Such a class is never looked for: what it holds is read as a list, and its attributes are left
    out.

    Args:
        path: The file.

    Returns:
        The object, with arrays and numbers of numpy as they are.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Damaged, larger than it is, or it holds something else than plain data.
    """
    path = Path(path)
    with open(path, 'rb') as file:
        try:
            return Machine(file, path.stat().st_size, _name_or_list).load()
        except (UnpicklingError, EOFError, ValueError, UnicodeError) as error:
            raise ValueError(f'{path}: cannot be read as a pickle: {error}') from error


def _name_or_list(module: str, name: str) -> Made:
    if (module, name) in _LISTS:
        return _LISTS[module, name]
    known = known_name(module, name)
    return Maker(_foreign_list) if known is None else known


def _foreign_list(*arguments: Any) -> list:
    """An empty list, or the one given, in the place of a class or function of that name."""
    if not arguments:
        return []
    if len(arguments) == 1 and type(arguments[0]) is list:
        return arguments[0]
    raise UnpicklingError('it calls something that is neither an array nor a list')


def _reconstructed(_: Any, base: Any, state: Any) -> list:
    """A list as pickles of protocol 0 and 1 write objects of classes that derive from it."""
    if base is not _LIST or type(state) is not list:
        raise UnpicklingError('an object that is no list')
    return state


_LIST = Maker(_foreign_list)
_LISTS: dict[tuple[str, str], Made] = {
    ('copy_reg', '_reconstructor'): Maker(_reconstructed),
    ('copyreg', '_reconstructor'): Maker(_reconstructed),
    ('__builtin__', 'list'): _LIST,
    ('builtins', 'list'): _LIST,
}
