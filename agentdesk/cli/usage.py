"""`agentdesk usage`: what the desk moved over the line."""

from __future__ import annotations

from argparse import Namespace

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import columns, line, talk, write_json
from agentdesk.desk.usage import Sum, UsageReport
from agentdesk.locale import say


def usage(arguments: Namespace) -> int:
    """The last days in all, by channel and job, and day by day."""
    with open_desk(arguments) as desk:
        report = desk.usage.report(arguments.days)
        spared = [channel for channel in desk.reading.channels() if channel.spared]
    if arguments.json:
        write_json(_shape(report) | {"spared": [channel.name for channel in spared]})
        return 0
    for channel in spared:
        talk(say(f"usage.spared_{channel.spared}", channel=channel.name))
    if not report.moved:
        talk(say("usage.nothing"))
        return 0
    line(say("usage.days", n=len(report.days)))
    columns([(say("usage.total"), *_figures(report.total()))], indent="  ")
    columns([(name, *_figures(total)) for name, total in report.channels()], indent="  ")
    line()
    columns([(say(f"usage.job_{job}"), *_figures(total)) for job, total in report.jobs()], indent="  ")
    line()
    columns([(day.isoformat(), *_figures(total)) for day in reversed(report.days) if (total := report.total(day)).bytes], indent="  ")
    return 0


def _figures(total: Sum) -> tuple[str, ...]:
    return (say("cli.bytes", received=total.bytes_in, sent=total.bytes_out, trips=total.round_trips),)


def _shape(report: UsageReport) -> dict[str, object]:
    return {
        "days": [
            {"day": m.day, "channel": m.channel, "job": m.job, "bytes_in": m.bytes_in, "bytes_out": m.bytes_out, "round_trips": m.round_trips}
            for m in report.moved
        ],
        "today": {"day": report.today.isoformat()} | _sum(report.total(report.today)),
        "total": _sum(report.total()),
        "channels": {name: _sum(total) for name, total in report.channels()},
        "jobs": {job: _sum(total) for job, total in report.jobs()},
        "ceiling": {"day": report.ceiling or None, "channels": report.ceilings},
    }


def _sum(total: Sum) -> dict[str, int]:
    return {"bytes_in": total.bytes_in, "bytes_out": total.bytes_out, "round_trips": total.round_trips}
