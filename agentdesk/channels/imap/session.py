"""Mailbox commands on a connection, with typed answers. It keeps what the server says unasked, until somebody takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import responses
from agentdesk.channels.imap.commands import (
    Command,
    Literal,
    Word,
    command,
    day,
    flags,
    group,
    mailbox,
    moment,
    number,
    number_range,
    number_set,
    text,
    word,
)
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.imap.exchange import Also, Batch, Known, News, Selection
from agentdesk.channels.imap.patience import Patience
from agentdesk.channels.imap.responses import Answer, Fetched, Mailbox, Runs, Untagged
from agentdesk.errors import Refused
from agentdesk.locale import say

_WILD = re.compile(rb"[%*]")
_STATUS_ITEMS = ("MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN")


class Session:
    """One logged-in connection and the mailbox selected on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.selected = ""
        self.exists = 0
        """How many messages the selected mailbox has by now."""
        self.news = News()
        self.counts: list[tuple[str, dict[str, int]]] = []
        """Said of other mailboxes unasked, in this order."""
        self.overflown = False
        """The server gave up telling what happens by itself (RFC 5465, 5.8)."""
        self._uidvalidity = 0
        self._modseqs = False
        self._qresync = False

    @property
    def capabilities(self) -> frozenset[str]:
        return self.connection.capabilities

    def offers(self, *names: str) -> bool:
        return self.connection.capabilities.issuperset(names)

    def run(self, *commands: Command, patience: Patience | None = None) -> list[Answer]:
        """Commands in one flight; what was said unasked goes to `news`. FETCH stays with the answers to FETCH."""
        answers = self.connection.run(*commands, patience=patience)
        asked = any(one.verb in ("STATUS", "LIST") for one in commands)
        for one, answer in zip(commands, answers, strict=True):
            self._note(answer.untagged)
            if not asked:
                self._note_counts(answer.untagged)
            if "FETCH" not in one.verb:
                self._note_fetched(answer.untagged)
        return answers

    def do(self, one: Command, patience: Patience | None = None) -> Answer:
        """One command that must succeed.

        Raises:
            Refused: the server said no.
        """
        return self.require(self.run(one, patience=patience)[0])

    def require(self, answer: Answer) -> Answer:
        if not answer.ok:
            raise Refused(say("channels.no", server=str(self.connection.url), detail=answer.words))
        return answer

    def _note(self, untagged: Iterable[Untagged]) -> None:
        for response in untagged:
            if response.kind == "EXISTS":
                self.news.grown = self.news.grown or response.number > self.exists
                self.exists = response.number
            elif response.kind == "EXPUNGE":
                self.news.expunged = True
                self.exists = max(0, self.exists - 1)
            elif response.kind == "VANISHED":
                earlier, runs = responses.vanished(response)
                if not earlier:
                    self.news.vanished.extend(runs)
                    self.exists = max(0, self.exists - responses.size_of(runs))
            elif response.kind == "OK" and self.selected:
                name, value = response.code()
                if name == "UIDVALIDITY" and responses.as_int(value) != self._uidvalidity:
                    raise self.nonsense("UIDVALIDITY")  # nothing that comes with it means anything; the next SELECT tells

    def note(self, answer: Answer) -> None:
        """Take what was said with an answer that came past `run`."""
        self._note(answer.untagged)
        self._note_counts(answer.untagged)
        self._note_fetched(answer.untagged)

    def _note_fetched(self, untagged: Iterable[Untagged]) -> None:
        """Flags that changed, and rows that the server pushes, said when no messages were asked for."""
        for response in untagged:
            if response.kind == "FETCH" and (one := responses.fetched(response)) is not None:
                if one.uid and one.content("HEADER.FIELDS") is not None:
                    self.news.rows.append(one)
                else:
                    self.note_flags(one)

    def _note_counts(self, untagged: Iterable[Untagged]) -> None:
        """What was said of mailboxes that are not selected without being asked (NOTIFY)."""
        for response in untagged:
            if response.kind == "STATUS":
                self.counts.append((responses.mailbox_name(responses.status_of(response)), responses.status(response)))
            elif response.kind == "OK" and response.code()[0] == "NOTIFICATIONOVERFLOW":
                self.overflown = True

    def note_flags(self, one: Fetched) -> None:
        """A FETCH response nobody asked for."""
        if one.flags is None:
            return  # a mod-sequence, or nothing
        if one.uid:
            self.news.flags[one.uid] = one.flags
        elif one.sequence:
            self.news.flags_by_sequence.add(one.sequence)

    def take_heard(self) -> None:
        """Move what was said while nothing was asked (IDLE) to `news`."""
        heard = self.connection.heard()
        self._note(heard)
        self._note_counts(heard)
        self._note_fetched(heard)

    def take_news(self) -> News:
        news, self.news = self.news, News()
        return news

    def notify(self, names: Sequence[str], row: Sequence[Word]) -> Command | None:
        """Have the server say by itself what happens (NOTIFY, RFC 5465): in the selected mailbox with the rows of new messages, in
        the others by their counts, which it tells at once. None: these names can't be put in one line.

        "Delayed": else the numbers of messages could change in the middle of a command.
        """
        others = [one for one in map(mailbox, names) if not isinstance(one, Literal)]
        if len(others) < len(names):
            return None
        events = word("(MessageNew MessageExpunge FlagChange)")
        new = group(word("MessageNew"), group(*row), word("MessageExpunge"), word("FlagChange"))
        groups = [group(word("SELECTED-DELAYED"), new)]
        if others:
            groups.append(group(word("MAILBOXES"), group(*others), events))
        return command("NOTIFY", word("SET"), word("STATUS"), *groups)

    # Mailboxes.

    def mailboxes(self) -> list[Mailbox]:
        """Every mailbox, with its special use where the server tells it."""
        if self.offers("SPECIAL-USE", "LIST-EXTENDED"):
            answer = self.run(self._list_command())[0]
            if answer.ok:
                return _listed(answer)
        return _listed(self.do(command("LIST", word('""'), word('"*"'))))

    def _list_command(self) -> Command:
        if self.offers("SPECIAL-USE", "LIST-EXTENDED"):
            return command("LIST", word('""'), word('"*"'), word("RETURN"), word("(SPECIAL-USE)"))
        return command("LIST", word('""'), word('"*"'))

    def personal_prefix(self) -> str:
        """What the names of our own mailboxes begin with ("" or "INBOX.", mostly): RFC 2342."""
        if not self.offers("NAMESPACE"):
            return ""
        for response in self.run(command("NAMESPACE"))[0].of("NAMESPACE"):
            found = responses.tree(response.text)
            if found and isinstance(found[0], tuple) and found[0] and isinstance(found[0][0], tuple):
                return responses.mailbox_name(found[0][0][0])
        return ""

    def create(self, name: str, use: Word | None) -> None:
        """A new mailbox, subscribed."""
        if use is not None and self.offers("CREATE-SPECIAL-USE"):
            made = self.run(command("CREATE", mailbox(name), group(word("USE"), group(use))))[0]
            if not made.ok:
                self.do(command("CREATE", mailbox(name)))
        else:
            self.do(command("CREATE", mailbox(name)))
        self.run(command("SUBSCRIBE", mailbox(name)))

    def status(self, names: Sequence[str]) -> dict[str, dict[str, int]]:
        """Counts of mailboxes that are not selected, in one flight; those that can't be asked are left out."""
        return self._counts(self.run(*self._status_commands(names)), names)

    def _status_commands(self, names: Sequence[str]) -> list[Command]:
        items = [Word(item.encode()) for item in _STATUS_ITEMS]
        if self._modseqs:
            items.append(word("HIGHESTMODSEQ"))
        patterns = [one for one in map(mailbox, names) if not isinstance(one, Literal) and not _WILD.search(one)]
        if len(names) > 1 and len(patterns) == len(names) and self.offers("LIST-EXTENDED", "LIST-STATUS"):
            # RFC 5819: one command for all of them
            return [command("LIST", word('""'), group(*patterns), word("RETURN"), group(word("STATUS"), group(*items)))]
        return [command("STATUS", mailbox(name), group(*items)) for name in names]

    @staticmethod
    def _counts(answers: Iterable[Answer], names: Sequence[str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for answer in answers:
            for response in answer.of("STATUS"):
                name = responses.mailbox_name(responses.status_of(response))
                if name in names:
                    found[name] = responses.status(response)
        return found

    def select(self, name: str, known: Known | None = None, also: Also | None = None) -> Selection:
        """Select a mailbox; with `known` and QRESYNC (RFC 7162) also learn what happened since.

        `also`: what is asked for in the same flight.

        Raises:
            Refused: there is none of this name, or it can't be opened.
        """
        also = also or Also()
        before = [command("NOTIFY", word("NONE"))] if also.notify_no_more else []
        if not self._modseqs and self.offers("ENABLE") and self.offers("QRESYNC"):
            before.append(command("ENABLE", word("QRESYNC")))
            self._qresync = True
        self._modseqs = self._modseqs or self.offers("CONDSTORE") or self._qresync
        words: list[Word | Literal] = [mailbox(name)]
        resync = known is not None and self._qresync and known.modseq > 0
        if resync and known is not None:
            uids = number_range(known.lowest, known.highest)
            words.append(group(word("QRESYNC"), group(number(known.uidvalidity), number(known.modseq), uids)))
        elif self.offers("CONDSTORE") and not self._qresync:
            words.append(word("(CONDSTORE)"))
        self.selected = ""
        self.news = News()
        after = [_fetch_command(which, items) for which, items in also.fetch]
        last = [self._list_command()] if also.listed else []
        telling = [] if also.notify is None else [also.notify]
        counting = [] if telling else self._status_commands(also.look_at)
        answers = self.connection.run(*before, Command("SELECT", tuple(words)), *after, *counting, *telling, *last)
        counts = self._counts(answers, also.look_at)
        answer = answers[len(before)]
        if not answer.ok and len(words) > 1:  # the parameters are what it does not like: RFC 7162 lets it say BAD
            resync = False
            (answer,) = self.connection.run(command("SELECT", mailbox(name)))
            after = []
        self.require(answer)
        self.selected = name
        selection = self._selection(name, answer, resynced=resync)
        self.exists, self._uidvalidity = selection.exists, selection.uidvalidity
        for later in answers[len(before) + 1 :]:
            self._note(later.untagged)
            for response in later.of("FETCH"):
                one = responses.fetched(response)
                if one is not None and one.content("HEADER.FIELDS") is None:
                    self.note_flags(one)
        asked = answers[len(before) + 1 : len(before) + 1 + len(after)]
        notified = bool(telling) and answers[-1 - len(last)].ok
        if telling and not notified:
            counts = self.status(also.look_at)
        return replace(
            selection,
            counts=counts,
            # Dovecot says at times that a FETCH is done before it sends what was asked for: all that came belongs to it
            ahead=self._batch(answers[len(before) + 1 :]) if asked and all(one.ok for one in asked) else None,
            mailboxes=_listed(answers[-1]) if last and answers[-1].ok else None,
            notified=notified,
        )

    def _selection(self, name: str, answer: Answer, *, resynced: bool) -> Selection:
        said = list(answer.untagged)
        for index, response in enumerate(said):
            if response.kind == "OK" and response.code()[0] == "CLOSED":
                said = said[index + 1 :]  # before it, all was about the mailbox selected before
                break
        codes = Answer(answer.status, answer.text, tuple(said)).codes()
        exists = max((response.number for response in said if response.kind == "EXISTS"), default=0)
        gone: list[tuple[int, int]] = []
        changed: dict[int, frozenset[str]] = {}
        for response in said:
            if response.kind == "VANISHED":
                gone.extend(responses.vanished(response)[1])
            elif response.kind == "FETCH":
                one = responses.fetched(response)
                if one is None or not one.uid or one.flags is None:
                    resynced = False  # something changed and we don't know what: look at everything
                else:
                    changed[one.uid] = one.flags
        # Yahoo tells a HIGHESTMODSEQ and has no CONDSTORE (whiteout-io/imap-client#40)
        modseq = 0 if "NOMODSEQ" in codes or not self._modseqs else responses.as_int(codes.get("HIGHESTMODSEQ", b""))
        return Selection(
            name=name,
            uidvalidity=responses.as_int(codes.get("UIDVALIDITY", b"")),
            uidnext=min(responses.as_int(codes.get("UIDNEXT", b"")), responses.LARGEST),
            exists=exists,
            modseq=modseq,
            resynced=resynced and modseq > 0,
            vanished=tuple(gone),
            changed=changed,
        )

    # Messages of the selected mailbox.

    def search(self, *criteria: Word | Literal, charset: bool = False, limit: int = 5_000_000) -> Runs:
        """UIDs that match, compact where the server can (ESEARCH)."""
        words: list[Word | Literal] = list(criteria)
        if charset:
            words[:0] = [word("CHARSET"), word("UTF-8")]
        if self.offers("ESEARCH"):
            words[:0] = [word("RETURN"), word("(ALL)")]
        found = responses.searched(self.do(Command("UID SEARCH", tuple(words))))
        if responses.size_of(found) > limit:
            raise self.nonsense("SEARCH")
        return found

    def search_since(self, first: int, last: int | None, since: date | None) -> Runs:
        """UIDs within a range, of messages received on or after a day."""
        words = [word("UID"), number_range(first, last)]
        if since is not None:
            words += [word("SINCE"), day(since)]
        return self.search(*words)

    def search_uids(self, uids: Iterable[int]) -> Runs:
        """Those of the UIDs that exist."""
        return self.search(word("UID"), number_set(uids))

    def search_message_id(self, message_id: str) -> Runs:
        wanted = text(message_id)
        return self.search(word("HEADER"), word("Message-ID"), wanted, charset=isinstance(wanted, Literal))

    def fetch(self, *requests: tuple[Word, Sequence[Word]], uid: bool = True, patience: Patience | None = None) -> Batch:
        """(messages, items) each; all in one flight. By UID, or by sequence number right after SELECT."""
        answers = self.run(*(_fetch_command(which, items, uid=uid) for which, items in requests), patience=patience)
        for answer in answers:
            if answer.status == "BAD":  # NO may follow good responses, when one message could not be read on the server
                self.require(answer)
        return self._batch(answers)

    @staticmethod
    def _batch(answers: Iterable[Answer]) -> Batch:
        every = [responses.fetched(response) for answer in answers for response in answer.of("FETCH")]
        return Batch(tuple(one for one in every if one is not None), sum(one is None for one in every))

    def flags_of(self, which: Word, since: int = 0) -> dict[int, frozenset[str]]:
        """Flags by UID; of those changed since a mod-sequence only, if it is given (RFC 7162, 3.1.4.1)."""
        words: list[Word | Literal] = [which, word("(UID FLAGS)")]
        if since:
            words.append(group(word("CHANGEDSINCE"), number(since)))
        answer = self.do(Command("UID FETCH", tuple(words)))
        found: dict[int, frozenset[str]] = {}
        for response in answer.of("FETCH"):
            one = responses.fetched(response)
            if one is not None and one.uid and one.flags is not None:
                found[one.uid] = one.flags
        return found

    def flags_by_sequence(self, sequences: Iterable[int]) -> dict[int, frozenset[str]]:
        answer = self.run(command("FETCH", number_set(sequences), word("(UID FLAGS)")))[0]
        every = [responses.fetched(response) for response in answer.of("FETCH")]
        return {one.uid: one.flags for one in every if one is not None and one.uid and one.flags is not None}

    def store(self, uids: Iterable[int], names: Iterable[str], *, add: bool) -> None:
        sign = word("+FLAGS.SILENT") if add else word("-FLAGS.SILENT")
        self.do(command("UID STORE", number_set(uids), sign, flags(names)))

    def move(self, uid: int, target: str) -> None:
        r"""MOVE (RFC 6851), or what stands for it: COPY, \Deleted, and EXPUNGE of this message alone."""
        which = number_set([uid])
        if self.offers("MOVE"):
            self.do(command("UID MOVE", which, mailbox(target)))
            return
        self.do(command("UID COPY", which, mailbox(target)))
        self.store([uid], ["\\Deleted"], add=True)
        if self.offers("UIDPLUS"):
            self.do(command("UID EXPUNGE", which))
        elif responses.size_of(self.search(word("DELETED"))) == 1:
            # A plain EXPUNGE takes every message that anybody marked: only when ours is the one there is
            self.do(command("EXPUNGE"))

    def append(self, name: str, content: bytes, names: Iterable[str], at: datetime) -> Answer:
        """The answer, whatever it is: [TRYCREATE] is the caller's business."""
        size = len(content)
        # While we send there is nothing to hear; the kernel takes a part at once and the line may be slow
        patience = Patience(silence=30 + size / 2000, seconds=60 + size / 2000, most=600 + size / 2000)
        return self.run(
            command("APPEND", mailbox(name), flags(names), moment(at), Literal(content)), patience=patience
        )[0]

    def noop(self) -> None:
        self.run(command("NOOP"))

    def nonsense(self, detail: str) -> ChannelDown:
        """The server's answers contradict each other: nothing can be built on this connection."""
        self.connection.close()
        return ChannelDown(say("channels.nonsense", server=str(self.connection.url), detail=detail))


def _listed(answer: Answer) -> list[Mailbox]:
    return [one for response in answer.of("LIST") if (one := responses.listed(response)) is not None]


def _fetch_command(which: Word, items: Sequence[Word], *, uid: bool = True) -> Command:
    return Command("UID FETCH" if uid else "FETCH", (which, group(*items)))
