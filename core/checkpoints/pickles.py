"""What a pickle says, without doing it: its opcodes are read; nothing that it names is imported or called.

Containers, numbers and text are what they are. A global is its name. What it is called with becomes what a
``Meaning`` says of that name, or else ``Opaque``.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from ..errors import CheckpointError, shown
from .files import MOST_CHARS, File

#: Steps of one pickle, a second's; a model's are some 35 a tensor.
MOST_STEPS = 500_000


class Named(str):
    """A global: its module and name, with a point between."""

    __slots__ = ()


@dataclass(frozen=True, eq=False)
class Opaque:
    """What only the pickle's own code could make: by the name of what would be called."""

    name: str


@dataclass(frozen=True)
class Meaning:
    """What globals make of their arguments, by name, and what persistent ids stand for."""

    made: Mapping[str, Callable[..., Any]]
    stored: Callable[[Any], Any]


@dataclass(eq=False)
class _State:
    meaning: Meaning
    stack: list[Any] = field(default_factory=list)
    below: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    work: int = 0

    def to_mark(self) -> list[Any]:
        """Return what lies above the mark, which goes with it."""
        above, self.stack = self.stack, self.below.pop()
        return above

    def call(self, name: Any, arguments: Any) -> Any:
        """Return what is made by a call that is not made."""
        if isinstance(name, Named) and name in self.meaning.made and isinstance(arguments, tuple):
            self.work += sum(len(each) for each in arguments if isinstance(each, list | tuple | dict))
            try:
                return self.meaning.made[name](*arguments)
            except (TypeError, ValueError):  # not as torch calls it
                pass
        return name if isinstance(name, Opaque) else Opaque(name if isinstance(name, Named) else "…")


def read_pickle(file: File, entry: str, text: BytesIO, begin: int, meaning: Meaning) -> Any:
    """Return what a pickle describes.

    ``begin`` is where ``text`` begins in the file, for messages.

    Raises:
        CheckpointError: if it is no pickle, ends early, or takes more than ``MOST_STEPS``.
    """
    state, at, opcode = _State(meaning), 0, ""
    steps = pickletools.genops(text)
    try:
        for step, (code, argument, position) in enumerate(steps):
            at, opcode = position or 0, code.name
            if opcode == "STOP":
                return state.stack.pop()
            if step + state.work >= MOST_STEPS:
                raise CheckpointError(
                    "checkpoint.steps", file=file.called, entry=shown(entry), most=MOST_STEPS
                )
            _STEPS[opcode](state, argument)
            opcode = ""
    except CheckpointError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError):
        pass  # as of a stack that is empty, or text that is none
    at = at if opcode else text.tell()
    raise CheckpointError(
        "checkpoint.pickle", file=file.called, entry=shown(entry), offset=begin + at, given=opcode or "…"
    )


def _mark(state: _State, _: Any) -> None:
    state.below.append(state.stack)
    state.stack = []


def _push(state: _State, value: Any) -> None:
    state.stack.append(value)


def _put(state: _State, index: Any) -> None:
    state.memo[len(state.memo) if index is None else int(index)] = state.stack[-1]


def _get(state: _State, index: Any) -> None:
    state.stack.append(state.memo[int(index)])


def _short_tuple(size: int) -> Callable[[_State, Any], None]:
    def step(state: _State, _: Any) -> None:
        last = tuple(state.stack[-size:])
        if len(last) < size:
            raise IndexError
        state.stack[-size:] = [last]

    return step


def _append(state: _State, _: Any) -> None:
    value = state.stack.pop()
    _extend(state.stack[-1], [value])


def _appends(state: _State, _: Any) -> None:
    values = state.to_mark()
    _extend(state.stack[-1], values)


