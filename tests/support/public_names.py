"""What of core is public: its functions, constructors, methods and properties, by name."""

import inspect
import types
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import core

#: What notebooks import from modules of which ``core.__all__`` names other things.
BESIDE = {
    "extremes": ("largest", "smallest", "largest_density", "largest_quantile"),
    "lesson": ("own_defaults",),
    "network": ("backward", "different_units", "seeded_input"),
    "recipe": ("call_code",),
    "signal": ("Input",),
    "referee": ("Verdict", "drawn_counts", "expected_counts", "expected_outside"),
}


def public() -> dict[str, Callable[..., Any]]:
    """Return every public function, constructor, method and property by its name in core."""
    found: dict[str, Callable[..., Any]] = {}
    for thing in (getattr(core, name) for name in core.__all__):
        for each in _defined(thing) if isinstance(thing, types.ModuleType) else [thing]:
            found |= _callables(each)
    for module, names in BESIDE.items():
        for name in names:
            found |= _callables(getattr(import_module(f"core.{module}"), name))
    return found


def _defined(module: types.ModuleType) -> Iterator[Any]:
    for name, thing in vars(module).items():
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__:
            yield thing


def _callables(thing: Any) -> dict[str, Callable[..., Any]]:
    """Return a function, or a class's constructor and what it defines, by name."""
    if not callable(thing) or not hasattr(thing, "__qualname__"):
        return {}
    name = f"{thing.__module__.rpartition('.')[2]}.{thing.__qualname__}"
    if not inspect.isclass(thing):
        return {name: thing}
    if issubclass(thing, Exception):
        return {}
    found = {} if _is_record(thing) else {name: thing}
    for member, value in vars(thing).items():
        if member.startswith("_") and member != "__str__":
            continue
        if isinstance(value, property) and value.fget is not None:
            found[f"{name}.{member}"] = value.fget
        elif isinstance(value, classmethod):
            found[f"{name}.{member}"] = getattr(thing, member)
        elif inspect.isfunction(value):
            found[f"{name}.{member}"] = value
    return found


def _is_record(thing: type) -> bool:
    """Tell whether a class's constructor has no code of its own."""
    made = getattr(thing, "__dataclass_params__", None)
    return not hasattr(thing, "__post_init__") and (hasattr(thing, "_fields") or (made and made.init))
