"""What a refusal says stands once, in its template; a refused value is written into it, whatever it is."""

import ast
import copy
import inspect
import pickle
import re
from collections.abc import Callable, Iterator
from string import Formatter

import pytest

from core import InitLabError, SizeError, TableError, draw, errors
from core.errors import shown, worded
from core.refusals import REASONS, TEMPLATES
from core.signals.formula_places import INNER
from core.signals.meanfield import MAX_DEPTH
from tests.support.stream import ROOT


def unwritable(error: type[BaseException]) -> object:
    """Return a value whose ``repr`` raises this."""

    class Value:
        def __repr__(self) -> str:
            raise error

    return Value()


@pytest.mark.parametrize(
    "error",
    [
        ValueError,
        RuntimeError,
        TypeError,
        AttributeError,
        KeyError,
        ZeroDivisionError,
        RecursionError,
        OSError,
    ],
)
def test_what_cannot_be_written_is_called_by_its_type(error: type[Exception]) -> None:
    value = unwritable(error)
    assert "Value" in shown(value)
    with pytest.raises(InitLabError) as refused:
        draw("normal", (3, 5), seed=value)  # type: ignore[arg-type]
    assert "Value" in str(refused.value)


@pytest.mark.parametrize("name", ["array", "deque", "dict", "set", "frozenset", "list", "tuple"])
def test_so_is_one_whose_type_only_has_a_known_name(name: str) -> None:
    """reprlib goes by a type's name: an ``array`` of another library has no typecode, nor a length."""
    value = type(name, (), {})()
    assert name in shown(value)
    with pytest.raises(InitLabError, match=name):
        draw("normal", (3, 5), seed=value)


def test_a_long_value_is_cut_short() -> None:
    for value in ("z" * 5000, 10**4000, [*range(5000)], {"a" * 500: "b" * 500}, 10**5000):
        assert len(shown(value)) < 200
    assert shown((3, "five")) == "(3, 'five')"


#: module → what it says, as a tree
TREES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "core").rglob("*.py"))
}
ERRORS = {
    name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, InitLabError)
}
KEY = r"[a-z]+\.[a-z_]+(:\w+)?"


def _keys(*nodes: ast.AST) -> set[str]:
    """Return the texts in parts of a program that are written as keys are."""
    found = {part.value for node in nodes for part in ast.walk(node) if isinstance(part, ast.Constant)}
    return {text for text in found if isinstance(text, str) and re.fullmatch(KEY, text)}


