"""The line of every key and value, whatever way TOML allows them to be written."""

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.config.locate import lines

DOCUMENT = '''\
# a comment with [brackets] and "quotes"
title = "a = b # no comment"
"quoted key" = 1
'single "quoted"' = 2
dotted . "key" = 3

[table] # behind it
multi = """
[not.a.table]
x = 1 \\""" still
"""""
literal = \'\'\'
# not a comment
\'\'\'
array = [ # first
  1, [2,
  3], { a = 1 },
  "]",
]
inline = { a = "}", b = { c = [1, 2] } }
date = 2026-12-24 10:00:00

[[list]]
name = "one"
[list.sub]
deep = true
[[list]]
name = "two"
[[list.inner]]
x = 1
[a.b."c.d"]
last = -1.5e3
'''


def test_every_way_to_write_a_key():
    found = lines(DOCUMENT)
    parsed = tomli.loads(DOCUMENT)
    rows = DOCUMENT.splitlines()
    for path, line in found.items():
        node = parsed
        for key in path:
            node = node[key]  # every path that is told exists
        if isinstance(path[-1], str):
            assert path[-1] in rows[line - 1]
    assert found[("table", "array")] == 15
    assert found[("table", "array", 1, 1)] == 17
    assert found[("table", "array", 2, "a")] == 17
    assert found[("table", "array", 3)] == 18
    assert found[("table", "inline", "b", "c", 1)] == 20
    assert found[("table", "date")] == 21
    assert found[("list", 0)] == 23
    assert found[("list", 0, "sub", "deep")] == 26
    assert found[("list", 1, "name")] == 28
    assert found[("list", 1, "inner", 0, "x")] == 30
    assert found[("a", "b", "c.d", "last")] == 32


def paths(value, path=()):
    """Every path of a parsed document."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from paths(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from paths(child, (*path, index))


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
scalars = st.one_of(st.integers(-9, 99), st.booleans(), texts)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6)


def written(value):
    import json

    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[\n" + ",\n".join(written(child) for child in value) + "\n]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{written(key)} = {flat(child)}" for key, child in value.items()) + " }"
    return str(value)


def flat(value):
    """Inline tables take no line breaks in TOML 1.0."""
    return written(value).replace("\n", " ")


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(texts, values, min_size=1, max_size=4))
def test_every_path_of_any_document_has_a_line(document):
    text = "".join(f"{written(key)} = {written(value)}\n" for key, value in document.items())
    parsed = tomli.loads(text)
    found = lines(text)
    assert set(found) == set(paths(parsed))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())
