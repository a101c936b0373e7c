"""Small faults in a source file, one at a time: what mutmut would change, and what goes wrong with tensors besides."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Div,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd, ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And, ast.USub: ast.UAdd,
}  # fmt: skip
PAIRS = (  # names that stand for each other's opposite
    ("amax", "amin"), ("max", "min"), ("maximum", "minimum"), ("argmax", "argmin"), ("any", "all"),
    ("floor", "ceil"), ("zeros", "ones"), ("zeros_like", "ones_like"), ("sum", "mean"), ("deepcopy", "copy"),
)  # fmt: skip
NAMES = {name: other for one, two in PAIRS for name, other in ((one, two), (two, one))}
SILENT = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)  # messages, and what cannot happen
ONLY_READ = {"annotation", "returns", "decorator_list", "type_params"}


@attrs.frozen(eq=False)
class Mutant:
    """A fault that stands in `tree` as long as this mutant is the present one.

    Attributes:
        key: what was changed, the same in every version of the file in which it can be.
        line: where.
        function: the function or method around it; empty at the level of a module or a class.
        inside: whether it is in the function's body, so that its code alone is another.
        tree: the whole file, with the fault.
    """

    key: str
    line: int
    function: str
    inside: bool
    tree: ast.Module


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in its order. The tree is mended before the next one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    for parent, field, index, scope, inside in list(_places(tree, "", False)):
        node = _at(parent, field, index)
        for new in replacements(node):
            ast.fix_missing_locations(ast.copy_location(new, node))
            text = f"{scope or 'module'}: {_text(node)} -> {_text(new)}"
            seen[text] += 1
            key = text if seen[text] == 1 else f"{text} #{seen[text]}"
            _put(parent, field, index, new)
            yield Mutant(key, node.lineno, scope, inside, tree)
            _put(parent, field, index, node)


def _text(node: ast.AST) -> str:
    lines = ast.unparse(node).splitlines()
    return " ".join(line.strip() for line in lines)[:110]


def _at(parent: ast.AST, field: str, index: int) -> ast.AST:
    value = getattr(parent, field)
    return value[index] if index >= 0 else value


def _put(parent: ast.AST, field: str, index: int, node: ast.AST) -> None:
    if index >= 0:
        getattr(parent, field)[index] = node
    else:
        setattr(parent, field, node)


def _places(node: ast.AST, scope: str, inside: bool) -> Iterator[tuple[ast.AST, str, int, str, bool]]:
    """Where a node can be replaced, with the function around it and whether it is in its body."""
    for field, value in ast.iter_fields(node):
        if field in ONLY_READ:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(-1, value)]:
            if not isinstance(child, ast.AST) or isinstance(child, SILENT) or _for_types_alone(child, scope):
                continue
            body = inside or (isinstance(node, ast.FunctionDef) and field == "body")
            if isinstance(child, ast.expr | ast.stmt):
                yield node, field, index, scope, body
            named = isinstance(child, ast.FunctionDef | ast.ClassDef) and not body
            yield from _places(child, f"{scope}.{child.name}".lstrip(".") if named else scope, body)


def _for_types_alone(node: ast.AST, scope: str) -> bool:
    """Whether a statement is there for a type checker."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in {"cast", "TypeVar"}
    if isinstance(node, ast.Assign) and not scope:  # an alias is written like a class, a constant in capitals
        name = ast.unparse(node.targets[0])
        return name == "__all__" or not name.isupper()
    return False


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
    yield from _of_operations(node)
    yield from _of_names_and_calls(node)
    yield from _of_statements(node)


def _of_operations(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp():
            yield from _with(node, op=SWAPPED[type(node.op)]())
        case ast.Compare():
            for i, operator in enumerate(node.ops):
                yield from _with(node, ops=[*node.ops[:i], SWAPPED[type(operator)](), *node.ops[i + 1 :]])
        case ast.UnaryOp():
            yield node.operand
        case ast.Lambda():
            yield from _with(node, body=ast.Constant(None))
        case ast.IfExp():
            yield from (node.body, node.orelse)


def _of_names_and_calls(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield from _with(node, attr=NAMES[node.attr])
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield from _with(node, id=NAMES[node.id])
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
            yield node.func.value
        handed = [*node.args, *node.keywords]
        for part in handed:
            given = part.value if isinstance(part, ast.keyword) else part
            if (
                not isinstance(given, ast.Starred)
                and not _is_none(given)
                and not _is_text(given)
                and not _unpacked(part)
            ):
                yield from _changed_argument(node, part, [_none_for(part)])
        for part in handed if len(handed) > 1 else ():
            yield from _changed_argument(node, part, [])


def _of_statements(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, ast.Match):
        for i in range(len(node.cases) if len(node.cases) > 1 else 0):
            yield from _with(node, cases=[*node.cases[:i], *node.cases[i + 1 :]])
    elif isinstance(node, ast.AugAssign):
        target = copy.deepcopy(node.target)
        yield ast.Assign([target], node.value)
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and not _is_text(node.value):
        yield from _with(node, value=ast.Constant("" if _is_none(node.value) else None))
    elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        yield ast.Pass()


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _unpacked(part: ast.AST) -> bool:
    return isinstance(part, ast.keyword) and part.arg is None


def _none_for(part: ast.AST) -> ast.AST:
    return ast.keyword(part.arg, ast.Constant(None)) if isinstance(part, ast.keyword) else ast.Constant(None)


def _changed_argument(node: ast.Call, part: ast.AST, new: list[ast.AST]) -> Iterator[ast.AST]:
    """The call with something else, or nothing, in the place of one argument."""
    args = [x for arg in node.args for x in (new if arg is part else [arg])]
    keywords = [x for keyword in node.keywords for x in (new if keyword is part else [keyword])]
    yield from _with(node, args=args, keywords=keywords)


def _with(node: ast.AST, **changed: object) -> Iterator[ast.AST]:
    """A copy of a node, not of what it holds, with some fields changed."""
    twin = copy.copy(node)
    for name, value in changed.items():
        setattr(twin, name, value)
    yield twin