def _extend(target: Any, values: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(values)


def _set_item(state: _State, _: Any) -> None:
    value, key = state.stack.pop(), state.stack.pop()
    _update(state.stack[-1], [key, value])


def _set_items(state: _State, _: Any) -> None:
    values = state.to_mark()
    _update(state.stack[-1], values)


def _update(target: Any, values: list[Any]) -> None:
    """Set items of a dict; what is opaque has none that are looked at."""
    if isinstance(target, dict):
        target.update(zip(map(_key, values[::2]), values[1::2], strict=True))


def _key(value: Any) -> str | int:
    """Return a key that is no plain name or number by its kind.

    To hash a tuple may go deeper than the processor's stack, and long texts and numbers take as long as they
    are, each time.
    """
    if isinstance(value, bytes) and len(value) <= MOST_CHARS:
        value = value.decode("utf-8", "replace")
    short = (isinstance(value, str) and len(value) <= MOST_CHARS) or (
        isinstance(value, int) and value.bit_length() < 64
    )
    return value if short else f"<{type(value).__name__}>"


def dict_of(pairs: Any = ()) -> dict[Any, Any]:
    """Return what ``OrderedDict`` makes of pairs."""
    return {_key(key): value for key, value in pairs}


def _dict(state: _State, _: Any) -> None:
    values, found = state.to_mark(), dict[Any, Any]()
    _update(found, values)
    state.stack.append(found)


def _global(state: _State, name: Any) -> None:
    state.stack.append(Named(name.replace(" ", ".", 1)))


def _stack_global(state: _State, _: Any) -> None:
    name, module = state.stack.pop(), state.stack.pop()
    texts = type(name) is type(module) is str and len(name) + len(module) < MOST_CHARS
    state.stack.append(Named(f"{module}.{name}") if texts else Opaque("…"))


def _reduce(state: _State, _: Any) -> None:
    arguments = state.stack.pop()
    state.stack[-1] = state.call(state.stack[-1], arguments)


def _new_with_names(state: _State, _: Any) -> None:
    state.stack.pop()
    _reduce(state, None)


def _inst(state: _State, name: Any) -> None:
    arguments = state.to_mark()
    state.stack.append(state.call(Named(name.replace(" ", ".", 1)), tuple(arguments)))


def _obj(state: _State, _: Any) -> None:
    kind, *arguments = state.to_mark()
    state.stack.append(state.call(kind, tuple(arguments)))


def _build(state: _State, _: Any) -> None:
    """Leave what an object keeps beside its numbers, as a state dict's versions."""
    state.stack.pop()
    state.stack[-1]


def _persistent(state: _State, _: Any) -> None:
    state.stack.append(state.meaning.stored(state.stack.pop()))


def _does(make: Callable[[_State], Any]) -> Callable[[_State, Any], None]:
    def step(state: _State, _: Any) -> None:
        value = make(state)  # which may take another stack
        state.stack.append(value)

    return step


_VALUES = (
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES "
    "BINBYTES8 BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 FLOAT BINFLOAT"
)
#: opcode → what it does to the state
_STEPS: Mapping[str, Callable[[_State, Any], Any]] = {
    **dict.fromkeys(_VALUES.split(), _push),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _get),
    **dict.fromkeys(("PROTO", "FRAME"), lambda *_: None),
    "MARK": _mark,
    "POP": lambda state, _: state.stack.pop() if state.stack else state.to_mark(),
    "POP_MARK": lambda state, _: state.to_mark(),
    "DUP": _does(lambda state: state.stack[-1]),
    "NONE": _does(lambda _: None),
    "NEWTRUE": _does(lambda _: True),
    "NEWFALSE": _does(lambda _: False),
    "EMPTY_LIST": _does(lambda _: []),
    "EMPTY_TUPLE": _does(lambda _: ()),
    "EMPTY_DICT": _does(lambda _: {}),
    "EMPTY_SET": _does(lambda _: []),
    "LIST": _does(_State.to_mark),
    "TUPLE": _does(lambda state: tuple(state.to_mark())),
    "FROZENSET": _does(_State.to_mark),
    "DICT": _dict,
    "TUPLE1": _short_tuple(1),
    "TUPLE2": _short_tuple(2),
    "TUPLE3": _short_tuple(3),
    "APPEND": _append,
    "APPENDS": _appends,
    "ADDITEMS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "NEWOBJ": _reduce,
    "NEWOBJ_EX": _new_with_names,
    "INST": _inst,
    "OBJ": _obj,
    "BUILD": _build,
    "BINPERSID": _persistent,
}
