"""Answers: the snippet for this conversation, found and filled with its order's data.

Snippets, search and the template engine are loaded at the first use, not at start: they cost more than the first paint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentdesk.config import DeskConfig
from agentdesk.desk import insertions
from agentdesk.desk.facts import Draft, Panel, Row
from agentdesk.desk.queue import Queue
from agentdesk.desk.reading import Reading
from agentdesk.domain import language as languages
from agentdesk.domain.calendar import OpeningHours
from agentdesk.domain.customer import Customer
from agentdesk.domain.message import Direction
from agentdesk.errors import NotFound
from agentdesk.locale import say
from agentdesk.store.database import Database

if TYPE_CHECKING:
    from agentdesk.snippets.model import Library, Snippet
    from agentdesk.snippets.render import Filled
    from agentdesk.snippets.search import Hit, Searcher

MOST_WORDS = 4000


class Answers:
    """Canned replies for the conversations of one desk."""

    def __init__(self, config: DeskConfig, database: Database, reading: Reading, queue: Queue, hours: OpeningHours) -> None:
        self._config, self._db, self._reading, self._queue, self._hours = config, database, reading, queue, hours
        self._library: Library | None = None
        self._installed: dict[str, str] = {}
        self._searcher: Searcher | None = None
        self._macros: Searcher | None = None
        self._articles: Searcher | None = None

    @property
    def library(self) -> Library:
        """The desk's packs; what is wrong in them is in `faults`."""
        if self._library is None:
            from agentdesk.snippets.pack import load_packs  # noqa: PLC0415 - not at start

            self._installed = {str(source.path): source.installed for source in self._config.pack_sources if source.kind == "git"}
            self._library = load_packs(self._config.packs_here)
        return self._library

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(str(fault) for fault in self.library.faults)

    def reload(self) -> None:
        """Read the packs again."""
        self._library = self._searcher = self._macros = self._articles = None

    def prepare(self) -> None:
        """Load everything the picker needs; called in an idle moment after the first paint."""
        import agentdesk.snippets.filters  # noqa: PLC0415 - likewise
        import agentdesk.snippets.template  # noqa: F401, PLC0415 - loading is the purpose

        self._search().prepare()

    def _search(self) -> Searcher:
        if self._searcher is None:
            from agentdesk.snippets.search import Searcher  # noqa: PLC0415 - not at start

            self._searcher = Searcher(self.library)
        return self._searcher

    def search(self, query: str, row: int = 0, limit: int = 20) -> list[Hit]:
        """The picker's ranking: the typed words, and what this conversation says by itself."""
        return self._found(self._search(), query, row, limit)

    def search_macros(self, query: str, row: int = 0, limit: int = 50) -> list[Hit]:
        """The same for macros."""
        if self._macros is None:
            from agentdesk.snippets.search import Searcher  # noqa: PLC0415 - not at start

            self._macros = Searcher(self.library.macros or self.library)
        return self._found(self._macros, query, row, limit, speaks=False)

    def search_articles(self, query: str, row: int = 0, limit: int = 20, language: str = "") -> list[Hit]:
        """The same for articles; each with its title in the language it would be sent in."""
        from agentdesk.snippets.search import Searcher  # noqa: PLC0415 - not at start

        articles = self.library.articles
        if articles is None:
            return []
        if self._articles is None:
            # Their texts are links: what they say stands in titles and summaries.
            said = {
                name: replace(one, texts={of: f"{title}\n{one.summaries.get(of, '')}" for of, title in one.titles.items()})
                for name, one in articles.snippets.items()
            }
            self._articles = Searcher(replace(articles, snippets=said))
        wanted = language or (self.language(row) if row else self._desk_language())
        hits = self._found(self._articles, query, row, limit)
        known = {hit.name: articles.snippets[hit.name] for hit in hits}
        return [replace(hit, title=known[hit.name].titles[known[hit.name].language(wanted)]) for hit in hits]

    def _found(self, searcher: Searcher, query: str, row: int, limit: int, *, speaks: bool = True) -> list[Hit]:
        """`speaks`: what is looked for has a language."""
        from agentdesk.snippets.search import Hints  # noqa: PLC0415 - not at start
        from agentdesk.snippets.words import words_of  # noqa: PLC0415 - not at start

        uses = {r["name"]: r["uses"] for r in self._db.all("SELECT name, uses FROM snippet_use")}
        today = datetime.now(self._config.timezone).date()
        if not row:
            return searcher.search(query, Hints(language=self._desk_language() if speaks else "", uses=uses, today=today), limit)
        conversation = self._row(row)
        panel = self._reading.panel(row)
        hints = Hints(
            words=tuple(words_of(self._customer_words(row))), language=self.language(row) if speaks else "", order_status=_status(panel),
            channel=conversation.kind, uses=uses, today=today,
        )
        return searcher.search(query, hints, limit)

    def _row(self, row: int) -> Row:
        found = self._queue.row(row)
        if found is None:
            raise NotFound(say("desk.no_conversation", reference=row))
        return found

    def _customer_words(self, row: int) -> str:
        """What the customer wrote since our last answer, else their last message; newest last."""
        items = [item for item in self._reading.thread(row) if item.direction is not Direction.NOTE]
        recent: list[str] = []
        for item in reversed(items):
            if item.direction is Direction.OUT and recent:
                break
            if item.direction is Direction.IN:
                recent.append(f"{item.subject}\n{item.text or ''}")
        return "\n".join(reversed(recent))[-MOST_WORDS:]

    def language(self, row: int) -> str:
        """The customer's: what the agent said, else their messages, else their profile and orders, else the desk's."""
        chosen = self._db.value("SELECT language FROM conversation WHERE row = ?", (row,))
        if chosen:
            return str(chosen)
        guessed = languages.guess(self._customer_words(row))
        if guessed:
            return guessed
        panel = self._reading.panel(row)
        if panel.customer and panel.customer.language:
            return panel.customer.language
        for order in panel.orders:
            if order.language:
                return order.language.split("-")[0].lower()
        return self._desk_language()

    def _desk_language(self) -> str:
        return self._config.locale.split("-")[0].lower()

    def fill(self, name: str, row: int, language: str = "", asked: Mapping[str, str] | None = None) -> Filled:
        """A snippet's text, or an article's title and link, for this conversation (0: for none); what is missing stands in it as
        ⟨name⟩ and in `missing`.

        Raises:
            NotFound: there is no such snippet.
            Refused: it is expired or not for this channel.
        """
        from agentdesk.snippets import context as values  # noqa: PLC0415 - not at start
        from agentdesk.snippets.render import render  # noqa: PLC0415 - not at start

        snippet = self.library.find(name)
        chosen = language or (self.language(row) if row else self._desk_language())
        now = datetime.now(UTC)
        config = self._config
        context = values.build_context(
            **(self._known_of(row) if row else {}), agent=values.Writer(config.agent_name, config.agent_email), desk=values.Shop(config.name, config.url.rstrip("/")),
            policy=snippet.policy, hours=values.Opening(self._hours.next_open(now), closed_today=not self._open_today(now)),
            language=chosen, asked=dict(asked or {}), now=now, timezone=config.timezone,
        )  # fmt: skip
        return render(snippet, chosen, context, dict(asked or {}))

    def _known_of(self, row: int) -> dict[str, Any]:
        """What of a conversation, its customer and their orders may fill a reply to it."""
        from agentdesk.snippets import context as values  # noqa: PLC0415 - not at start

        conversation, panel = self._row(row), self._reading.panel(row)
        customer, order, orders, since = panel.customer, panel.about, panel.orders, panel.since
        if panel.unproven:  # what is known of the customer is not for whoever says to be them
            name = panel.addressee if not conversation.is_chat else customer.name if customer else ""
            customer, since = Customer(0, name), None
            order, orders = (order, (order,)) if order is not None and panel.vouched else (None, ())
        talk = values.Talk(conversation.id, conversation.subject, conversation.channel, conversation.kind)
        return {"customer": customer, "order": order, "orders": orders, "since": since, "conversation": talk}

    def inserted(self, draft: Draft, filled: Filled) -> None:
        """A filled snippet was put into this draft, whichever way: its language, its actions, and the record of it."""
        articles = self.library.articles
        article = articles is not None and filled.snippet in articles.snippets
        snippet = (articles if article and articles is not None else self.library).snippets.get(filled.snippet)
        insertions.inserted(draft, filled, self.commit_of(snippet) if snippet is not None else "", article=article)

    def commit_of(self, snippet: Snippet) -> str:
        """The commit it was read from; empty where its pack is not fetched from a repository."""
        return next((commit for folder, commit in self._installed.items() if Path(snippet.file).is_relative_to(folder)), "")

    def turn(self, draft: Draft, language: str) -> insertions.Turned:
        """The texts in this draft that nobody changed, in another language; the draft's own text is the caller's to replace."""
        return insertions.turn(draft, language, lambda name, of, asked: self.fill(name, draft.conversation, of, asked))

    def languages(self) -> tuple[str, ...]:
        """What the packs are written in, most texts first."""
        counted = Counter(language.split("-")[0] for snippet in self.library.snippets.values() for language in snippet.texts)
        return tuple(language for language, _ in counted.most_common())

    def _open_today(self, now: datetime) -> bool:
        following = self._hours.next_open(now)
        zone = self._config.timezone
        return following is not None and following.astimezone(zone).date() == now.astimezone(zone).date()


def _status(panel: Panel) -> str | None:
    """The state of the order a conversation is about, as the ranking wants it: `late` where the parcel should have arrived."""
    order = panel.about
    if order is None:
        return None if panel.ambiguous else ""
    arrivals = [shipment.eta for shipment in order.shipments if shipment.eta is not None]
    if order.status in ("shipped", "in transit") and arrivals and max(arrivals) < datetime.now(UTC):
        return "late"
    return order.status
