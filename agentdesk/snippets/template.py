"""The template engine of replies: Liquid, made so that nothing empty, raw or foreign gets into a text.

What differs from Liquid as it comes:
- a value is there or it is not: None, "", blanks and empty lists are no value. Printing one leaves `⟨name⟩` and is recorded, a
  loop over one without an `else` likewise; in conditions it is false;
- what is printed must be a text, a number or a date; an object, a list or a yes/no is refused like a missing value;
- where each value stands in the text is recorded while it is written, so nothing in a value can pass for it;
- tags and filters are a short list, and loops, size, nesting and time are limited;
- there is no clock in it: `now` is what the context says.

This module imports Liquid (69-188 ms); import it only when something is rendered or checked.
"""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, TextIO

from liquid import Environment
from liquid.ast import Node
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.expressions.primitive import Blank, Empty
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    for_tag,
    if_tag,
    inline_comment_tag,
    unless_tag,
)
from liquid.context import RenderContext
from liquid.exceptions import FilterArgumentError, LiquidError, LiquidSyntaxError, ResourceLimitError
from liquid.expression import Expression
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.template import BoundTemplate
from liquid.token import TOKEN_CONTENT, TOKEN_TAG, Token
from liquid.undefined import UNDEFINED, FalsyStrictUndefined
from liquid.utils import ReadOnlyChainMap

from agentdesk.locale import say
from agentdesk.snippets import formats
from agentdesk.snippets.filters import FILTERS, MAX_NUMBER, MAX_TEXT, check_range, is_no_value
from agentdesk.snippets.recorder import Piece, Recorder

SECONDS = 2.0
"""One text may take this long, the first import of Babel included; an honest one takes 0.1 ms."""

_ABSENT = object()
_MARKS = ("{{", "}}", "{%", "%}")


class NoValue(FalsyStrictUndefined):
    """A name that has no value. It may stand in conditions; anything else asked of it is an error."""

    __slots__ = ("names",)
    allowed_properties = FalsyStrictUndefined.allowed_properties | {"names"}

    def __init__(self, names: str | tuple[str, ...], **_: Any) -> None:
        self.names: tuple[str, ...] = (names,) if isinstance(names, str) else names
        super().__init__(self.names[0] if self.names else "", token=None)


class ReplyContext(RenderContext):
    """The values of one reply, and how its customer writes dates and money."""

    __slots__ = ("_deadline", "currency", "language", "now")

    def __init__(self, template: BoundTemplate, *, globals: Mapping[str, object] | None = None, **kwargs: Any) -> None:  # noqa: A002 - Liquid's name
        super().__init__(template, globals=globals, **kwargs)
        # Without Liquid's own `now` and `today`, which read the machine's clock in the machine's zone.
        self.scope = ReadOnlyChainMap(self.locals, self.globals)
        self.language = "en"
        self.currency = ""
        self.now: datetime | None = None
        self._deadline = clock.monotonic() + SECONDS

    def in_time(self) -> None:
        if clock.monotonic() > self._deadline:
            raise ResourceLimitError(say("snippets.too_slow"), token=None)

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        if default is not UNDEFINED:
            return super().get(path, token=token, default=default)
        value = super().get(path, token=token, default=_ABSENT)
        if value is _ABSENT or is_no_value(value):
            names = value.names if isinstance(value, NoValue) else ()
            return NoValue(names or self._said(path))
        return value

    def get_item(self, obj: Any, key: Any) -> Any:
        # Liquid gives every object a `size`, a `first` and a `last`: "0" where a question named `size` has no answer yet.
        if isinstance(obj, Mapping):
            return obj[key]
        return super().get_item(obj, key)

    def _said(self, path: list[object]) -> str:
        """A name as the agent knows it: `order.items[1].price`, whatever the loop calls its variable."""
        root = str(path[0])
        for loop in reversed(self.loops):
            variable, _, iterable = str(loop.name).partition("-")
            if variable == root and isinstance(loop, for_tag.ForLoop):
                root = f"{iterable}[{loop.index0}]"
                break
        return _dotted([root, *path[1:]])

    def get_buffer(self, buf: TextIO | None = None) -> Recorder:
        return Recorder(buf.room if isinstance(buf, Recorder) else MAX_TEXT)

    def nothing(self, name: str) -> NoValue:
        return NoValue(name)

    def unfilled(self, value: object) -> NoValue | None:
        """The value if it is none, or a captured text with gaps in it; None where there is something."""
        if isinstance(value, NoValue):
            return value
        if isinstance(value, Piece) and value.gaps:
            return NoValue(tuple(dict.fromkeys(gap.name for gap in value.gaps)))
        return None

    def spoken(self, value: object, where: str = "") -> str:
        """A value as the customer reads it, without any filter of its own.

        Raises:
            FilterArgumentError: it is an object, a list or a yes/no.
        """
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
            if number.is_finite() and abs(number) < MAX_NUMBER:
                return formats.number(number, self.language)
        if isinstance(value, (date, datetime)):
            return formats.day(value, "long", self.language, self.now)
        if isinstance(value, time):
            return formats.clock(value, self.language)
        raise FilterArgumentError(say("snippets.not_a_text", filter=where), token=None)


