"""Reading the texts of snippets for mistakes before a customer can: broken Liquid, names and filters that do not exist, objects
that would be printed.

0.5 ms a text, so 5,000 snippets in four languages take about ten seconds: not for the way to the first screen. This module
imports Liquid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType

from liquid.ast import Node as Tree
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.context import RenderContext
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.template import BoundTemplate

from agentdesk.locale import say
from agentdesk.snippets import formats
from agentdesk.snippets.filters import FILTERS, LIST_FILTERS
from agentdesk.snippets.model import Fault, Severity, Snippet
from agentdesk.snippets.names import NAMES, Leaf, Node
from agentdesk.snippets.template import CaptureNode, ForNode, OutputNode, environment, parse

_Kind = Node | Leaf


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in one text, at a place counted in its characters (-1: none can be told)."""

    index: int
    code: str
    severity: Severity
    message: str
    hint: str = ""


def check_snippets(snippets: Sequence[Snippet], faults: list[Fault]) -> list[Snippet]:
    """The snippets whose texts can be rendered, without the texts that can't; what was found is added to `faults`."""
    kept: list[Snippet] = []
    for snippet in snippets:
        broken: dict[str, set[str]] = {"text": set(), "subject": set()}
        used: set[str] = set()
        told: set[Fault] = set()
        for kind, texts in (("text", snippet.texts), ("subject", snippet.subjects)):
            for language, source in texts.items():
                for finding in check_text(source, snippet, used):
                    fault = _fault(snippet, kind, language, finding)
                    if fault not in told:  # one link of an article may stand for every language
                        told.add(fault)
                        faults.append(fault)
                    if finding.severity is Severity.ERROR and finding.code in _FATAL:
                        broken[kind].add(language)
        for ask in snippet.asks:
            if ask.name not in used and not any(broken.values()):
                message, hint = say("snippets.ask_unused", name=ask.name), say("snippets.ask_unused_hint", name=ask.name)
                faults.append(Fault(snippet.file, snippet.line, 1, snippet.full_name, "unused-ask", Severity.WARNING, message, hint))
        bad = broken["text"] | broken["subject"]  # a text without its subject is half a reply
        if bad:
            texts = MappingProxyType({lang: text for lang, text in snippet.texts.items() if lang not in bad})
            subjects = MappingProxyType({lang: text for lang, text in snippet.subjects.items() if lang not in bad})
            snippet = replace(snippet, texts=texts, subjects=subjects)  # noqa: PLW2901 - the mended one takes its place
        if snippet.texts or not bad:
            kept.append(snippet)
    return kept


_FATAL = frozenset({"broken-liquid", "unknown-tag", "unknown-filter", "bad-date-format"})


def _fault(snippet: Snippet, kind: str, language: str, finding: Finding) -> Fault:
    line, column = snippet.place(kind, language, finding.index)
    return Fault(snippet.file, line, column, snippet.full_name, finding.code, finding.severity, finding.message, finding.hint)


def check_text(source: str, snippet: Snippet, used_asks: set[str] | None = None) -> list[Finding]:
    """What is wrong in one text of a snippet; the names of the questions it uses are added to `used_asks`."""
    try:
        template = parse(source)
    except LiquidError as error:
        return [_broken(error)]
    checker = _Checker(snippet, template)
    findings = sorted(checker.findings(), key=lambda finding: finding.index)
    if used_asks is not None:
        used_asks |= checker.asks
    return findings


def _broken(error: LiquidError) -> Finding:
    token = error.token
    index = token.start_index if token is not None else -1
    tags = environment().tags
    if token is not None and str(error.message).startswith("unexpected tag") and token.value not in tags:
        bare = token.value.removeprefix("end")
        if bare not in tags and token.value not in {"else", "elsif", "when"}:
            known = [name for name in tags if name not in {"content", "output", "illegal", "#"}]
            hint = _near(token.value, sorted([*known, "else", "elsif", "when"]))
            return Finding(index, "unknown-tag", Severity.ERROR, say("snippets.unknown_tag", name=token.value), hint)
    return Finding(index, "broken-liquid", Severity.ERROR, say("snippets.broken_liquid", why=error.message), say("snippets.broken_hint"))


