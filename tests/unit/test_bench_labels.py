"""Labelled sets of the bench: read strictly, and never once their bytes have changed."""

from pathlib import Path

import pytest

from bench import labels

QUERY = '[[query]]\ntext = "wismo"\nlanguage = "en"\naccept = ["shipping/order-shipped"]\n'
TALK = '[[conversation]]\nsubject = "s"\ntext = "t"\nlanguage = "de"\nchannel = "imap"\naccept = ["shipping/order-late"]\n'
LIBRARY = labels.packs()


def written(folder: Path, text: str, name: str = "queries.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_frozen_set_is_read_and_a_changed_one_refused(tmp_path: Path) -> None:
    path = written(tmp_path, QUERY)
    with pytest.raises(labels.BadLabelsError, match="is not frozen"):
        labels.load(path, LIBRARY)
    digest = labels.freeze(path)
    assert labels.digests(tmp_path) == {"queries.toml": digest}
    (label,) = labels.load(path, LIBRARY)
    assert (label.query, label.language, label.accept, label.talk) == ("wismo", "en", {"shipping/order-shipped"}, None)
    path.write_text(QUERY.replace("wismo", "wismp"))
    with pytest.raises(labels.BadLabelsError, match="is not the frozen set"):
        labels.load(path, LIBRARY)
    with pytest.raises(labels.BadLabelsError, match="frozen already"):
        labels.freeze(path)


def test_a_development_set_needs_no_freezing(tmp_path: Path) -> None:
    assert labels.load(written(tmp_path, QUERY, "dev-queries.toml"), LIBRARY)


def test_the_state_of_an_order_as_the_ranking_has_it(tmp_path: Path) -> None:
    def talk(order: str) -> labels.Talk:
        (label,) = labels.load(written(tmp_path, TALK + order, "dev-conversations.toml"), LIBRARY)
        assert label.talk is not None
        return label.talk

    assert talk("").status == ""
    assert talk('order = { status = "several" }').status is None
    late = talk('order = { status = "late" }')
    assert (late.status, late.parcels, late.refund) == ("late", 1, False)
    assert talk('order = { status = "refunded" }').refund
    assert talk('order = { status = "delivered", refund = true, parcels = 2 }') == labels.Talk("s", "t", "de", "imap", "delivered", refund=True, parcels=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (QUERY.replace("order-shipped", "no-such"), "no snippet shipping/no-such"), (QUERY + 'langauge = "it"\n', "no key langauge"),
        (QUERY.replace('"en"', '"es"'), "language is 'es'"), (QUERY.replace('text = "wismo"\n', ""), "text is missing"), ("", "is empty"),
        (QUERY.replace('["shipping/order-shipped"]', "[]"), "accept is empty"), ("[[other]]\n", "not other"), ("[[query", "Expected"),
        (TALK + 'order = { status = "lost" }\n', "order.status is 'lost'"), (TALK + 'order = { status = "late", eta = 3 }\n', "no key eta"),
        (TALK.replace('"imap"', '"mail"'), "channel is 'mail'"), (QUERY.replace('"wismo"', "3"), "text is no str"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_set_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(labels.BadLabelsError, match=told):
        labels.load(written(tmp_path, text, "dev-x.toml"), LIBRARY)


def test_what_lies_in_the_project_can_be_read() -> None:
    for path in labels.LABELS.glob("*.toml"):
        if "mailbox" not in path.name:
            assert labels.load(path, LIBRARY)


@pytest.mark.shared
def test_messages_of_the_generated_mailbox(tmp_path: Path) -> None:
    if not labels.GENERATOR.exists():
        pytest.skip("no ../shared")
    entry = '[[mailbox]]\nmessage = {}\norder = {{ status = "shipped" }}\naccept = ["shipping/order-late"]\n'
    (label,) = labels.load(written(tmp_path, entry.format(0), "dev-m.toml"), LIBRARY)
    assert label.talk is not None
    assert label.talk.language == "de"
    assert label.talk.subject
    assert ">" not in label.talk.text
    with pytest.raises(labels.BadLabelsError, match="answer of the shop"):
        labels.load(written(tmp_path, entry.format(3), "dev-m.toml"), LIBRARY)
