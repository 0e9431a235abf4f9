# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mutants of a file: each is the file with one small change."""

from __future__ import annotations

import ast
import copy
import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence

COMPARISONS: t.Final[Mapping[type[ast.cmpop], Sequence[type[ast.cmpop]]]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


OTHERS: t.Final[Mapping[str, str]] = {
    one: other
    for pair in (
        ("any", "all"),
        ("min", "max"),
        ("startswith", "endswith"),
        ("partition", "rpartition"),
        ("union", "intersection"),
        ("issubset", "issuperset"),
    )
    for one, other in (pair, pair[::-1])
}
OTHER_OPERATORS: t.Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
# Calls that hand out what they are given, in another form.
REWRITING: t.Final = frozenset(
    {"sorted", "reversed", "set", "abs", "lower", "upper", "casefold", "strip", "lstrip", "rstrip"}
    | {"removeprefix", "removesuffix"}
)
# Calls that say something to type checkers alone.
TYPING: t.Final = frozenset({"t.cast", "t.TypeVar", "t.NewType"})
# The empty value of a type that a function says it returns.
EMPTY: t.Final[Mapping[str, str]] = {
    **dict.fromkeys(("tuple", "Sequence", "Iterable", "Iterator"), "()"),
    **dict.fromkeys(("dict", "Mapping"), "{}"),
    **dict.fromkeys(("set", "frozenset", "Set"), "frozenset()"),
    "list": "[]",
    "str": "''",
    "int": "0",
}
DOCUMENTATION: t.Final = frozenset({"DOCUMENTATION", "EXAMPLES", "RETURN", "__all__"})


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: ``identity`` names it without a line number, so that other edits of the file leave it as it is.

    ``place`` is that of the changed node among the sites of the ``original`` file, and ``new`` what replaces it.
    """

    file: str
    line: int
    identity: str
    original: str
    place: int
    new: t.Optional[ast.AST]

    @property
    def source(self) -> str:
        """The file with this change."""
        # A fresh tree each time: nodes of the original stay as they are.
        fresh = ast.parse(self.original)
        _function, old = sites(fresh)[self.place]
        changed = _Replacing(old, copy.deepcopy(self.new)).visit(fresh)
        return ast.unparse(ast.fix_missing_locations(changed))


def variants(node: ast.AST) -> Iterator[tuple[str, t.Optional[ast.AST]]]:
    """What a node may be replaced by, with the operator's name; None removes a statement."""
    for operator in OPERATORS:
        yield from operator(node)


def comparisons(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Other operators of comparison, one at a time."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield (
                    "comparison",
                    ast.Compare(node.left, [*node.ops[:place], other(), *node.ops[place + 1 :]], node.comparators),
                )


def booleans(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The other of two: and, or; True, False; with and without not."""
    if isinstance(node, ast.BoolOp):
        yield "boolean", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "boolean", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "boolean", ast.Constant(not node.value)


def constants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another number, another name, and no sentence: an empty one often stands for "nothing is wrong"."""
    if isinstance(node, ast.JoinedStr):
        yield "emptied text", ast.Constant("")
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return
    if isinstance(node.value, (int, float)):
        yield "constant", ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and " " in node.value:
        yield "emptied text", ast.Constant("")
    elif isinstance(node.value, str):
        yield "constant", ast.Constant(f"{node.value}~")


def others_of_two(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The other function of two, and the other operator of sums and sets."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OTHERS:
        yield "other of two", ast.Call(ast.Name(OTHERS[node.func.id]), node.args, node.keywords)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OTHERS:
        changed = ast.Attribute(node.func.value, OTHERS[node.func.attr])
        yield "other of two", ast.Call(changed, node.args, node.keywords)
    elif isinstance(node, ast.BinOp) and type(node.op) in OTHER_OPERATORS:
        yield "other of two", ast.BinOp(node.left, OTHER_OPERATORS[type(node.op)](), node.right)


def change_calls(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Two arguments swapped, one that has a name removed, or the call itself, where it only rewrites a value."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) in TYPING:
        return
    for place in range(len(node.args) - 1):
        one, other = node.args[place : place + 2]
        if not isinstance(one, ast.Starred) and not isinstance(other, ast.Starred):
            swapped = [*node.args[:place], other, one, *node.args[place + 2 :]]
            yield "swapped arguments", ast.Call(node.func, swapped, node.keywords)
    for place in range(len(node.keywords)):
        rest = [*node.keywords[:place], *node.keywords[place + 1 :]]
        yield "removed keyword", ast.Call(node.func, node.args, rest)
    if isinstance(node.func, ast.Name) and node.func.id in REWRITING and node.args:
        yield "removed call", node.args[0]
    elif isinstance(node.func, ast.Attribute) and node.func.attr in REWRITING:
        yield "removed call", node.func.value


def remove_rows(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Remove a row of a table: an entry of a dictionary, an element of a list, a tuple or a set."""
    if isinstance(node, ast.Dict):
        for place in range(len(node.keys)):
            keys, values = ([*all_of[:place], *all_of[place + 1 :]] for all_of in (node.keys, node.values))
            yield f"removed row: {_row(node.keys[place] or node.values[place])}", ast.Dict(keys, values)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and not isinstance(getattr(node, "ctx", None), ast.Store):
        for place, element in enumerate(node.elts):
            changed = copy.copy(node)
            changed.elts = [*node.elts[:place], *node.elts[place + 1 :]]
            # There is no empty set in braces.
            is_empty = isinstance(node, ast.Set) and not changed.elts
            yield f"removed row: {_row(element)}", ast.Call(ast.Name("set"), [], []) if is_empty else changed


def _row(node: ast.AST) -> str:
    text = first_line(node)
    return text if len(text) <= 80 else f"{text[:80]}..."


def empty_returns(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Return what is empty, of the type that the function says, or the opposite."""
    if not isinstance(node, ast.Return) or node.value is None or isinstance(node.value, ast.Constant):
        return
    said = getattr(node, "said", "").strip("'\"")
    if said == "bool":
        yield "emptied return", ast.Return(ast.UnaryOp(ast.Not(), node.value))
        return
    kind = said.partition("[")[0].rpartition(".")[2]
    changed = ast.parse(EMPTY.get(kind, "None"), mode="eval").body
    if ast.dump(changed) != ast.dump(node.value):
        yield "emptied return", ast.Return(changed)


def change_exceptions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Raise another exception, and do not handle one."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        yield "exception type", ast.Raise(ast.Call(ast.Name("ArithmeticError"), [], []), node.cause)
    # Of several, each is a row of a tuple.
    elif isinstance(node, ast.ExceptHandler) and node.type is not None and not isinstance(node.type, ast.Tuple):
        changed = copy.copy(node)
        changed.type = ast.Tuple([], ast.Load())
        yield "exception type", changed


def remove_conditions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Make conditions that always or never hold, or that lack a part."""
    if isinstance(node, (ast.If, ast.IfExp)):
        for value in (True, False):
            changed = copy.copy(node)
            changed.test = ast.Constant(value)
            yield "removed condition", changed
    elif isinstance(node, ast.BoolOp):
        for place in range(len(node.values)):
            rest = [*node.values[:place], *node.values[place + 1 :]]
            yield "removed condition", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.comprehension):
        for place in range(len(node.ifs)):
            changed_one = copy.copy(node)
            changed_one.ifs = [*node.ifs[:place], *node.ifs[place + 1 :]]
            yield "removed condition", changed_one


def remove_statements(node: ast.AST) -> Iterator[tuple[str, t.Optional[ast.AST]]]:
    """Remove statements whose absence leaves a program that runs."""
    is_call = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    is_stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    if is_call or is_stored or isinstance(node, (ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)):
        yield "removed statement", None


class _Replacing(ast.NodeTransformer):
    """Puts a node in the place of another."""

    def __init__(self, old: ast.AST, new: t.Optional[ast.AST]) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> t.Any:
        if node is not self._old:
            return self.generic_visit(node)
        return ast.Pass() if self._new is None and isinstance(node, ast.stmt) else self._new


def mutants_of(file: str, source: str) -> list[Mutant]:
    """All mutants of a file, in its order."""
    tree = ast.parse(source)
    found: list[Mutant] = []
    counted: dict[str, int] = {}
    for place, (function, node) in enumerate(sites(tree)):
        for operator, new in variants(node):
            name = f"{function}: {operator}{_change(operator, node, new)}"
            counted[name] = counted.get(name, 0) + 1
            identity = name if counted[name] == 1 else f"{name} #{counted[name]}"
            found.append(Mutant(file, line_of(node), identity, source, place, new))
    return found


def _change(operator: str, node: ast.AST, new: t.Optional[ast.AST]) -> str:
    """What was there and what is; a removed row says it already, and a table is long."""
    if operator.startswith("removed row"):
        return ""
    return f": {first_line(node)} -> {'nothing' if new is None else first_line(new)}"


def line_of(node: ast.AST) -> int:
    """The line where a node begins; a loop of a comprehension has none of its own."""
    return t.cast(int, getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 0))


def sites(tree: ast.AST) -> list[tuple[str, ast.AST]]:
    """All nodes that may be mutated, with the function they are in: no annotation, no documentation."""
    found: list[tuple[str, ast.AST]] = []

    def walk(node: ast.AST, function: str, said: str) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            function = f"{function}.{node.name}".lstrip(".")
            said = "" if isinstance(node, ast.ClassDef) or node.returns is None else ast.unparse(node.returns)
        if isinstance(node, ast.Return):
            node.said = said  # type: ignore[attr-defined]
        found.append((function, node))
        # A sentence with values in it is one site.
        if isinstance(node, ast.JoinedStr):
            return
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_params", "bases"):
                continue
            # What stands in brackets may be a type; the first argument of a cast is one.
            if name == "slice" and isinstance(value, ast.Tuple):
                continue
            if name == "args" and isinstance(node, ast.Call) and ast.unparse(node.func) in TYPING:
                value = value[1:]
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_nothing(child):
                    walk(child, function, said)

    walk(tree, "", "")
    return found


def _is_nothing(node: ast.AST) -> bool:
    """Whether nothing happens there: documentation, imports for types, exports."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    # Only "import *" and ansible-doc read them.
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in DOCUMENTATION:
        return True
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def first_line(node: ast.AST) -> str:
    """The code of a node in one line, an ``if`` without its body."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    return ast.unparse(node).partition("\n")[0]


OPERATORS: t.Final = (
    comparisons,
    booleans,
    constants,
    others_of_two,
    change_calls,
    remove_rows,
    empty_returns,
    change_exceptions,
    remove_conditions,
    remove_statements,
)
