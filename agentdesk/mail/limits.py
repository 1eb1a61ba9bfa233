"""How much of a message is looked at. What is beyond is stored and listed, and its raw form can be saved.

Real mail stays far below these (2,531 messages of third-party corpora: none is hit by an honest one); hostile mail makes
parsers quadratic or recursive above them.
"""

from __future__ import annotations

HEADER_BYTES = 256 * 1024
"""Of one header block."""
FIELD_BYTES = 64 * 1024
"""Of one header field with its continuation lines."""
FIELDS = 1_000
ADDRESSES = 1_000
"""In one address field."""
PARAMETERS = 200
"""Of one Content-Type or Content-Disposition."""
REFERENCES = 1_000
DEPTH = 50
"""Multiparts within multiparts."""
PARTS = 1_000
TEXT_BYTES = 4 * 1024 * 1024
"""Of one text part: what is longer is cut, with a note where."""
FOLD_CHARACTERS = 256 * 1024
"""Of a text in which quotations are looked for; what follows goes with what stands before it."""
INNER_FILES = 100
"""Files in a winmail.dat, or uuencoded ones in a text."""
INNER_DEPTH = 3
"""Messages within messages, where they are read."""
INNER_MESSAGES = 10
"""Of a message that has no text of its own."""
REPORT_RECIPIENTS = 50
"""Of a delivery report."""
NAME_CHARACTERS = 500
"""Of a display name, a subject or a file name as kept."""
SUBJECT_CHARACTERS = 2_000

TOO_COMPLEX = "too complex"
"""`problem` of a message that breaks one of these limits."""
UNREADABLE = "unreadable"
"""`problem` of a message whose content could not be made readable."""

WORKER_SECONDS = 5.0
"""Of computing, for one message in the process that reads suspicious mail."""
WORKER_MEMORY = 1 << 30
"""Bytes of address space that process may have."""
