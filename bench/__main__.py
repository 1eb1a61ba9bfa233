"""All figures: `python -m bench [--quick] [--json] [NAME ...]`, with names out of mailbox, start, queries, peers.

`--quick`: a tenth of everything and fewer runs, to see that it works; its figures say nothing about the goals.
"""

from __future__ import annotations

import argparse
import sys

from bench import mailbox, peers, queries, start
from bench.report import say

NAMES = ("mailbox", "start", "queries", "peers")


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
        elif name == "start":
            parts += start.measure(size, runs)
        elif name == "queries":
            parts += queries.measure((size, 10 * size))
        else:
            parts.append(peers.measure(size, runs))
    return say(parts, as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
