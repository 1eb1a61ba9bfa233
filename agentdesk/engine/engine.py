"""The engine: everything that happens behind the screen, in a process of its own.

It holds the desk's lock, runs one thread a channel (and one for each way out by SMTP), takes the shop's orders in, and carries
events to the team log and back. It looks at the store itself; a wake byte only makes it look earlier.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial

from agentdesk.channels.base import Channel, Job, Usage
from agentdesk.channels.chatwoot import ChatwootChannel
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.smtp import LINGER, SmtpSender
from agentdesk.channels.tls import identity_of
from agentdesk.config import DeskConfig, Link, MailChannelConfig, check_calendar
from agentdesk.engine import handover, questions, shop, team
from agentdesk.engine.ahead import Ahead
from agentdesk.engine.clock import Leaps
from agentdesk.engine.delivery import Delivery
from agentdesk.engine.fetching import CHAT_SLICE, ChatSource, Fetching, MailSource
from agentdesk.engine.filing import Filing
from agentdesk.engine.meter import Meter
from agentdesk.engine.packs import Puller, forget_others
from agentdesk.engine.service import ChatJobs, MailJobs, Service
from agentdesk.engine.status import ChannelStatus, tell
from agentdesk.engine.worker import ChannelWorker, Repeating
from agentdesk.errors import ConfigError, DeskError
from agentdesk.locale import say
from agentdesk.mail.reader import Reader
from agentdesk.oauth.tokens import AccessTokens, tokens_of
from agentdesk.secrets import KEY
from agentdesk.shops.files import FilesShop
from agentdesk.store import drafts, jobs, linkchoice, migrations, outbox, packs, retention, traffic
from agentdesk.store.blobs import Blobs
from agentdesk.store.chats import StoredChats
from agentdesk.store.database import Changes, Database, Tx
from agentdesk.store.jobs import Job as StoredJob
from agentdesk.store.lock import DeskLock
from agentdesk.store.mail import StoredMail, recount
from agentdesk.store.partials import Partials
from agentdesk.store.rules import opening_hours, store_rules
from agentdesk.store.team import LocalTeamLog
from agentdesk.store.trouble import Trouble

log = logging.getLogger(__name__)

TICK = 0.1
SHOP_EVERY = 5.0
PRUNE_EVERY = 300.0
SWEEP_EVERY = 6 * 3600.0
AHEAD_EVERY = 2.0
"""Seconds between two looks at what a thin line should bring in next."""
DRAIN_SECONDS = 600.0
PAUSE_AFTER_FAULT = 5.0
SENDING_PATIENCE = 60.0
"""Seconds a reply that is being handed over may still take at the end; cut off, its outcome would be unknown."""
FILE_ATTEMPTS = 4
"""After these the end is not put off any longer for a copy in Sent."""


JOBS = {"text": Job.TEXTS}
"""What a job's bytes are counted to; the others change something."""


def counted(usage: Usage, do: Callable[[StoredJob], None]) -> Callable[[StoredJob], None]:
    """Count what jobs move to what they are."""

    def run(job: StoredJob) -> None:
        with usage.doing(JOBS.get(job.kind, Job.ACTIONS)):
            do(job)

    return run


