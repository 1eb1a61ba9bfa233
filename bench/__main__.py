"""All figures: `python -m bench [--quick] [--json] [NAME ...]`, with names out of mailbox, line, day, start, queries, peers, mail, snippets, check, screen, keys.

`line` takes some ten minutes; of `day` a tenth is done here (`python -m bench.day` does the whole). `--quick`: a tenth of everything and fewer runs, to see that it works; its figures say nothing about the goals.
"""

from __future__ import annotations

import argparse
import sys

from bench import check, day, keys, line, mail, mailbox, peers, queries, screen, snippets, start
from bench.report import say

NAMES = ("mailbox", "line", "day", "start", "queries", "peers", "mail", "snippets", "check", "screen", "keys")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    wanted = options.names or NAMES
    size, runs = (1_000, 3) if options.quick else (10_000, 7)
    parts = []
    for name in NAMES:
        if name not in wanted:
            continue
        print(f"... {name}", file=sys.stderr, flush=True)
        if name == "mailbox":
            parts.append(mailbox.measure(size))
        elif name == "line":
            parts += line.measure(size)
        elif name == "day":
            parts.append(day.measure(size, 10 if size == 10_000 else 50))
        elif name == "start":
            parts += start.measure(size, runs)
        elif name == "queries":
            parts += queries.measure((size, 10 * size))
        elif name == "mail":
            parts += mail.measure(whole=not options.quick)
        elif name == "snippets":
            parts += snippets.measure(count=500 if options.quick else 5000)
        elif name == "check":
            parts.append(check.measure(10 * size))
        elif name == "screen":
            parts.append(screen.measure(size))
        elif name == "keys":
            parts += [keys.under_load(size), keys.by_size(size // 10), keys.by_size(size * 10)]
        else:
            parts.append(peers.measure(size, runs))
    return say(parts, as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
