"""Faults laid into a desk, in full: `python -m faults [--rounds N] [--seed N] [NAME ...]`.

Names: kills, cuts, stalls, uidvalidity, fuzz, disk, clock, screen; all of them if none is given. Every part prints its figures, a line
each; with a failure the first ones are shown and the exit status is 1. With `--rounds` a part takes so many rounds, or points,
instead of all: the cut of every byte of a sync takes hours. The tests in `test_fault_*.py` are the same parts, shorter.

Where Dovecot is installed, mailboxes are its own; else, and where a fault must fall on one certain byte, they are scripted.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from faults import clock, cuts, disk, fuzz, kills, mixed, posts, screen, smtpfuzz, uidvalidity
from faults.disks import impossible
from faults.figures import Figure
from faults.victim import Victims

SHOWN = 20


def _tell(words: str) -> None:
    print(f"... {words}", file=sys.stderr, flush=True)


@contextmanager
def _post() -> Iterator[posts.Post]:
    from tests.servers import dovecot

    if missing := dovecot.available():
        _tell(f"{missing}; the mailbox is a scripted one")
        with posts.scripted() as scripted:
            yield scripted
        return
    server = dovecot.Dovecot()
    try:
        with posts.real(server, server.user()) as real:
            yield real
    finally:
        server.stop()


def _kills(rounds: int, seed: int) -> Iterator[Figure]:
    with _post() as post, Victims() as victims:
        for kind in kills.KINDS:
            yield kills.steps(post, victims, kind)
        yield mixed.random_kills(post, victims, rounds or 1000, seed)


def _cuts(rounds: int, _seed: int) -> Iterator[Figure]:
    for course in cuts.courses(cuts.mailbox()):
        yield cuts.everywhere(course, every=max(1, (course.down + course.up) // rounds) if rounds else 1, tell=_tell)


def _stalls(rounds: int, _seed: int) -> Iterator[Figure]:
    for course in cuts.courses(cuts.mailbox(), compressed=(True,)):
        yield cuts.stalls(course, rounds or 500)
        yield cuts.stalls(course, rounds or 500, dripping=True)


def _uidvalidity(rounds: int, seed: int) -> Iterator[Figure]:
    yield uidvalidity.changes(rounds or 200, seed)


def _fuzz(rounds: int, seed: int) -> Iterator[Figure]:
    yield fuzz.dialogues(rounds or 100_000, seed=seed, tell=_tell)
    yield smtpfuzz.dialogues(rounds or 100_000, seed=seed, tell=_tell)


def _disk(rounds: int, _seed: int) -> Iterator[Figure]:
    if why := impossible():
        figure = Figure("disk")
        figure.failures.append(why)
        yield figure.done()
        return
    with posts.scripted() as post, Victims() as victims:
        for error in ("ENOSPC", "EIO"):
            for lasting in (True, False):
                yield disk.writes(post, victims, error, lasting=lasting, every=max(1, 400 // rounds) if rounds else 1)


def _clock(rounds: int, seed: int) -> Iterator[Figure]:
    with posts.scripted() as post, Victims() as victims:
        yield clock.jumps(post, victims, rounds or 50, seed)


def _screen(rounds: int, _seed: int) -> Iterator[Figure]:
    yield screen.keys(rounds or 200)


PARTS: dict[str, Callable[[int, int], Iterator[Figure]]] = {
    "kills": _kills, "cuts": _cuts, "stalls": _stalls, "uidvalidity": _uidvalidity, "fuzz": _fuzz, "disk": _disk, "clock": _clock, "screen": _screen,
}  # fmt: skip


def main() -> int:
    """Run the parts; 1 if one of them found something."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PARTS)}, all")
    parser.add_argument("--rounds", type=int, default=0, help="so many rounds or points of each part, instead of all")
    parser.add_argument("--seed", type=int, default=1, help="what random parts are drawn from")
    options = parser.parse_args()
    names = list(PARTS) if not options.names or "all" in options.names else options.names
    if unknown := set(names) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    logging.disable(logging.WARNING)  # every broken connection is logged
    failed = False
    for name in names:
        _tell(name)
        for figure in PARTS[name](options.rounds, options.seed):
            print(figure, flush=True)
            for fault in figure.failures[:SHOWN]:
                print(f"    {fault}", flush=True)
            failed = failed or bool(figure.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