class ReplyTemplate(BoundTemplate):
    context_class = ReplyContext

    def make_partial_namespace(self, partial: bool, render_args: Mapping[str, object]) -> Mapping[str, object]:  # noqa: ARG002 - Liquid's shape
        return render_args  # and no variable `partial`


class OutputNode(output.OutputNode):
    """`{{ ... }}`: a value with its place, or a gap with its name."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, ReplyContext)
        assert isinstance(buffer, Recorder)
        context.in_time()
        value = self.expression.evaluate(context)
        if isinstance(value, NoValue):
            return buffer.gap(value.names or [self.label])
        if isinstance(value, Piece):
            return buffer.piece(value) if not is_no_value(value) else buffer.gap([self.label])
        if is_no_value(value):
            return buffer.write(" ") if self.is_literal and value else buffer.gap([self.label])
        try:
            text = context.spoken(value)
        except FilterArgumentError:
            return buffer.gap([self.label], printable=False)
        return buffer.write(text) if self.is_literal else buffer.value(text)

    @property
    def label(self) -> str:
        expression = self.expression
        return str(expression.left if isinstance(expression, FilteredExpression) else expression)

    @property
    def is_literal(self) -> bool:
        return not any(isinstance(expression, Path) for expression in _within(self.expression))


class Output(output.Output):
    node_class = OutputNode


class Content(content.Literal):
    """Text between the tags. Liquid lets a tag that is not closed pass as text; a customer would read it."""

    def parse(self, stream: TokenStream) -> content.ContentNode:
        token = stream.expect(TOKEN_CONTENT)
        for mark in _MARKS:
            at = token.value.find(mark)
            if at >= 0:
                raise LiquidSyntaxError(
                    say("snippets.stray_mark", mark=mark),
                    token=Token(token.kind, mark, token.start_index + at, token.source),
                )
        return super().parse(stream)


class ForNode(for_tag.ForNode):
    """`for`: over nothing and without an `else` it leaves a gap, because the sentence around it waits for something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.blank = self.blank and self.default is not None

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, ReplyContext)
        context.in_time()
        items = self.expression.iterable.evaluate(context)
        check_range(items, "for")  # Liquid walks through all of a reversed one before it counts
        unfilled = context.unfilled(items)
        if isinstance(items, Mapping) and unfilled is None:
            assert isinstance(buffer, Recorder)
            return buffer.gap([str(self.expression.iterable)], printable=False)
        if unfilled is None and not is_no_value(items):
            written = super().render_to_output(context, buffer)
            return int(written)
        if self.default is not None:
            return int(self.default.render(context, buffer))
        assert isinstance(buffer, Recorder)
        return buffer.gap(unfilled.names if unfilled is not None else [str(self.expression.iterable)])


class For(for_tag.ForTag):
    node_class = ForNode


