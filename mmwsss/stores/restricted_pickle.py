"""An unpickler that can only build plain data.

Python's own unpicklers call what they find: even with a list of allowed classes, whoever writes the
file chooses the arguments and reaches the attributes of real classes. This machine knows the
opcodes of plain data alone, and "calling" something means asking a maker of ours, which checks what
it is given. Nothing of Python, numpy or torch is ever put on its stack.
"""

import pickle
import pickletools
import struct
from collections.abc import Callable
from typing import IO, Any

from mmwsss.stores.pickle_placeholders import SCALARS, Made, Maker, UnpicklingError, finish

_NAMES = {opcode.code: opcode.name for opcode in pickletools.opcodes}
_MARK = object()
_SPARE = 1 << 20


class Machine:
    """Reads pickles of plain data from an open file.

    Args:
        file: The file, which is read no further than the pickle goes.
        size: Bytes that are left in it.
        lookup: What the pickle may name: a :class:`Maker`, or a :class:`Made` to be used as an
            argument; None for everything else. Takes module and name.
        persistent: Turns a persistent id into an object, where there are some.
        budget: Bytes that the result may take where everything that is shared is counted each
            time. Defaults to four times ``size`` and 1 MiB.
    """

    def __init__(
        self,
        file: IO[bytes],
        size: int,
        lookup: Callable[[str, str], Made | None],
        persistent: Callable[[Any], Made] | None = None,
        budget: int | None = None,
    ) -> None:
        self._file, self._left = file, size
        self._budget = 4 * size + _SPARE if budget is None else budget
        self._lookup, self._persistent = lookup, persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def load(self) -> Any:
        """Read one pickle.

        Returns:
            Numbers, text, bytes, lists, tuples and dictionaries, and what the makers give.

        Raises:
            UnpicklingError: It is damaged, or holds anything else. Names what.
        """
        return finish(self._run(), self._budget)

    def skip(self) -> None:
        """Read one pickle only for its persistent ids and discard the rest.

        Raises:
            UnpicklingError: As :meth:`load`.
        """
        self._run()

    def _run(self) -> Any:
        try:
            while (code := self._read(1)) != b'.':
                step = _STEPS.get(code)
                if step is None:
                    name = _NAMES.get(code.decode('latin1'), repr(code))
                    raise UnpicklingError(f'{name} has no place in plain data')
                step(self)
            if len(self._stack) != 1:
                raise UnpicklingError('it ends early')
            return self._pop()
        except UnpicklingError:
            raise
        except ValueError as error:
            raise UnpicklingError(str(error)) from error
        except (IndexError, TypeError, struct.error) as error:
            raise UnpicklingError(f'damaged ({type(error).__name__}: {error})') from error

    # Reading ------------------------------------------------------------------------

    def _read(self, count: int) -> bytes:
        if count > self._left:
            raise UnpicklingError(f'cut short: {count} bytes expected, {self._left} are left')
        self._left -= count
        data = self._file.read(count)
        if len(data) != count:
            raise UnpicklingError('cut short')
        return data

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._read(struct.calcsize(layout)))[0]

    def _line(self) -> bytes:
        line = self._file.readline(self._left)
        self._left -= len(line)
        if not line.endswith(b'\n'):
            raise UnpicklingError('cut short')
        return line[:-1]

    # Steps --------------------------------------------------------------------------

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if self._stack[-1] is _MARK:
            raise UnpicklingError('damaged')
        return self._stack.pop()

    def _pop_mark(self) -> list[Any]:
        for start in range(len(self._stack) - 1, -1, -1):
            if self._stack[start] is _MARK:
                items = self._stack[start + 1 :]
                del self._stack[start:]
                return items
        raise UnpicklingError('damaged')

    def _long(self, count: int) -> None:
        if not 0 <= count <= 16:  # 128 bits
            raise UnpicklingError(f'a number of {count} bytes')
        self._push(int.from_bytes(self._read(count), 'little', signed=True))

    def _text(self, count: int) -> None:
        self._push(self._read(count).decode('utf-8', 'surrogatepass'))

    def _append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise UnpicklingError('items for what is no list')
        target.extend(items)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise UnpicklingError('entries for what is no dictionary')
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(key, Made) and hasattr(key.value, 'item') and not key.value.shape:
                key = key.value.item()  # a number of numpy
            if not isinstance(key, SCALARS):
                raise UnpicklingError(f'a key that is a {type(key).__name__}')
            target[key] = value

    def _dict(self) -> None:
        items = self._pop_mark()
        self._push({})
        self._set(items)

    def _tuple(self, count: int) -> None:
        self._push(tuple(reversed([self._pop() for _ in range(count)])))

    def _name(self, module: Any, name: Any) -> None:
        texts = type(module) is str and type(name) is str
        maker = self._lookup(module, name) if texts else None
        if maker is None:
            raise UnpicklingError(
                f'it refers to {module}.{name}, which is neither an array nor a plain container; '
                'the file is not read'
            )
        self._push(maker)

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._name(module, name)

    def _call(self) -> None:
        arguments, maker = self._pop(), self._pop()
        if not isinstance(maker, Maker) or type(arguments) is not tuple:
            raise UnpicklingError('a call of what is no function')
        self._push(maker.make(*arguments))

    def _build(self) -> None:
        state = self._pop()
        target = self._stack[-1]
        if type(target) in (dict, list):  # what a class derived from these notes beside its entries
            return
        if not isinstance(target, Made):
            raise UnpicklingError('a state for plain data')
        target.build(state)

    def _persist(self) -> None:
        if self._persistent is None:
            raise UnpicklingError('a reference to something outside the file')
        self._push(self._persistent(self._pop()))

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise UnpicklingError(f'a reference to entry {index}, which is not there')
        self._push(self._memo[index])

    def _put(self, index: int) -> None:
        if self._stack[-1] is _MARK:
            raise UnpicklingError('damaged')
        self._memo[index] = self._stack[-1]