def _calls(node: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in names:
            yield part


def _given(*calls: ast.Call) -> set[str]:
    return {word.arg for call in calls for word in call.keywords if word.arg}


def _users(name: str, module: str) -> Iterator[ast.AST]:
    """Yield the files that import a name from a module of core, as its modules do: relatively."""
    for user, tree in TREES.items():
        for node in ast.walk(tree):
            taken = isinstance(node, ast.ImportFrom) and node.level > 0
            if taken and _imported(user, node) == module and name in {alias.name for alias in node.names}:
                yield tree


def _imported(user: str, node: ast.ImportFrom) -> str:
    """Return the whole name of the module that a file imports from."""
    return ".".join([*user.split(".")[: -node.level], *filter(None, [node.module])])


def refusals(tree: ast.AST, module: str) -> Iterator[tuple[str, set[str]]]:
    """Yield key and facts of each refusal in a file.

    A key that is not written where the error is made is one of those in the function around it, in the
    property that is named, or in the calls of a function that is given it.
    """
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for around in functions:
        for call in _calls(around, ERRORS):
            key, whole = call.args[0], all(word.arg for word in call.keywords)
            if isinstance(key, ast.Name) and key.id in [each.arg for each in around.args.args]:
                trees = [tree, *_users(around.name, module)]
                callers = [call for each in trees for call in _calls(each, {around.name})]
                assert callers, around.name
                for caller in callers:
                    assert _keys(caller), ast.unparse(caller)
                    yield from ((text, _given(call, caller)) for text in _keys(caller))
                continue
            where: list[ast.AST] = [around if isinstance(key, ast.Name) else key]
            if isinstance(key, ast.Attribute):
                where = [each for each in functions if each.name == key.attr]
            assert whole, ast.unparse(call)
            assert _keys(*where), ast.unparse(call)
            yield from ((text, _given(call)) for text in _keys(*where))


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


RAISED = [(module, key, facts) for module, tree in TREES.items() for key, facts in refusals(tree, module)]


def test_every_refusal_has_its_template_and_every_template_its_refusal() -> None:
    assert {key for _, key, _ in RAISED} == set(TEMPLATES)
    assert set(REASONS) < set(TEMPLATES)


def test_a_template_names_only_facts_that_are_given() -> None:
    for file, key, facts in RAISED:
        assert _fields(TEMPLATES[key]) <= facts, (file, key)
        assert _fields(REASONS.get(key, "")) <= facts, (file, key)


class Fact(float):
    """What every format takes: a number, and a list."""

    def __iter__(self) -> Iterator[str]:
        return iter("ab")


@pytest.mark.parametrize("key", sorted(TEMPLATES))
def test_a_template_is_a_sentence_of_formats_that_there_are(key: str) -> None:
    for templates in (TEMPLATES, REASONS) if key in REASONS else (TEMPLATES,):
        words = worded(key, dict.fromkeys(_fields(templates[key]), Fact(2)), templates)
        assert not words.startswith(key)
        assert "  " not in words
    assert TEMPLATES[key].endswith(".")


def test_the_formats_of_refusals() -> None:
    facts = {"one": 1, "none": "", "names": ("a", 2), "bytes": 1.2345e9, "long": "z" * 99}
    template = (
        "{one:place}, {none:or nothing}, {one:or nothing}, {names:list}, {bytes:GB}, {none!r}, {one:.2f}"
    )
    assert worded("key", facts, {"key": template}) == "2, nothing, 1, a, 2, 1.23 GB, '', 1.00"
    assert worded("key", facts, {"key": "{long!b}"}) == shown("z" * 99)


@pytest.mark.parametrize(
    "error",
    [
        InitLabError("no.such"),
        SizeError("size.held", n=3),
        SizeError("size.held", n="three", limit=2),
        TableError("table.type", kind=unwritable(KeyError)),
    ],
)
def test_what_cannot_be_worded_is_refused_by_its_code_and_facts(error: InitLabError) -> None:
    """As an error of core's that another program makes may be."""
    assert str(error) == f"{error.code}: {shown(error.facts)}."


#: The ends of what is taken that a refusal spells out behind "from" or "to", and how exact a mean is.
SPELLED = {
    "checkpoint.shape": ["64", "0"],
    "comparison.entries": ["1"],
    "comparison.fans": ["1"],
    "formula.constant": ["−50", "50"],
    "network.batch": ["1"],
    "network.labels": ["0"],
    "network.layers": ["1"],
    "network.units": ["1"],
    "parameter.bins": ["1", "10000"],
    "parameter.mean": ["8"],
    "parameter.number:correlation": ["−1", "1"],
    "parameter.seed": ["-2^63", "2^64 - 1"],
    "shape.fans": ["2^63 - 1"],
    "shape.sizes": ["1"],
}


#: Words whose opposite would be as good a sentence: which comes first, what is less, which is which.
HELD = {
    "checkpoint.apart": "begins at byte {begin}; what comes before ends at {wanted}",
    "checkpoint.expands": "claims {given} bytes from {size} compressed ones",
    "checkpoint.outside": "lies from byte {begin} to {end}, outside of what there is up to {size}",
    "checkpoint.overlap": "{entry} in {file} begins at byte {begin}, before {other} ends at {end}",
    "checkpoint.short": "{file} ends at byte {size}, and {entry} reaches to {end}",
    "checkpoint.size": "has {given} bytes; {dtype} of shape {shape} takes {wanted}",
    "dtype.held:packed": "unpack them to float32 first",
    "dtype.orthogonal": "choose float32 or float64, or orthogonal_cast, which draws in float32 and casts",
    "dtype.range": "has no number past {largest:g}",
    "dtype.wide": "the ends of a uniform law must be no further apart than {largest:g}",
    "formula.arguments": "arguments of {word} is {expected}; here it is {found}",
    "formula.bounds": "takes two numbers, the smaller one first",
    "formula.exponent": "must be a number, or its base a positive one",
    "formula.input": "lacks z, which comes first",
    "formula.long": "at most {most} characters; this one has {length}",
    "formula.names": "Named arguments follow unnamed ones",
    "formula.undefined": "at z = {z:.6g}, where {argument} is {value:.6g}",
    "network.edit": "w1.2.3=0.5 (layer 1, unit 2, input 3) or x1.2=-1 (row 1, feature 2)",
    "network.input": "takes inputs of shape (batch, {inputs}); this one has {shape}",
    "network.input_dtype": "computes in {own}; the input is {dtype}",
    "network.labels": "from 0 to {last}, one for each of the {rows} rows",
    "parameter.cut": "must come within {limit} std of the mean; it lies {distance:.3g} std away",
    "parameter.order": "a must be less than b",
    "shape.dirac": "(out, in, *kernel) with one to three kernel sizes, whose out divides into {groups}",
    "shape.fans:dimensions": "at least two dimensions, (fan_out, fan_in, *kernel)",
    "shape.kernel": "(out, in, *kernel) with one to three kernel sizes; this",
    "shape.matrix": "a matrix, (rows, columns)",
    "size.held": "{n:,} weights are more than the {limit:,}",
    "size.memory": "takes {needed:GB} of memory, and {memory:GB} are free",
    "size.signal": "{needed:GB}, and {memory:GB} are free. A smaller batch, width or depth needs less",
    "size.work:cuts": "A smaller layer takes fewer, and so do wider cuts",
    "table.ragged": "line {row} has {cells}, the first {wanted}",
    "table.rows": "may have {most} rows; this one has {rows}",
}


def test_a_template_does_not_say_the_opposite() -> None:
    assert {key: words for key, words in HELD.items() if words not in TEMPLATES[key]} == {}


def test_the_limits_that_templates_spell_out_are_core_s_own() -> None:
    number = r"(?:[Ff]rom(?: z =)?|to) ([-−]?\d[\d^]*(?: - 1)?)"
    ends = {key: re.findall(number, words) for key, words in TEMPLATES.items()}
    assert {key: found for key, found in ends.items() if found} == SPELLED
    assert TEMPLATES["parameter.number:depth"].endswith(f" {MAX_DEPTH}.")
    assert TEMPLATES["formula.constant"].endswith(f"−{INNER:g} to {INNER:g}.")


def test_words_of_another_program_s_own_are_the_message() -> None:
    error = SizeError("Too much: {n}.", code="export.too_large", n=3)
    assert (str(error), error.code, error.facts) == ("Too much: {n}.", "export.too_large", {"n": 3})


def pickled(error: InitLabError) -> InitLabError:
    found: InitLabError = pickle.loads(pickle.dumps(error))  # noqa: S301 - of its own making
    return found


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize(
    "error",
    [
        SizeError("size.work:cuts", function="trunc_normal_", work=3e9, limit=1e9, n=7),
        SizeError("Too much.", code="export.too_large", n=3),
        TableError("table.empty"),
    ],
)
def test_an_error_can_be_copied_and_pickled(
    error: InitLabError, again: Callable[[InitLabError], InitLabError]
) -> None:
    error.add_note("a note")
    other = again(error)
    assert type(other) is type(error)
    assert (str(other), other.code, other.facts) == (str(error), error.code, error.facts)
    assert (other.args, other.__notes__) == (error.args, error.__notes__)
