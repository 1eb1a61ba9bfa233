"""`agentdesk sync`: the engine in this process, without a screen."""

from __future__ import annotations

import signal
from argparse import Namespace
from dataclasses import asdict, replace
from types import FrameType

from agentdesk.cli.opening import config_of
from agentdesk.cli.output import columns, talk, write_json
from agentdesk.config import DeskConfig
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState
from agentdesk.engine.run import ChannelReport, Report
from agentdesk.engine.run import sync as run
from agentdesk.errors import ConfigError
from agentdesk.locale import say
from agentdesk.paths import make_private
from agentdesk.secrets import fetch_channel


def sync(arguments: Namespace) -> int:
    """A channel whose password can't be had is left out and told; the others are brought up to date."""
    config = config_of(arguments)
    make_private(config.state)
    reachable, secrets = _with_secrets(config)
    ended = _Ended()
    report = run(reachable, secrets, once=arguments.once, progress=_Progress(), stop=ended)
    with Desk.open(config) as desk:
        drafts = len(desk.writing.drafts())
        faults = [*config.faults, *desk.reading.engine_faults()]
        if config.orders is not None and config.orders.exists():  # a file that is not there is among the configuration's faults
            faults += desk.reading.order_faults()
        for fault in faults:
            talk(fault)
    if arguments.json:
        counts = {state.value: report.outbox.get(state.value, 0) for state in MessageState} | {"draft": drafts}
        write_json({"channels": {name: asdict(channel) for name, channel in report.channels.items()}, "outbox": counts})
    else:
        columns([_columns(name, channel) for name, channel in report.channels.items()])
        columns([(str(count), state) for state, count in report.outbox.items() if state != MessageState.FILED])
    if len(reachable.channels) < len(config.channels):
        return ConfigError.exit_status
    return report.exit_status


def _with_secrets(config: DeskConfig) -> tuple[DeskConfig, dict[str, str]]:
    found: dict[str, str] = {}
    for channel in config.channels:
        try:
            found |= fetch_channel(channel, config.folder)
        except ConfigError as error:
            talk(str(error))
    return replace(config, channels=tuple(channel for channel in config.channels if channel.name in found)), found


class _Ended:
    """True once somebody asked to end: Ctrl-C, a service manager, a closed terminal. The running step is finished."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def __call__(self) -> bool:
        return self._asked


class _Progress:
    """Says on stderr what changed since it was last asked."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def __call__(self, report: Report) -> None:
        for name, channel in report.channels.items():
            words = say(
                "cli.sync_progress", channel=name, state=channel.state, conversations=channel.conversations, messages=channel.messages
            )
            words += f" · {channel.detail}" if channel.detail else ""
            if self._said.get(name) != words:
                self._said[name] = words
                talk(words)


def _columns(name: str, channel: ChannelReport) -> tuple[str, ...]:
    return (
        name,
        channel.state,
        say("cli.conversations", n=channel.conversations),
        say("cli.messages", n=channel.messages),
        say("cli.bytes", received=channel.bytes_in, sent=channel.bytes_out, trips=channel.round_trips),
        f"{channel.seconds:.1f} s",
        channel.detail,
    )
