"""The queue: which conversations a view or a search shows, and in which order.

The search language (`domain.query`) becomes SQL here. Values are always bound; full-text words are quoted for FTS5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agentdesk.domain import query as q
from agentdesk.domain.about import number_key
from agentdesk.store.database import millis

EFFECTIVE_STATUS = "CASE WHEN c.status = 'snoozed' AND c.snoozed_until <= :now THEN 'open' ELSE c.status END"

ORDERS = {
    # What breaks its promise first; what nobody waits for comes last, newest first.
    # `domain.promise.queue_key` in SQL, with what machines wrote after what people did.
    "due": "c.automatic, CASE WHEN c.waiting_since = 0 THEN 2 WHEN c.due_at = 0 THEN 1 ELSE 0 END,"
    " CASE WHEN c.waiting_since = 0 THEN 0 WHEN c.due_at = 0 THEN c.waiting_since ELSE c.due_at END,"
    " CASE c.priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END, c.last_at DESC, c.row",
    "newest": "c.last_at DESC, c.row DESC",
    "oldest": "c.last_at, c.row",
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and when: `me`, `late` and days depend on it."""

    agent: str
    now: datetime
    zone: ZoneInfo


class _Compiler:
    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.values: dict[str, object] = {"now": millis(asker.now), "me": asker.agent}
        self.match: list[str] = []
        self.asks_spam = False

    def bind(self, value: object) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def like(self, value: str) -> str:
        escaped = value.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"{self.bind(f'%{escaped}%')} ESCAPE '\\'"

    def term(self, term: q.Term) -> str:
        match term:
            case q.Word(text, prefix, negated):
                return self._text(text, prefix=prefix, negated=negated)
            case q.Phrase(text, negated):
                return self._text(text, negated=negated)
            case q.Field(name, values, negated):
                return _negate(" OR ".join(self.field(name, value) for value in values), negated=negated)
            case q.Is(states, negated):
                if "spam" in states:
                    self.asks_spam = True
                return _negate(" OR ".join(self.state(state) for state in states), negated=negated)
            case q.Has(things, negated):
                return _negate(" OR ".join(self.thing(thing) for thing in things), negated=negated)
            case q.When():
                bound = self.bind(millis(term.moment(self.asker.now, self.asker.zone)))
                return _negate(f"c.last_at {'<' if term.side == 'before' else '>='} {bound}", negated=term.negated)

    def _text(self, text: str, *, prefix: bool = False, negated: bool) -> str:
        if not any(map(str.isalnum, text)):
            return ""  # no word in it, as the index counts words: it narrows nothing
        expression = _quoted(text) + ("*" if prefix else "")
        if not negated:
            self.match.append(expression)
            return ""
        return f"NOT ({self.matching(expression)})"

    def matching(self, expression: str) -> str:
        return (
            "c.row IN (SELECT m.conversation FROM message m WHERE m.row IN"
            f" (SELECT rowid FROM search WHERE search MATCH {self.bind(expression)}))"
        )

    def field(self, name: str, value: str) -> str:
        if name in ("from", "to"):
            direction, columns = ("in", "folded(m.from_name || ' ' || m.from_address)") if name == "from" else (
                "", "folded(m.to_list || ' ' || m.cc_list)",
            )
            side = f"m.direction = '{direction}' AND " if direction else ""
            return f"EXISTS (SELECT 1 FROM message m WHERE m.conversation = c.row AND {side}{columns} LIKE {self.like(value)})"
        if name == "subject":
            return f"folded(c.subject) LIKE {self.like(value)}"
        if name == "tag":
            return f"EXISTS (SELECT 1 FROM tag t WHERE t.conversation = c.row AND folded(t.tag) = {self.bind(value.casefold())})"
        if name == "order":
            number = self.bind(number_key(value))
            return f"(c.order_number = {number} OR instr(' ' || c.order_mentioned || ' ', ' ' || {number} || ' '))"
        if name == "assignee":
            if value.lower() == "me":
                return "c.assignee = :me"
            if value.lower() == "none":
                return "c.assignee = ''"
            return f"folded(c.assignee) LIKE {self.like(value)}"
        if name == "channel":
            return f"folded(c.channel) = {self.bind(value.casefold())}"
        if name == "status":
            return f"{EFFECTIVE_STATUS} = {self.bind(value.lower())}"
        return f"c.priority = {self.bind(value.lower())}"

    def state(self, state: str) -> str:
        fixed = {
            "late": "(c.due_at > 0 AND c.due_at <= :now AND c.waiting_since > 0)",
            "mine": "c.assignee = :me",
            "unassigned": "c.assignee = ''",
            "unread": "c.unread > 0",
            "spam": "c.spam",
            "chat": "c.kind != 'imap'",
            "mail": "c.kind = 'imap'",
            "draft": self.thing("draft"),
        }
        if state in fixed:
            return fixed[state]
        # The stored status first, as the index has it: what is open is found among much more that is closed
        stored = "('open', 'snoozed')" if state == "open" else f"('{state}')"
        return f"(c.status IN {stored} AND {EFFECTIVE_STATUS} = '{state}')"

    @staticmethod
    def thing(thing: str) -> str:
        return {
            "attachment": "EXISTS (SELECT 1 FROM message m JOIN attachment a ON a.message = m.row WHERE m.conversation = c.row AND NOT a.inline)",
            "note": "EXISTS (SELECT 1 FROM event e WHERE e.conversation = c.row AND e.kind = 'note')",
            "draft": "EXISTS (SELECT 1 FROM draft d WHERE d.conversation = c.row)",
        }[thing]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _negate(condition: str, *, negated: bool) -> str:
    return f"NOT ({condition})" if negated else f"({condition})"


def compile_query(view: q.Query, typed: q.Query, sort: str, asker: Asker) -> tuple[str, dict[str, object]]:
    """SQL giving the rows of conversations that both queries hold for, in order."""
    compiler = _Compiler(asker)
    conditions = [condition for term in (*view.terms, *typed.terms) if (condition := compiler.term(term))]
    if compiler.match:
        conditions.append(compiler.matching(" AND ".join(compiler.match)))
    if not compiler.asks_spam:
        conditions.append("NOT c.spam")
    where = " AND ".join(["c.merged_into = 0", *conditions])
    return f"SELECT c.row FROM conversation c WHERE {where} ORDER BY {ORDERS[sort]}", compiler.values


