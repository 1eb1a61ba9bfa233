"""Text that survives the server's template engine.

Chatwoot reads the content of every outgoing message (private notes too) as a Liquid template when it stores it
(`app/models/concerns/liquidable.rb`): back-ticked spans are wrapped in `raw`, an undefined variable becomes nothing. A `{{ size }}`
that an agent quotes from a product's name would vanish without a word, and `{{ contact.email }}` would be filled in.

So where a text could be read as a template, every run of braces and back-ticks is written as a string that Liquid itself gives
back: `{{ '%7B%7B' | url_decode }}`. Back-ticks must go too: left in, they would wrap our own tags in `raw`. Percent signs
instead of the characters themselves, so that no tokenizer, strict or lax, sees a brace within a brace.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_RISK = re.compile(r"\{[{%`]")  # `{` right before a back-tick: the server puts `{% raw %}` there
_RUN = re.compile(r"[{`]+")


def literal(text: str) -> str:
    """What must be sent so that the server stores exactly `text`. Ordinary text is sent as it is."""
    if _RISK.search(text) is None:
        return text
    return _RUN.sub(lambda run: "{{ '" + quote(run[0], safe="") + "' | url_decode }}", text)
