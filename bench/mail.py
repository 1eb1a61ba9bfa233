"""Mail as it really is: all of ../shared/mail and all hostile mail through a real Dovecot, against what is expected of each.

What is kept must equal what the server holds, byte for byte; what is read, what the sources of that mail expect. The hostile ones are
brought in, listed, shown, answered and saved. `tests/journey/test_hostile_mail.py` walks through them on a screen, watched for escapes
and connections.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Figure, Part

CORPUS, HOSTILE = "The mail of others, through Dovecot on a normal line", "Hostile mail: every expectation of its generator"
SHARED = Path(__file__).resolve().parents[2] / "shared"


def measure(*, whole: bool = True) -> list[Part]:
    """`whole`: also the hostile messages above 2 MB."""
    try:
        from tests.servers import dovecot  # noqa: PLC0415 - asks for what a checkout's environment has
    except ImportError as error:
        return _none(f"run it in a checkout with the tests' requirements ({error})")
    if missing := dovecot.available():
        return _none(f"{missing}; `sudo apt-get install dovecot-imapd` brings it")
    if not (SHARED / "mail").is_dir():
        return _none("the test material in ../shared is not here")
    server = dovecot.Dovecot()
    try:
        with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as name:
            return [_corpus(server, Path(name)), _hostile(server, Path(name), whole=whole)]
    finally:
        server.stop()


def _none(why: str) -> list[Part]:
    return [Part(CORPUS, skipped=why), Part(HOSTILE, skipped=why)]


def _corpus(server: object, folder: Path) -> Part:
    from tests.servers.mail_of_others import bring_in  # noqa: PLC0415 - see above

    start = time.monotonic()
    with bring_in(server, folder / "others", SHARED) as found:  # type: ignore[arg-type]  # a Dovecot
        seconds = time.monotonic() - start
        kept = found.compared
        parts = kept.headers + kept.sections + kept.raws
        figures = [
            Figure("messages brought in", found.messages, "", note=f"{found.kept} of them different; in {seconds:.0f} s"),
            Figure("kept otherwise than the server holds it", len(kept.differences), "", 0, f"of {parts:,} headers, sections and whole messages, {kept.bytes:,} B"),
            Figure("tracebacks in the engine's log", found.tracebacks, "", 0),
        ]
        for name, tally, most in (
            ("subjects not as expected", found.subjects, 2.0), ("senders not as expected", found.senders, 3.0), ("texts not as expected", found.texts, 10.0),
            ("machines taken for people", found.machines, 0.0), ("people taken for machines", found.people, 1.0),
        ):  # fmt: skip
            names = ", ".join(file for file, _, _ in tally.wrong)
            figures.append(Figure(name, 100 * (1 - tally.share), "%", most, f"{len(tally.wrong)} of {tally.all}{': ' + names if names else ''}"))
    return Part(CORPUS, tuple(figures))


def _hostile(server: object, folder: Path, *, whole: bool) -> Part:
    from tests.journey import hostile_expectations as expectations  # noqa: PLC0415 - see above
    from tests.servers.corpus import MailDesk  # noqa: PLC0415 - see above

    made = folder / "made"
    subprocess.run(
        [sys.executable, str(SHARED / "tools" / "hostile_gen.py"), str(made), *(() if whole else ("--small",))], check=True, capture_output=True
    )
    desk = MailDesk(folder / "hostile", server, "support@agentdesk.test")  # type: ignore[arg-type]  # a Dovecot
    cases = expectations.cases(made)
    before, start = expectations.peak(), time.monotonic()
    rows = expectations.bring_in(desk, cases)
    seconds, grown = time.monotonic() - start, expectations.peak() - before
    outcome = expectations.look(desk, cases, rows, folder / "saved", grown)
    new = [one for one in outcome.broken if one not in expectations.KNOWN]
    figures = [
        Figure("messages", len(cases), "", note=f"with all attachments and whole messages in {seconds:.0f} s; {grown} MB of memory more"),
        Figure("expectations", sum(outcome.all.values()), "", note=", ".join(f"{kind} {count}" for kind, count in sorted(outcome.all.items()))),
        Figure("that do not hold", len(outcome.broken), "", len(expectations.KNOWN)),
    ]
    figures += [Figure(f"  {kind}: {name}", 1, "", note=expectations.KNOWN.get((kind, name), "unexpected")) for kind, name in outcome.broken]
    figures.append(Figure("of these without a known reason", len(new), "", 0))
    return Part(HOSTILE, tuple(figures))
