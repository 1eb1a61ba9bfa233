"""One folder, brought in and kept right: newest first, each step one batch, every contradiction a full resync.

What happened elsewhere is learned by the best the server has: QRESYNC (RFC 7162) tells all of it with SELECT; CONDSTORE
tells changed flags; without either, flags are compared by UID. Which messages are gone is never concluded from silence alone:
the server is asked for the UIDs that exist. Where the server contradicts what it said before (mod-sequence or UIDNEXT going
back), nothing it said is kept: the UIDs are forgotten and the folder is brought in again; the messages stay.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from agentdesk.channels.imap import responses, rows
from agentdesk.channels.imap.commands import Word, number_range, number_set
from agentdesk.channels.imap.exchange import Also, Batch, Known, Selection
from agentdesk.channels.imap.pace import Pace
from agentdesk.channels.imap.record import BATCH, FolderRecord
from agentdesk.channels.imap.responses import Fetched
from agentdesk.channels.imap.rows import Rows
from agentdesk.channels.imap.session import Session
from agentdesk.domain.mailbox import Arrival, FolderState, MailStore, Role

_log = logging.getLogger(__name__)

_OTHER = "a UID stands for another mail than before"
_CHECKED = 1000
"""Flags compared in one command, where there is no CONDSTORE."""
_CHECK_AGAIN = 600.0
"""Seconds between two comparisons of all flags, where there is no CONDSTORE."""

_STARTS_OVER = 2
"""How often in a connection a folder begins anew because a UID stands for another mail; a server that goes on with it is taken as it is."""
_AHEAD = 25
"""New messages that are asked for together with SELECT, before it is known whether there are any: what comes in a night."""


class FolderSync(FolderRecord):
    """A folder, and what is left to do there."""

    def __init__(self, name: str, role: Role, store: MailStore, asking: Rows, *, window: int, since: Callable[[], date | None]) -> None:
        super().__init__(name, role, store)
        self.entered = False
        """It was selected and compared since the connection was made, or `suits` said that there is nothing new."""
        self._rows = asking
        self._window = min(window, BATCH)
        self._pace = Pace(self._window, least=self._window, most=8 * self._window, seconds=0.6)
        self._since = since
        self._exists = 0
        self._target = self.state.uidnext
        """Everything below this UID is here, or listed in `_new` or `_old`, or older than what is brought in."""
        self._window_due = False
        self._arriving = 0
        """How many messages came that are not listed yet, at most."""
        self._new: list[int] = []
        self._old: list[int] | None = None
        self._checks: list[list[int]] = []
        self._checked_at = -_CHECK_AGAIN
        self._met = False
        """It was selected on this connection."""
        self._starts_over = 0
        self._audited: tuple[int, int] | None = None
        """How many we knew and how many there were, when that was last looked into."""

    # What is left.

    def due(self, *, older: bool) -> bool:
        """Whether `step` has something to do; `older`: also what is no news."""
        if not self.entered or self._window_due or self._arriving or self._new or self._checks:
            return True
        return older and (not self.state.complete or bool(self._old))

    def look(self, counts: Mapping[str, int]) -> None:
        """By what STATUS says: whether it has to be entered again."""
        self.entered = self._suits(counts)
        if self.entered:
            self._exists = counts["MESSAGES"]

    def told(self, counts: Mapping[str, int]) -> None:
        """By some counts that the server said by itself (NOTIFY): whether it has to be entered again."""
        state = self.state
        known = {"UIDVALIDITY": state.uidvalidity, "UIDNEXT": state.uidnext, "MESSAGES": self._exists, "HIGHESTMODSEQ": state.modseq}
        if any(counts.get(name, value) != value for name, value in known.items() if name != "HIGHESTMODSEQ" or value):
            self.entered = False

    def _suits(self, counts: Mapping[str, int]) -> bool:
        """Whether nothing happened since we were last here."""
        state = self.state
        if not state.uidvalidity or counts.get("UIDVALIDITY") != state.uidvalidity or counts.get("UIDNEXT") != state.uidnext:
            return False
        if counts.get("HIGHESTMODSEQ", 0) and state.modseq:
            return counts["HIGHESTMODSEQ"] == state.modseq and self._agrees(counts.get("MESSAGES", -1))
        if not state.complete or self._since() is not None:
            return self.entered and counts.get("MESSAGES") == self._exists
        unseen = sum("\\Seen" not in flags for flags in self.known.values())
        return counts.get("MESSAGES") == len(self.known) and counts.get("UNSEEN") == unseen

    def _agrees(self, messages: int) -> bool:
        """Whether we know of as many: a lie told in an earlier connection may have taken some away."""
        if messages < 0 or not self.state.complete or self._since() is not None:
            return messages >= 0
        return messages == len(self.known) or self._audited == (len(self.known), messages)

    # Entering.

    def enter(self, session: Session, also: Also) -> Selection:
        """Select the folder and learn what happened there in the meantime; and what else is asked in the same flight."""
        state, known = self.state, None
        if state.uidvalidity and state.modseq and self.known:
            known = Known(state.uidvalidity, state.modseq, min(self.known), max(self.known))
        selection = session.select(self.name, known, replace(also, fetch=self._ahead(session)))
        self._arrive(session, selection)
        self._met = True
        return selection

    def _ahead(self, session: Session) -> list[tuple[Word, tuple[Word, ...]]]:
        """What to ask for together with SELECT: what has come since. `n:m` and not `n:*`, which means the last one if there is none.

        On a new connection also who the newest mail is that we know. It must be the same: a mailbox that was made anew may have
        the UIDVALIDITY of the old one, and then nothing else tells that its UIDs stand for other mails."""
        first = self.state.uidnext
        if not self.known or not first or first + _AHEAD > responses.LARGEST:
            return []
        ahead = [(number_range(first, first + _AHEAD - 1), self._rows.lean(session))]
        return ahead if self._met else [(number_set([max(self.known)]), rows.WHO), *ahead]

    def _leanly(self) -> bool:
        """Whether rows are wanted before everything else."""
        return self.state.role is Role.INBOX

    def _arrive(self, session: Session, selection: Selection) -> None:
        state = self.state
        self.entered, self._audited = True, None
        self._exists = selection.exists
        if state.uidvalidity and (reason := self._contradiction(selection)):
            _log.warning("%s: %s; bringing the folder in again", self.name, reason)
            self._forget()
        if not selection.uidvalidity or not self.state.uidvalidity or not (self.known or self.state.complete):
            self._begin(selection)
            return
        if selection.uidnext:
            self._take_ahead(selection)
            self._arriving = max(0, selection.uidnext - self._target)
        elif selection.exists > len(self.known) + len(self._new):
            self._arriving = self._window + 1  # it does not say: list them
        self._catch_up(session, selection)
        self._save(modseq=selection.modseq, total=self._total())
        self._settle(session)

    def _take_ahead(self, selection: Selection) -> None:
        """What came together with SELECT. It is nothing before the mailbox is known to be the one it was."""
        ahead, first = selection.ahead, self.state.uidnext
        if ahead is None or ahead.unreadable or self._new or self._target != first:
            return
        came = [one for one in ahead.found if first <= one.uid < first + _AHEAD and rows.is_row(one)]
        self._add(self._arrivals(came, lean=True))
        self._target = _after(first - 1, *(one.uid for one in came))  # what was not told is asked for, whatever UIDNEXT says
        if self._target >= selection.uidnext:
            self._save(uidnext=self._target)

    def _contradiction(self, selection: Selection) -> str:
        state = self.state
        if selection.uidvalidity != state.uidvalidity:
            return "UIDVALIDITY changed"
        if selection.uidnext and selection.uidnext < max(state.uidnext, max(self.known, default=0) + 1):
            return "UIDNEXT went back"
        if selection.modseq and selection.modseq < state.modseq:
            return "HIGHESTMODSEQ went back"
        if selection.ahead is not None and self._is_other(selection.ahead):
            return _OTHER
        return ""

    def _bear(self, batch: Batch) -> bool:
        """Whether what came can be believed. If it can't, the folder begins anew."""
        if not self._is_other(batch):
            return True
        self._starts_over += 1
        if self._starts_over > _STARTS_OVER:
            _log.warning("%s: %s, again; taken as it is", self.name, _OTHER)
            return True
        _log.warning("%s: %s; bringing the folder in again", self.name, _OTHER)
        self._forget()
        self.entered = self._window_due = False
        self._arriving, self._new, self._old, self._checks = 0, [], None, []
        return False

    def _begin(self, selection: Selection) -> None:
        """Nothing is known: the newest window is the first step."""
        if self.known:
            self._forget()  # a server without UIDVALIDITY: its UIDs hold for one session
        self.state = FolderState(self.name, self.state.role, selection.uidvalidity, modseq=selection.modseq)
        self._target = selection.uidnext or 1
        self._arriving, self._new, self._old, self._checks = 0, [], None, []
        self._window_due = selection.exists > 0
        self._checked_at = time.monotonic()
        if self._window_due:
            self._save(total=selection.exists)
        else:
            self._save(complete=True, uidnext=self._target)

    def _catch_up(self, session: Session, selection: Selection) -> None:
        """Changed flags and expunged messages since we were last here."""
        if not self.known:
            return
        if selection.resynced:
            self._vanish(responses.among(selection.vanished, sorted(self.known)))
            self._flags(selection.changed)
        elif self.state.modseq and selection.modseq:
            if selection.modseq != self.state.modseq:
                self._flags(session.flags_of(self._range(), since=self.state.modseq))
        elif self.state.modseq or time.monotonic() - self._checked_at >= _CHECK_AGAIN or not self._as_counted():
            if self.state.modseq:
                _log.warning("%s: the mod-sequences are gone; comparing all flags", self.name)
            self._checked_at = time.monotonic()
            ordered = sorted(self.known)
            self._checks = [ordered[at : at + _CHECKED] for at in range(0, len(ordered), _CHECKED)]

    def _as_counted(self) -> bool:
        """Whether there are as many messages as we know of, as far as that can be said."""
        if not self.state.complete or self._since() is not None or self._arriving or self._new or self._old:
            return True
        return len(self.known) == self._exists

    # News while it is selected.

    def hear(self, session: Session) -> None:
        """Take what the server said unasked of this folder, the selected one."""
        news = session.take_news()
        if news.grown:
            # How many came is certain only if none went at the same time
            sure = not (news.expunged or news.vanished)
            self._arriving += max(1, session.exists - self._exists) if sure else self._window + 1
            self._take_pushed(news.rows)
        self._exists = session.exists
        if news.vanished:
            self._vanish(responses.among(tuple(news.vanished), sorted(self.known)))
        if news.expunged:
            # By sequence numbers, of which we keep no map: the UIDs that are left say it for certain
            self._audit(session)
        if news.flags_by_sequence and not news.expunged:
            self._flags(session.flags_by_sequence(news.flags_by_sequence))
        elif news.flags_by_sequence:
            self._checks.append(sorted(self.known)[-_CHECKED:])
        if news.flags:
            self._flags(news.flags)
        self._settle(session)

    def _take_pushed(self, pushed: Sequence[Fetched]) -> None:
        """Rows that the server sent by itself. Only if they are all that came: what else there is, is asked for together with them."""
        mine = {one.uid: one for one in pushed if one.uid >= self._target}
        if len(mine) != self._arriving or self._new or self._window_due or self._is_other(Batch(tuple(pushed))):
            return
        self._add(self._arrivals(mine.values()))
        self._target, self._arriving = _after(self._target - 1, *mine), 0
        self._save(uidnext=self._target, total=self._total())

    # Steps.

    def step(self, session: Session, *, older: bool) -> None:
        """One batch of what is most urgent; the folder is selected."""
        if self._window_due:
            self._bring_window(session)
        elif self._arriving > self._window:
            self._list_new(session)
        elif self._arriving:
            self._bring_arriving(session)
        elif self._new:
            self._bring_new(session)
        elif self._checks:
            self._check(session, self._checks.pop())
        elif older and self._old is None and not self.state.complete:
            self._list_old(session)
        elif older:
            self._bring_old(session)
        self._settle(session)

    def _bring_window(self, session: Session) -> None:
        """The newest messages, by sequence number: right after SELECT nobody needs to search for their UIDs."""
        last = self._exists
        if not last:  # they went while we were coming
            self._window_due = False
            self._save(complete=True, uidnext=self._target, total=0)
            return
        first = max(1, last - self._window + 1)
        batch = self._rows.fetch(session, number_range(first, last), lean=self._leanly(), uid=False)
        if not self._bear(batch):
            return
        self._window_due = False
        seen = {one.uid for one in batch.found if rows.is_row(one)}
        if not seen:
            self._target, self._arriving = 1, self._window + 1  # list them; by UID, each that can't be read is tried alone
            return
        self._add(self._arrivals(batch.found, lean=self._leanly()))
        self._target = max(self._target, _after(*seen))
        everything = first == 1 and not batch.unreadable and len(seen) >= last
        self._save(uidnext=self._target, oldest=min(seen), complete=everything, total=self._total())

    def _bring_arriving(self, session: Session) -> None:
        """A few messages that came since, at once."""
        first = self._target
        batch = self._rows.fetch(session, number_range(first, None))
        if not self._bear(batch):
            return
        if batch.unreadable:
            self._arriving = self._window + 1
            return
        self._arriving = 0
        found = [one for one in batch.found if one.uid >= first]
        for one in batch.found:
            if one.uid < first and rows.is_row(one):  # n:* means the last message if there is none from n on
                session.note_flags(one)
        self._add(self._arrivals(found))
        self._target = _after(first - 1, *(one.uid for one in found))
        if not self._new:
            self._save(uidnext=self._target, total=self._total())

    def _list_new(self, session: Session) -> None:
        """Many came since: which ones."""
        listed = self._listed(session, self._target, None)
        self._arriving = 0
        self._new = sorted({*self._new, *listed})
        self._target = max(self._target, _after(0, *listed))
        self._after_new()

    def _bring_new(self, session: Session) -> None:
        size, began = self._pace.size, time.monotonic()
        batch, self._new = self._new[-size:], self._new[:-size]
        self._add(self._fetch_uids(session, batch))
        if not self.entered:
            return
        self._pace.took(len(batch), time.monotonic() - began)
        self._after_new()

    def _after_new(self) -> None:
        if self._new:
            return  # until all is here the old mark stays: after a crash they are listed again
        changes: dict[str, int | bool] = {"uidnext": self._target, "total": self._total()}
        if not self.state.oldest and self.known:
            changes["oldest"] = min(self.known)
        self._save(**changes)

    def _list_old(self, session: Session) -> None:
        last = self.state.uidnext - 1
        self._old = self._listed(session, 1, last) if last else []
        self._after_old()

    def _bring_old(self, session: Session) -> None:
        old = self._old or []
        size, began = self._pace.size, time.monotonic()
        batch, self._old = old[-size:], old[:-size]
        if batch:
            self._add(self._fetch_uids(session, batch))
            if not self.entered:
                return
            self._pace.took(len(batch), time.monotonic() - began)
            self._save(oldest=min(batch[0], self.state.oldest or batch[0]), total=self._total())
        self._after_old()

    def _after_old(self) -> None:
        if not self._old:
            self._old = None
            self._save(complete=True, total=self._total())

    def _listed(self, session: Session, first: int, last: int | None) -> list[int]:
        """UIDs that the server has and we have not, in a range and within retention."""
        runs = session.search_since(first, last, self._since())
        if responses.size_of(runs) > self._exists + 10_000:
            raise session.nonsense("SEARCH")
        every = (uid for low, high in runs for uid in range(low, high + 1))
        return [uid for uid in every if uid >= first and (last is None or uid <= last) and uid not in self.known]

    def _fetch_uids(self, session: Session, uids: Sequence[int]) -> list[Arrival]:
        batch = self._rows.fetch(session, number_set(uids))
        if not self._bear(batch):
            return []
        wanted = set(uids)
        mine = [one for one in batch.found if one.uid in wanted]
        arrivals = self._arrivals(mine, lean=False)
        if batch.unreadable:
            here = {arrival.uid for arrival in arrivals} | {one.uid for one in mine}
            alone = (self._alone(session, uid) for uid in uids if uid not in here)
            arrivals += [arrival for arrival in alone if arrival is not None]
        return arrivals

    def _alone(self, session: Session, uid: int) -> Arrival | None:
        """A message whose response could not be read among others: asked for with the least that makes a row."""
        batch = session.fetch((number_set([uid]), rows.LEAST))
        readable = [one for one in batch.found if one.uid == uid]
        if readable:
            found = self._arrivals(readable, lean=False)
            return found[0] if found else None
        if not batch.unreadable and not self._exist(session, [uid]):
            return None
        _log.warning("%s: the response for UID %d can't be read", self.name, uid)
        return rows.unreadable(uid)

    # Whether it is all.

    def _settle(self, session: Session) -> None:
        """With all brought in, the server's count and ours must agree; if they don't, find out, once for each difference."""
        if session.news or self.due(older=True):
            return
        self._exists = session.exists
        if self._as_counted() or self._audited == (len(self.known), self._exists):
            return
        self._audit(session)
        if len(self.known) < self._exists:
            self._old = self._listed(session, 1, None) or None
        self._audited = (len(self.known), self._exists)
        self._save(total=self._total())

    def note_gone(self, uid: int) -> None:
        """A message that we moved away ourselves, or found to be gone."""
        if uid in self.known:
            self._exists -= 1
            self._vanish([uid])

    # The store.

    def _arrivals(self, found: Iterable[Fetched], *, lean: bool = False) -> list[Arrival]:
        return self._rows.arrivals(found, self._since(), lean=lean)

    def _total(self) -> int:
        """What progress counts towards: within retention, where there is one."""
        if self._since() is None:
            return self._exists
        return len(self.known) + len(self._new) + len(self._old or ())


def _after(*uids: int) -> int:
    """The UID after the highest. There is none after the last that can be: it stays, and is found to be known."""
    return min(max(uids) + 1, responses.LARGEST)