def _pops(machine: Machine) -> None:
    if machine._stack.pop() is _MARK:
        raise UnpicklingError('damaged')


def _decimal(line: bytes) -> int | bool:
    """Read an integer in text form; protocol 0 writes True as 01."""
    if line in (b'00', b'01'):
        return line == b'01'
    line = line.removesuffix(b'L')
    if len(line) > 40:
        raise UnpicklingError(f'a number of {len(line)} digits')
    return int(line)


def _quoted(line: bytes) -> str:
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b'"\'':
        raise UnpicklingError('damaged')
    return line[1:-1].decode('latin1')


_STEPS: dict[bytes, Callable[[Machine], Any]] = {
    pickle.PROTO: lambda m: m._read(1),
    pickle.FRAME: lambda m: m._read(8),
    pickle.MARK: lambda m: m._push(_MARK),
    pickle.POP: _pops,
    pickle.POP_MARK: lambda m: m._pop_mark(),
    pickle.NONE: lambda m: m._push(None),
    pickle.NEWTRUE: lambda m: m._push(True),
    pickle.NEWFALSE: lambda m: m._push(False),
    pickle.INT: lambda m: m._push(_decimal(m._line())),
    pickle.LONG: lambda m: m._push(_decimal(m._line())),
    pickle.BININT: lambda m: m._push(m._number('<i')),
    pickle.BININT1: lambda m: m._push(m._number('<B')),
    pickle.BININT2: lambda m: m._push(m._number('<H')),
    pickle.LONG1: lambda m: m._long(m._number('<B')),
    pickle.LONG4: lambda m: m._long(m._number('<i')),
    pickle.FLOAT: lambda m: m._push(float(m._line())),
    pickle.BINFLOAT: lambda m: m._push(m._number('>d')),
    pickle.STRING: lambda m: m._push(_quoted(m._line())),
    pickle.BINSTRING: lambda m: m._push(m._read(m._number('<I')).decode('latin1')),
    pickle.SHORT_BINSTRING: lambda m: m._push(m._read(m._number('<B')).decode('latin1')),
    pickle.BINBYTES: lambda m: m._push(m._read(m._number('<I'))),
    pickle.BINBYTES8: lambda m: m._push(m._read(m._number('<Q'))),
    pickle.BYTEARRAY8: lambda m: m._push(m._read(m._number('<Q'))),
    pickle.SHORT_BINBYTES: lambda m: m._push(m._read(m._number('<B'))),
    pickle.UNICODE: lambda m: m._push(m._line().decode('raw-unicode-escape')),
    pickle.BINUNICODE: lambda m: m._text(m._number('<I')),
    pickle.BINUNICODE8: lambda m: m._text(m._number('<Q')),
    pickle.SHORT_BINUNICODE: lambda m: m._text(m._number('<B')),
    pickle.EMPTY_LIST: lambda m: m._push([]),
    pickle.EMPTY_TUPLE: lambda m: m._push(()),
    pickle.EMPTY_DICT: lambda m: m._push({}),
    pickle.LIST: lambda m: m._push(m._pop_mark()),
    pickle.TUPLE: lambda m: m._push(tuple(m._pop_mark())),
    pickle.TUPLE1: lambda m: m._tuple(1),
    pickle.TUPLE2: lambda m: m._tuple(2),
    pickle.TUPLE3: lambda m: m._tuple(3),
    pickle.DICT: lambda m: m._dict(),
    pickle.APPEND: lambda m: m._append([m._pop()]),
    pickle.APPENDS: lambda m: m._append(m._pop_mark()),
    pickle.SETITEM: lambda m: m._set(list(reversed([m._pop(), m._pop()]))),
    pickle.SETITEMS: lambda m: m._set(m._pop_mark()),
    pickle.GLOBAL: lambda m: m._name(m._line().decode(), m._line().decode()),
    pickle.STACK_GLOBAL: Machine._stack_global,
    pickle.REDUCE: Machine._call,
    pickle.NEWOBJ: Machine._call,
    pickle.BUILD: Machine._build,
    pickle.BINPERSID: Machine._persist,
    pickle.PUT: lambda m: m._put(_decimal(m._line())),
    pickle.BINPUT: lambda m: m._put(m._number('<B')),
    pickle.LONG_BINPUT: lambda m: m._put(m._number('<I')),
    pickle.MEMOIZE: lambda m: m._put(len(m._memo)),
    pickle.GET: lambda m: m._get(_decimal(m._line())),
    pickle.BINGET: lambda m: m._get(m._number('<B')),
    pickle.LONG_BINGET: lambda m: m._get(m._number('<I')),
}