class _Checker:
    def __init__(self, snippet: Snippet, template: BoundTemplate) -> None:
        self._template = template
        self._static = RenderContext(template)
        self._roots: dict[str, _Kind] = {
            **NAMES,
            "policy": Node(dict.fromkeys(snippet.policy, Leaf.ANY)),
            "ask": Node({ask.name: Leaf.TEXT for ask in snippet.asks}),
        }
        self.asks: set[str] = set()

    def findings(self) -> Iterator[Finding]:
        assigned: dict[str, _Kind] = {}
        for node in self._template.nodes:
            yield from self._node(node, assigned, {})

    def _node(self, node: Tree, assigned: dict[str, _Kind], inner: Mapping[str, _Kind]) -> Iterator[Finding]:
        names = {**self._roots, **assigned, **inner}
        for expression in node.expressions():
            yield from self._expression(expression, names)
        if isinstance(node, OutputNode):
            yield from self._printed(node, names)
        if isinstance(node, AssignNode):
            assigned[node.name] = self._kind_of(node.expression, names)
        if isinstance(node, CaptureNode):
            assigned[node.name] = Leaf.TEXT
        if isinstance(node, ForNode):
            iterable = node.expression.iterable
            listed = self._kind_of(iterable, names)
            if listed is not Leaf.ANY and not (isinstance(listed, Node) and listed.is_list):
                message = say("snippets.not_a_list", name=iterable)
                hint = say("snippets.allowed", names="order.items, orders")
                yield Finding(iterable.token.start_index, "not-a-list", Severity.ERROR, message, hint)
            item: _Kind = Node(listed.fields) if isinstance(listed, Node) and listed.is_list else Leaf.ANY
            inner = {**inner, str(node.expression.identifier): item, "forloop": Leaf.ANY}
        for child in node.children(self._static):
            yield from self._node(child, assigned, inner)

    def _expression(self, expression: Expression, names: Mapping[str, _Kind]) -> Iterator[Finding]:
        if isinstance(expression, Path):
            found = self._resolve(expression, names)
            if isinstance(found, Finding):
                yield found
        if isinstance(expression, FilteredExpression):
            for one in expression.filters or ():
                yield from self._filter(one)
        for child in expression.children():
            yield from self._expression(child, names)

    def _filter(self, one: Filter) -> Iterator[Finding]:
        if one.name not in FILTERS:
            hint = _near(one.name, sorted(FILTERS))
            yield Finding(one.token.start_index, "unknown-filter", Severity.ERROR, say("snippets.unknown_filter", name=one.name), hint)
            return
        literal = one.args[0].value if one.args else None
        if not isinstance(literal, StringLiteral):
            return
        if one.name == "default" and not literal.value.strip():
            yield Finding(
                one.token.start_index, "empty-default", Severity.WARNING, say("snippets.empty_default"), say("snippets.empty_default_hint")
            )
        if one.name == "date":
            try:
                formats.check_form(literal.value)
            except formats.BadFormatError as error:
                yield Finding(
                    one.token.start_index, "bad-date-format", Severity.ERROR, say("snippets.bad_date_format", form=error),
                    say("snippets.allowed", names=", ".join(formats.DATE_FORMATS) + ", %d %B %Y ..."),
                )  # fmt: skip

    def _printed(self, node: OutputNode, names: Mapping[str, _Kind]) -> Iterator[Finding]:
        expression = node.expression
        if not isinstance(expression, FilteredExpression):
            return
        first = next((one.name for one in expression.filters or () if one.name != "default"), None)
        if first in LIST_FILTERS:
            return
        kind = self._kind_of(expression.left, names)
        index = expression.left.token.start_index
        if isinstance(kind, Node):
            fields = ", ".join(kind.fields)
            hint = say("snippets.list_hint") if kind.is_list else say("snippets.object_hint", names=fields)
            yield Finding(index, "prints-object", Severity.ERROR, say("snippets.prints_object", name=node.label), hint)
        elif kind is Leaf.YES_NO and first is None:
            yield Finding(index, "prints-object", Severity.ERROR, say("snippets.prints_yes_no", name=node.label), say("snippets.yes_no_hint"))

    def _kind_of(self, expression: Expression, names: Mapping[str, _Kind]) -> _Kind:
        if isinstance(expression, FilteredExpression):
            if any(one.name not in {"default", "where", "reject", "sort", "reverse"} for one in expression.filters or ()):
                return Leaf.ANY
            expression = expression.left
        if isinstance(expression, Path):
            found = self._resolve(expression, names)
            return Leaf.ANY if isinstance(found, Finding) else found
        return Leaf.ANY

    def _resolve(self, path: Path, names: Mapping[str, _Kind]) -> _Kind | Finding:
        """What a name is, or that there is no such name."""
        root = path.path[0]
        if not isinstance(root, str):
            return Leaf.ANY
        if root not in names:
            return self._unknown(path, root, [*names])
        kind: _Kind = names[root]
        said = root
        if root == "ask" and len(path.path) > 1:
            self.asks.add(str(path.path[1]))
        for segment in path.path[1:]:
            if kind is Leaf.ANY:
                return kind
            if isinstance(kind, Leaf):
                if segment == "size" and kind is Leaf.TEXT:
                    kind = Leaf.NUMBER
                    continue
                return self._unknown(path, f"{said}.{segment}", [said])
            if kind.is_list:
                if segment == "size":
                    kind = Leaf.NUMBER
                elif isinstance(segment, (int, Path)) or segment in {"first", "last"}:
                    kind = Node(kind.fields)
                else:
                    return self._unknown(path, f"{said}.{segment}", [f"{said}[0].{segment}"] if segment in kind.fields else [said])
            elif isinstance(segment, str) and segment in kind.fields:
                kind = kind.fields[segment]
            else:
                return self._unknown(path, f"{said}.{segment}", [f"{said}.{name}" for name in kind.fields])
            said += f"[{segment}]" if not isinstance(segment, str) else f".{segment}"
        return kind

    @staticmethod
    def _unknown(path: Path, name: str, known: Sequence[str]) -> Finding:
        message = say("snippets.unknown_variable", name=name)
        return Finding(path.token.start_index, "unknown-variable", Severity.ERROR, message, _near(name, known))


def _near(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return say("snippets.meant", name=near[0])
    return say("snippets.allowed", names=", ".join(known)) if known else ""