class CaptureNode(capture_tag.CaptureNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        recorder = context.get_buffer(buffer)
        assert isinstance(recorder, Recorder)
        self.block.render(context, recorder)
        context.assign(self.name, recorder.taken())
        return 0


class Capture(capture_tag.CaptureTag):
    node_class = CaptureNode


class CursorNode(Node):
    """`{% cursor %}`: where the agent goes on writing. It says nothing."""

    def __init__(self, token: Token) -> None:
        super().__init__(token)
        self.blank = False

    def __str__(self) -> str:
        return "{% cursor %}"

    def render_to_output(self, _: RenderContext, buffer: TextIO) -> int:
        assert isinstance(buffer, Recorder)
        buffer.stop_here()
        return 0


class Cursor(Tag):
    name = "cursor"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        return CursorNode(stream.expect(TOKEN_TAG))


class _Nothing(Expression):
    """What `blank`, `empty` and `""` mean in a comparison: no value, so that `{% if x != blank %}` works as people write it."""

    __slots__ = ()

    def evaluate(self, _: RenderContext) -> NoValue:
        return NoValue(())

    async def evaluate_async(self, _: RenderContext) -> NoValue:
        return NoValue(())

    def children(self) -> list[Expression]:
        return []


class ReplyEnvironment(Environment):
    template_class = ReplyTemplate
    context_depth_limit = 20
    block_nesting_limit = 20
    loop_iteration_limit = 1_000
    local_namespace_limit = 4 * MAX_TEXT
    output_stream_limit = MAX_TEXT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002 - Liquid's shape
        for tag in (
            Content, Output, illegal.Illegal, if_tag.IfTag, unless_tag.UnlessTag, case_tag.CaseTag, For, for_tag.BreakTag,
            for_tag.ContinueTag, assign_tag.AssignTag, Capture, comment_tag.CommentTag, inline_comment_tag.InlineCommentTag, Cursor,
        ):  # fmt: skip
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, function)


@lru_cache(maxsize=1)
def environment() -> ReplyEnvironment:
    return ReplyEnvironment(undefined=NoValue)


@lru_cache(maxsize=256)
def parse(source: str) -> BoundTemplate:
    """A text, read (0.5 ms; then cached).

    Raises:
        LiquidError: it is not Liquid as we take it.
    """
    if "raw" in source and (at := _raw_tag(source)) is not None:
        raise LiquidSyntaxError(say("snippets.no_raw"), token=Token("TAG", "raw", at, source))
    try:
        template = environment().from_string(source)
    except RecursionError as error:
        raise LiquidError(say("snippets.too_deep"), token=None) from error
    for node in nodes(template):
        for expression in node.expressions():
            _compare_with_nothing(expression)
    return template


def _raw_tag(source: str) -> int | None:
    """Where a `raw` tag stands: it exists to print braces, and braces must never be printed."""
    at = source.find("{%")
    while at >= 0:
        if source[at + 2 :].lstrip("- \t\r\n").startswith("raw"):
            return at
        at = source.find("{%", at + 2)
    return None


def nodes(template: BoundTemplate) -> Iterator[Node]:
    """Every node of a text, from the top down."""
    context = RenderContext(template)

    def walk(node: Node) -> Iterator[Node]:
        yield node
        for child in node.children(context):
            yield from walk(child)

    for node in template.nodes:
        yield from walk(node)


def _within(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children():
        yield from _within(child)


def _compare_with_nothing(expression: Expression) -> None:
    for part in _within(expression):
        if not isinstance(part, (EqExpression, NeExpression)):
            continue
        for side in ("left", "right"):
            literal = getattr(part, side)
            if isinstance(literal, (Blank, Empty)) or (isinstance(literal, StringLiteral) and not literal.value.strip()):
                setattr(part, side, _Nothing(literal.token))


def _dotted(path: list[object]) -> str:
    """`order.items[0].name`, as it is written in a text."""
    text = ""
    for segment in path:
        if isinstance(segment, NoValue):
            text += f"[{segment.names[0] if segment.names else ''}]"
        elif isinstance(segment, int):
            text += f"[{segment}]"
        else:
            text += f".{segment}" if text else str(segment)
    return text
