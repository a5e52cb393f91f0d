"""Cuts the declaration of a piece out of its module: the code shown is the code that ran."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename

DEMO = Path(__file__).parent.parent
_WIDTH = 80
# Comments for tools, which a reader of the page does not need.
_REMARK = re.compile(r"  # (noqa|type: ignore)\b.*")


@dataclass(frozen=True)
class Code:
    """A piece of source, as a page shows it.

    Args:
        name: its file, below the folder of the demo.
        text: the source itself.
    """

    name: str
    text: str

    @cached_property
    def html(self) -> SafeString:
        """The source in colours, by CSS classes: a strict policy refuses inline styles."""
        lexer = get_lexer_for_filename(self.name.replace(".html", ".html.jinja2"))
        html = highlight(self.text, lexer, HtmlFormatter(nowrap=True, classprefix="code-"))
        return mark_safe(html)  # Pygments has escaped it.


@cache
def read_file(name: str) -> Code:
    """Return a file below the folder of the demo."""
    return Code(name, (DEMO / name).read_text())


@cache
def read_definition(file: str, name: str) -> Code:
    """Return the definition of a name in a file; see ``Module.take``."""
    return Code(file, Module(read_file(file).text).take(name))


@cache
def read_class(kind: type, members: frozenset[str], heading: str = "") -> Code:
    """Return members of a class; see ``Module.cut``."""
    path = Path(inspect.getfile(kind))
    text = Module(path.read_text()).cut(kind.__name__, members, heading)
    return Code(str(path.relative_to(DEMO)), text)


class Module:
    """The source of a module.

    Args:
        source: the source.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = source.splitlines()
        self._tree = ast.parse(source)

    @cached_property
    def _definitions(self) -> Mapping[str, ast.stmt]:
        return {name: node for node in self._tree.body for name in _names_of(node)}

    def cut(self, name: str, members: frozenset[str], heading: str = "") -> str:
        """Return members of a class, after the imports and definitions that they use.

        Args:
            name: the class's.
            members: the members' names.
            heading: of an ``Example`` in its ``Layout``, whose layout objects are shown, too.
        """
        kind = self._definitions[name]
        assert isinstance(kind, ast.ClassDef)
        chosen = [node for node in kind.body if set(_names_of(node)) & members]
        laid_out = _laid_out(kind, heading)
        nodes = [*chosen, *laid_out, *kind.bases, *kind.decorator_list]
        needed = self._needed(nodes, name)
        names = _names_in([*nodes, *needed]) | ({"ComponentLayout"} if laid_out else set())
        lines = [
            *self._imports(names),
            *self._above(needed),
            *("", "", *self._head_of(kind), *self._members(chosen)),
            *self._layout(laid_out),
        ]
        return "\n".join(_REMARK.sub("", line) for line in lines) + "\n"

    def take(self, name: str) -> str:
        """Return the definition of a name, after the imports that it uses."""
        node = self._definitions[name]
        imports = [*self._imports(_names_in([node]))]
        return "\n".join([*imports, *(["", ""] if imports else []), *self._lines_of(node)]) + "\n"

    def _needed(self, nodes: Sequence[ast.AST], without: str) -> list[ast.stmt]:
        """Return all definitions that nodes use, directly or not, in source order."""
        needed: dict[int, ast.stmt] = {}
        names = _names_in(nodes)
        while names:
            name = names.pop()
            node = self._definitions.get(name)
            if node and name != without and node.lineno not in needed:
                needed[node.lineno] = node
                names |= _names_in([node])
        return [needed[line] for line in sorted(needed)]

    def _imports(self, names: set[str]) -> Iterator[str]:
        for node in self._tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                used = [each for each in node.names if (each.asname or each.name) in names]
                if used:
                    yield from _import(node, used)

    def _lines_of(self, node: ast.stmt | ast.expr) -> list[str]:
        """Return the lines of a node, with its decorators and the comment right above it."""
        decorators: Sequence[ast.expr] = getattr(node, "decorator_list", [])
        start = min(each.lineno for each in (node, *decorators)) - 1
        while start and self._lines[start - 1].lstrip().startswith("#"):
            start -= 1
        return self._lines[start : node.end_lineno]

    def _above(self, nodes: Iterable[ast.stmt]) -> Iterator[str]:
        """Join lines like a formatter: two blank lines around definitions, none among constants."""
        was_constant = False
        for node in nodes:
            is_constant = isinstance(node, ast.Assign)
            if not (was_constant and is_constant):
                yield from ("", "")
            yield from self._lines_of(node)
            was_constant = is_constant

    def _head_of(self, kind: ast.ClassDef) -> list[str]:
        lines, below = self._lines_of(kind), (kind.end_lineno or 0) - kind.lineno
        return lines[: len(lines) - below]

    def _members(self, nodes: Iterable[ast.stmt]) -> Iterator[str]:
        for index, node in enumerate(nodes):
            if index and isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield ""
            yield from self._lines_of(node)

    def _layout(self, nodes: Sequence[ast.expr]) -> Iterator[str]:
        if not nodes:
            return
        yield from ("", "    class Layout(Dashboard.Layout):")
        yield "        components = ComponentLayout("
        for node in nodes:
            first = self._lines[node.lineno - 1]
            before = len(first) - len(first.lstrip())
            begin, *rest = (ast.get_source_segment(self._source, node) or "").splitlines()
            *above, last = (begin, *(line[before:] for line in rest))
            yield from (f"{' ' * 12}{line}" for line in (*above, f"{last},"))
        yield "        )"


def _names_of(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    walked = (each for node in nodes for each in ast.walk(node))
    return {each.id for each in walked if isinstance(each, ast.Name)}


def _import(node: ast.Import | ast.ImportFrom, names: Sequence[ast.alias]) -> Iterator[str]:
    """Return an import of some of the names that a statement imports."""
    line = ast.unparse(type(node)(**{**vars(node), "names": names}))
    if len(line) <= _WIDTH:
        yield line
    else:
        head, _, tail = line.partition(" import ")
        yield f"{head} import ("
        yield from (f"    {name}," for name in tail.split(", "))
        yield ")"


def _laid_out(kind: ast.ClassDef, heading: str) -> Sequence[ast.expr]:
    """Return the arguments of the example with a heading, or nothing if they are only keys."""
    for call in ast.walk(kind):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Example":
            first, *rest = call.args
            if isinstance(first, ast.Constant) and first.value == heading:
                return rest if any(isinstance(each, ast.Call) for each in rest) else []
    return []
