"""The one catalogue of words the agent reads.

Each topic (screen, cli, errors, ...) is a module of the same name in every language package, holding
`WORDS: dict[key, text]`. Keys are `topic.name`. A text may hold `{fields}` and, for a number `n`, two forms
parted by `|`: `"{n} message|{n} messages"`. English is the fallback of a locale we do not have; within a language we
have, a missing key is a defect and the tests find it (same keys, same fields in every language).

Plain modules and not a message-catalogue library: nothing to compile or to find at run time, 0.3 ms to load, and the type
checker reads them.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

LANGUAGES = ("en", "it")

_words: dict[str, str] = {}
_language = "en"


def words_of(language: str) -> dict[str, str]:
    """All texts of one language, from every topic module of its package."""
    package = import_module(f"{__name__}.{language}")
    words: dict[str, str] = {}
    for module in iter_modules(package.__path__):
        words.update(import_module(f"{package.__name__}.{module.name}").WORDS)
    return words


def use(locale: str) -> str:
    """Choose the language by a locale such as "it-IT" or "it_IT.UTF-8"; returns the language taken."""
    global _language  # noqa: PLW0603 - one process speaks one language, chosen once at start
    wanted = locale.replace("_", "-").split("-")[0].split(".")[0].lower()
    _language = wanted if wanted in LANGUAGES else "en"
    _words.clear()
    _words.update(words_of(_language))
    return _language


def language() -> str:
    return _language


def say(key: str, /, **fields: object) -> str:
    """The text of `key`, with its fields filled in. `n` chooses between singular and plural.

    Raises:
        KeyError: the catalogue has no such key (a defect of ours).
    """
    if not _words:
        use("en")
    text = _words[key]
    if "|" in text and "n" in fields:
        one, many = text.split("|", 1)
        text = one if fields["n"] == 1 else many
    return text.format_map(fields) if fields else text