class Engine:
    """One desk's engine. `start` after the lock is taken; `tick` ten times a second; `stop`."""

    def __init__(self, config: DeskConfig, secrets: Mapping[str, str]) -> None:
        self.config = config
        self.lock = DeskLock(config.state)
        self._secrets = dict(secrets)
        self._rules = store_rules(config, opening_hours(config))
        self._workers: dict[str, ChannelWorker] = {}
        self._senders: dict[str, Repeating] = {}
        self._smtp: dict[str, SmtpSender] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._tokens: dict[str, AccessTokens] = {}
        self._ahead: dict[str, Ahead] = {}
        self._puller: Puller | None = None
        self._pulling: Repeating | None = None
        self._link = config.link
        self._team_lock = threading.Lock()
        self._trouble = Trouble(config.state)
        self._next_try = 0.0
        self._stuck = ""
        """Why the last look around could not be done."""
        self._open = contextlib.ExitStack()
        self._started = False

    def start(self) -> None:
        """Open the store, recover what a crash left, start the threads.

        Raises:
            DeskError: nothing can be written, or nobody can read what is there. Nothing runs then; it may be tried again.
        """
        try:
            self._begin()
        except BaseException as error:
            if isinstance(error, DeskError):
                self._trouble.say(str(error))
            self._started = False
            self._end_threads(10.0)
            self._open.close()
            raise

    def _begin(self) -> None:
        config = self.config
        self.database = self._open.enter_context(Database(config.state / "desk.db", holds_lock=True))
        self._trouble.take_room()
        self._started = True
        self._blobs = Blobs(config.state / "blobs")
        self._partials = Partials(config.state / "blobs" / "partial")
        self._team = self._open.enter_context(contextlib.closing(LocalTeamLog(config.state / "team.db")))
        lost = self.database.write(outbox.recover)
        if lost:
            log.warning("%s replies were being handed over when the engine died", lost)
        self.database.write(questions.forget_all)
        self.database.write(drafts.forget_discarded)
        self._changes = self._open.enter_context(contextlib.closing(Changes(self.database)))
        self._shop = FilesShop(config.orders, config.timezone) if config.orders else None
        self._next_shop = self._next_prune = self._next_sweep = self._next_look = 0.0
        self._next_ahead = 0.0
        self._events_wait = False
        self._leaps = Leaps()
        self._link = linkchoice.chosen(self.database) or config.link
        self._meter = Meter(self.database, config)
        self._open.enter_context(contextlib.closing(handover.Receiver(config.state, self.set_secret)))
        statuses = {channel.name: ChannelStatus(self.database, channel) for channel in config.channels}
        self._tell_faults()
        self._refresh_if_rules_changed()
        self._carry_events()
        for channel in config.channels:
            status = statuses[channel.name]
            if self.offline:
                status.set("offline", say("engine.offline"))
            if isinstance(channel, MailChannelConfig):
                self._start_mail(channel.name, status)
            else:
                self._start_chat(channel.name, status)
        self._start_packs()

    def _start_packs(self) -> None:
        sources = self.config.pack_sources
        self.database.write(lambda tx: packs.forget_others(tx, [source.id for source in sources]))
        forget_others(self.config.state, sources)
        if not sources:
            return
        usage = Usage(job=Job.PACKS)
        self._meter.watch(packs.TOPIC, usage)
        self._puller = Puller(sources, self.database, usage, lambda: self.offline)
        self._pulling = Repeating(packs.TOPIC, self._puller.run_due, self._puller.seconds_to_next)
        self._pulling.start()

    @property
    def offline(self) -> bool:
        """desk.toml or the agent keeps the desk away from the line."""
        return self._link is Link.OFFLINE

    def _tell_faults(self) -> None:
        """A country without a calendar is told, its holidays count as working days; so are replies of channels that are no more."""
        known = [channel.name for channel in self.config.channels]
        waiting = self.database.all("SELECT channel, count(*) AS n FROM outbox WHERE state IN ('held', 'scheduled', 'queued') GROUP BY channel")
        faults = [say("engine.no_channel", channel=row["channel"], n=row["n"]) for row in waiting if row["channel"] not in known]
        try:
            check_calendar(self.config.hours)
        except ConfigError as error:
            faults.append(str(error))
            log.warning("%s", error)
        tell(self.database, faults)

    def _start_mail(self, name: str, status: ChannelStatus) -> None:
        config = self.config
        settings = config.channel(name)
        assert isinstance(settings, MailChannelConfig)
        password = self._secrets.get(name, "")
        identity = identity_of(settings, self._secrets.get(name + KEY, ""))
        signing = Usage(job=Job.OAUTH)
        tokens = tokens_of(settings, config.folder, self._secrets, partial(self._not_kept, name), signing)
        if tokens is not None:
            self._tokens[name] = tokens
            self._meter.watch(name, signing)
        stored = StoredMail(self.database, name, self._rules)
        mailbox = ImapChannel(
            settings, password, stored,
            retention_days=config.retention_days, tokens=tokens, identity=identity, reader=Reader(config.timezone),
        )

        sender = SmtpSender(settings, password, tokens=tokens, identity=identity, linger=LINGER)
        sender.usage.job = Job.SENDING
        ahead = Ahead(mailbox, stored, status, self._meter, self.database, self._rules, lambda: self._link)
        service = Service(name, counted(mailbox.usage, MailJobs(mailbox)), self.database)
        filing = Filing(name, mailbox, self.database, self._blobs, self._rules, (config.agent_name, settings.address), settings.sent_copy)
        delivery = Delivery(
            config, name, sender, self.database, self._blobs, self._rules, accepted=lambda: self._workers[name].wake(),  # noqa: PLW0108 - it is made below
            refused=lambda words: self._ask_password(name, words), fresh=lambda: self._workers[name].fresh,
            away=lambda: self.offline,
        )

        def serve() -> None:
            service.run_due()
            with mailbox.usage.doing(Job.FILING):
                filing.run_due()

        fetching = Fetching(
            name, MailSource(mailbox, self.database), self.database, self._blobs, self._partials,
            needed=lambda: service.waits() or filing.seconds_to_next(1.0) <= 0, ending=lambda: self._workers[name].leaving,
        )

        def next_at(most: float) -> float:
            return min(filing.seconds_to_next(most), fetching.seconds_to_next(most))

        self._smtp[name], self._deliveries[name] = sender, delivery
        worker = ChannelWorker(
            mailbox, status, serve, next_at, lambda words: self._ask_password(name, words), ahead,
            mailbox.usage.doing(Job.ATTACHMENTS)(fetching.run_slice), looked=lambda: self._senders[name].wake(),  # noqa: PLW0108 - it is made below
        )
        out = Repeating(f"smtp-{name}", delivery.run_due, delivery.seconds_to_next)
        self._workers[name], self._senders[name], self._ahead[name] = worker, out, ahead
        self._meter.watch(name, mailbox.usage)
        self._meter.watch(name, sender.usage)
        worker.go(online=not self.offline)
        worker.start()
        out.start()

    def _start_chat(self, name: str, status: ChannelStatus) -> None:
        config = self.config
        settings = config.channel(name)
        assert not isinstance(settings, MailChannelConfig)
        chat = ChatwootChannel(settings, self._secrets.get(name, ""), StoredChats(self.database, name, self._rules))
        service = Service(name, counted(chat.usage, ChatJobs(chat, self.database)), self.database)
        delivery = Delivery(
            config, name, chat, self.database, self._blobs, self._rules, accepted=lambda: None,
            refused=lambda words: self._ask_password(name, words), fresh=lambda: self._workers[name].fresh,
        )

        def serve() -> None:
            with chat.usage.doing(Job.SENDING):
                delivery.run_due()
            service.run_due()

        fetching = Fetching(
            name, ChatSource(chat), self.database, self._blobs, self._partials, slice_seconds=CHAT_SLICE,
            needed=lambda: service.waits() or delivery.seconds_to_next(1.0) <= 0, ending=lambda: self._workers[name].leaving,
        )

        def next_at(most: float) -> float:
            return min(delivery.seconds_to_next(most), fetching.seconds_to_next(most))

        self._deliveries[name] = delivery
        worker = ChannelWorker(
            chat, status, serve, next_at, lambda words: self._ask_password(name, words),
            fetch=chat.usage.doing(Job.ATTACHMENTS)(fetching.run_slice), looked=lambda: self._workers[name].wake(),  # noqa: PLW0108 - it is made here
        )
        self._workers[name] = worker
        self._meter.watch(name, chat.usage)
        worker.go(online=not self.offline)
        worker.start()

    def _refresh_if_rules_changed(self) -> None:
        """Promises, hours or our addresses were edited: every due time is computed anew."""
        c = self.config
        text = repr((sorted(c.promises.items()), c.hours, sorted(c.own_addresses), c.reopen_days, str(c.timezone)))
        print_now = hashlib.sha256(text.encode()).hexdigest()
        if self.database.value("SELECT value FROM meta WHERE key = 'rules'") == print_now:
            return
        self.database.write(self._ours_are_out)
        shop.refresh_all(self.database, self._rules)
        self.database.write(lambda tx: tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('rules', ?)", (print_now,)))

    def _ours_are_out(self, tx: Tx) -> None:
        """What an address of ours wrote is no customer's message, also where the address became ours later."""
        for address in self._rules.own:
            tx.execute("UPDATE message SET direction = 'out', seen = 1 WHERE direction = 'in' AND lower(from_address) = ?", (address,))

    def _ask_password(self, name: str, words: str) -> None:
        kind = "login" if name in self._tokens else "password"
        text = say(f"engine.ask_{kind}", channel=name, detail=words)
        self.database.write(lambda tx: questions.ask(tx, kind, name, text))

    def _not_kept(self, name: str, reason: str) -> None:
        """A new refresh token lives in memory only: the agent should know before the engine ends."""
        text = say("engine.sign_in_not_kept", channel=name, reason=reason)
        log.warning("%s", text)
        self.database.write(lambda tx: questions.ask(tx, "login", name, text))

    # -- while it runs

    def tick(self) -> None:
        """Look at what changed, and do what is due. Called about every `TICK` seconds."""
        self._watch_the_disk()
        if time.monotonic() < self._next_look:
            return
        try:
            self._look()
            self._count()
        except (DeskError, sqlite3.Error) as error:  # the disk is full, somebody holds the database: no reason to end, nothing is lost
            log.exception("looking at what changed")
            self._stuck = str(error) if isinstance(error, DeskError) else ""
            self._next_look = time.monotonic() + PAUSE_AFTER_FAULT
        else:
            self._stuck = ""

    def _count(self) -> None:
        """Write down what was moved; where a ceiling is reached, or a new day begins, the mailboxes bring in less, or more again."""
        if self._meter.due():
            for name, ahead in self._ahead.items():
                if ahead.apply():
                    self._workers[name].wake()

    def used(self) -> dict[str, dict[str, dict[str, int]]]:
        """What was moved since the start and up to now, by channel and job."""
        self._meter.flush()
        return {channel.name: self._meter.used(channel.name) for channel in self.config.channels}

    def _doubt(self) -> None:
        """After a sleep the connections are mostly dead, and a clock that was set makes other things due."""
        log.info("the computer slept, or its clock was set")
        for worker in self._workers.values():
            worker.doubt()
        for out in self._senders.values():
            out.wake()

    def _follow_choice(self) -> None:
        """The agent chose how the line is to be taken."""
        self._link = linkchoice.chosen(self.database) or self.config.link
        for ahead in self._ahead.values():
            ahead.apply()
        for worker in self._workers.values():
            worker.go(online=not self.offline)
        self.wake()

    def _watch_the_disk(self) -> None:
        """Say that nothing can be written, where that can still be said, and find out when it can be again."""
        self._trouble.say(self.database.full or self._stuck)
        if self.database.full and time.monotonic() >= self._next_try:
            self._next_try = time.monotonic() + PAUSE_AFTER_FAULT
            with contextlib.suppress(DeskError, sqlite3.Error):
                self.database.write(lambda tx: tx.touch("channel"))

    def _look(self) -> None:
        if self._leaps.look():
            self._doubt()
        topics = {topic for topic, _ in self._changes.poll()}
        if topics & {"link", "all"}:
            self._follow_choice()
        if topics & {"outbox", "job", "all"}:
            self.wake()
        if self._pulling is not None and topics & {packs.TOPIC, "link", "all"}:
            self._pulling.wake()
        if "login" in topics:  # `agentdesk login` has put a new refresh token into its place
            for name in self._tokens:
                self.set_secret(name, "")
        self._events_wait = self._events_wait or bool(topics & {"event", "all"})
        if self._events_wait:
            self._carry_events()
            self._events_wait = False
        now = time.monotonic()
        if topics & {"list", "conversation", "draft", "all"} and now >= self._next_ahead:
            self._next_ahead = now + AHEAD_EVERY
            for name, ahead in self._ahead.items():
                if ahead.wants:
                    self._workers[name].wake()
        if now >= self._next_shop and self._shop is not None:
            self._next_shop = now + SHOP_EVERY
            shop.bring_in(self._shop, self.database, self._rules)
        if now >= self._next_prune:
            self._next_prune = now + PRUNE_EVERY
            self.database.prune_revisions()
            if retention.forget(self.database, self.config.retention_days):
                for channel in self.config.channels:
                    self.database.write(partial(recount, channel=channel.name))
            jobs.forget_failed(self.database)
            traffic.forget(self.database)
            if now >= self._next_sweep:
                self._next_sweep = now + SWEEP_EVERY
                retention.sweep(self.database, self._blobs, self._partials)
                migrations.forget_copies(self.database.path)

    def wake(self) -> None:
        """Let every thread look at its work."""
        for out in self._senders.values():
            out.wake()
        for worker in self._workers.values():
            worker.wake()

    def _carry_events(self) -> None:
        with self._team_lock:
            team.drain(self._team, self.database, self._rules)

    def set_secret(self, name: str, value: str) -> None:
        """A password the agent gave: used from now on, never written down."""
        self._secrets[name] = value
        if not self._started:  # another engine holds the desk: it is to know, and this one takes over with it
            if not handover.hand_on(self.config.state, name, value):
                log.warning("the engine that works on this desk can't be told the password of %s; it is used when this one takes over", name)
            return
        worker = self._workers.get(name)

        if name in self._tokens:
            self._tokens[name].use(value)
        elif name in self._smtp:
            self._smtp[name].set_secret(value)
        if worker is not None:
            worker.channel.set_secret(value)
        self.database.write(lambda tx: questions.answered(tx, name))
        if worker is not None:
            worker.renew()
        if name in self._senders:
            self._senders[name].wake()

    # -- how it ends

    def unfinished(self, without: Collection[str] = ()) -> int:
        """Replies the engine can still bring further by itself: to be handed over soon, or to be filed.

        Not those of channels it has no connection for, nor those that Sent has refused several times.
        """
        horizon = int((time.time() + DRAIN_SECONDS) * 1000)
        rows = self.database.all(
            "SELECT channel FROM outbox WHERE state IN ('queued', 'fenced', 'sending') OR (state = 'accepted' AND file_attempts < ?)"
            " OR (state IN ('held', 'scheduled') AND hold_until <= ?) OR (state = 'unknown' AND looked_at = 0)",
            (FILE_ATTEMPTS, horizon),
        )
        return sum(row["channel"] in self._online and row["channel"] not in without for row in rows)

    @property
    def _online(self) -> Mapping[str, ChannelWorker]:
        """The channels that can do something by themselves."""
        return {} if self.offline else self._workers

    def jobs_waiting(self) -> int:
        """Jobs that its channels can still do."""
        return sum(jobs.waiting(self.database, name) for name in self._online)

    def up_to_date(self, without: Collection[str] = ()) -> bool:
        """Every channel has brought in everything at least once since the start, and every source of packs was looked at."""
        looked = self._puller is None or self.offline or self._puller.looked
        return looked and all(worker.rounds > 0 for name, worker in self._online.items() if name not in without)

    def not_reached(self) -> list[str]:
        """Channels whose last attempt to connect, or to hand a reply over, failed."""
        return [name for name, worker in self._online.items() if worker.failed or self._deliveries[name].failed]

    def unreached(self) -> list[str]:
        """Channels that have not brought in everything since the start, or whose last attempt failed."""
        failed = self.not_reached()
        return [name for name, worker in self._online.items() if name in failed or not worker.rounds]

    def channels(self) -> list[Channel]:
        return [worker.channel for worker in self._workers.values()]

    def stop(self, patience: float = 10.0) -> None:
        """Finish the running steps, close the connections, free the lock."""
        self._end_threads(patience)
        with contextlib.suppress(DeskError, sqlite3.Error):  # the next engine carries them
            self._carry_events()
        with contextlib.suppress(DeskError, sqlite3.Error):
            self._meter.flush()
            self.database.write(lambda tx: linkchoice.choose(tx, None))
        self._open.close()
        self._trouble.say("")  # the next engine finds out for itself
        self.lock.release()

    def _end_threads(self, patience: float) -> None:
        end = time.monotonic() + patience
        for delivery in self._deliveries.values():
            delivery.stop()
        threads: list[Repeating | ChannelWorker] = [*self._senders.values(), *self._workers.values()]
        if self._puller is not None and self._pulling is not None:
            self._puller.stop()
            threads.append(self._pulling)
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join(max(0.1, end - time.monotonic()))
        end += SENDING_PATIENCE - patience
        while any(delivery.sending for delivery in self._deliveries.values()) and time.monotonic() < end:
            time.sleep(TICK)
        for thread in threads:  # what was sent is written down
            thread.join(0.1)
        for name, sender in self._smtp.items():
            if not self._deliveries[name].sending:
                sender.let_go(at_once=True)
        for started in (self._workers, self._senders, self._smtp, self._deliveries, self._tokens, self._ahead):
            started.clear()
