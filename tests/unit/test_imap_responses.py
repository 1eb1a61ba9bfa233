"""Responses as servers really send them, and as none should."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.channels.imap import responses, structure
from agentdesk.channels.imap.responses import Answer, Mailbox, Piece, Untagged, fetched
from agentdesk.domain.message import Attachment
from agentdesk.mail.parts import attachments, wanted_sections


def fetch(*pieces: Piece) -> Untagged:
    return Untagged("FETCH", pieces)


def one(*pieces: Piece) -> responses.Fetched:
    found = fetched(fetch(*pieces))
    assert found is not None
    return found


def test_flags_only() -> None:
    found = one(b"12 (UID 7 FLAGS (\\seen \\Recent $Later) MODSEQ (99))")
    assert (found.sequence, found.uid) == (12, 7)
    assert found.flags == {"\\Seen", "$Later"}


def test_flags_without_uid_are_news_by_sequence_number() -> None:
    found = one(b"900 (FLAGS (\\Seen))")
    assert (found.sequence, found.uid) == (900, 0)


@pytest.mark.parametrize("keyword", [b"a[b", b"a]b", b"[", b"]", b"a[b]c"])
def test_a_keyword_that_breaks_imapclients_parser(keyword: bytes) -> None:
    assert one(b"1 (UID 7 FLAGS (" + keyword + b" \\Seen))").flags == {keyword.decode(), "\\Seen"}
    rich = one((b"1 (UID 7 FLAGS (" + keyword + b") BODY[HEADER.FIELDS (FROM)] {4}", b"a: b"), b")")
    assert rich.flags == {keyword.decode()}
    assert rich.content("HEADER.FIELDS") == b"a: b"


def test_text_can_not_pose_as_flags() -> None:
    found = one(b'1 (UID 7 PREVIEW "FLAGS (\\\\Deleted) UID 9" FLAGS (\\Seen))')
    assert found.uid == 7
    assert found.flags == {"\\Seen"}
    literal = one((b"1 (UID 7 PREVIEW {22}", b"FLAGS (\\Deleted) UID 9 "[:22]), b" FLAGS (\\Seen))")
    assert literal.uid == 7
    assert literal.flags == {"\\Seen"}


def test_times_keep_their_zone() -> None:
    found = one(b'1 (UID 7 INTERNALDATE " 1-Nov-2026 09:00:00 +0100" RFC822.SIZE 5)')
    assert found.received == datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("bad", [b'"32-Nov-2026 09:00:00 +0100"', b'"x"', b"NIL", b'""'])
def test_times_that_are_none(bad: bytes) -> None:
    found = fetched(fetch(b"1 (UID 7 INTERNALDATE " + bad + b")"))
    assert found is None or found.received is None


def test_header_fields_sorted_or_quoted_by_the_server() -> None:
    assert one((b'1 (UID 7 BODY[HEADER.FIELDS ("DATE" "FROM")] {3}', b"a:b"), b")").content("HEADER.FIELDS") == b"a:b"
    assert one(b'1 (UID 7 BODY[HEADER.FIELDS (DATE)] "a: b")').content("HEADER.FIELDS") == b"a: b"
    assert one(b"1 (UID 7 BODY[HEADER.FIELDS (DATE)] NIL)").content("HEADER.FIELDS") == b""
    assert one(b"1 (UID 7 FLAGS ())").content("HEADER.FIELDS") is None


def test_sections() -> None:
    found = one((b"1 (UID 7 BODY[1] {3}", b"abc"), (b" BODY[10]<0> {2}", b"de"), b")")
    assert found.content("1") == b"abc"
    assert found.content("10") == b"de"
    assert found.content("") is None
    assert one(b"1 (UID 7 BODY[1] 123)").content("1") == b"123"


@given(st.lists(st.one_of(st.binary(max_size=60), st.tuples(st.binary(max_size=30), st.binary(max_size=30))), min_size=1, max_size=4))
def test_nothing_raises(pieces: list[Piece]) -> None:
    response = fetch(*pieces)
    fetched(response)
    for read in (responses.listed, responses.status, responses.vanished, responses.uid_in, Untagged.code, responses.status_of):
        read(response)
    answer = Answer("OK", pieces[0] if isinstance(pieces[0], bytes) else pieces[0][0], (response, Untagged("SEARCH", tuple(pieces))))
    assert isinstance(answer.words, str)
    answer.capabilities()
    answer.codes()
    responses.searched(answer)


DEEP = b"1 (UID 7 BODYSTRUCTURE " + b"(" * 3000 + b")" * 3000 + b")"


@pytest.mark.parametrize(
    "raw",
    [DEEP, b"1 (UID 7 ENVELOPE (NIL NIL))", b"1 (UID", b"1", b"x (UID 7)", b"1 (UID 7 BODY[1] {3})", b'1 (UID 7 PREVIEW "a)', b"1 (UID x)", b"1 (UID)"],
)
def test_what_can_not_be_read_is_nothing_and_no_exception(raw: bytes) -> None:
    assert fetched(fetch(raw)) is None


def test_sets_are_never_expanded() -> None:
    runs = responses.numbers(b"1:4294967295")
    assert responses.size_of(runs) == 4294967295
    assert responses.among(runs, [5, 9]) == [5, 9]
    assert responses.numbers(b"1:3,,5") == ()
    assert responses.numbers(b"7:5") == ((5, 7),)


def test_searches() -> None:
    plain = Answer("OK", b"", (Untagged("SEARCH", (b"2 84 882 (MODSEQ 917162500)",)),))
    assert responses.searched(plain) == ((2, 2), (84, 84), (882, 882))
    extended = Answer("OK", b"", (Untagged("ESEARCH", (b'(TAG "A1") UID ALL 4:7,9 MODSEQ 12',)),))
    assert responses.searched(extended) == ((4, 7), (9, 9))
    assert responses.searched(Answer("OK", b"", (Untagged("ESEARCH", (b'(TAG "A1") UID',)), Untagged("SEARCH", (b"",))))) == ()


def test_vanished() -> None:
    assert responses.vanished(Untagged("VANISHED", (b"(EARLIER) 1:3,7",))) == (True, ((1, 3), (7, 7)))
    assert responses.vanished(Untagged("VANISHED", (b"5",))) == (False, ((5, 5),))


def test_lists() -> None:
    def listed(*pieces: Piece) -> Mailbox | None:
        return responses.listed(Untagged("LIST", pieces))

    assert listed(b'(\\HasNoChildren \\Sent) "/" Sent') == Mailbox("Sent", "/", frozenset({"\\hasnochildren", "\\sent"}))
    assert listed(b'() "." "Posta inviata"') == Mailbox("Posta inviata", ".", frozenset())
    assert listed(b'() "/" "Entw&APw-rfe"') == Mailbox("Entwürfe", "/", frozenset())
    assert listed(b'() "\\\\" "a\\"b"') == Mailbox('a"b', "\\", frozenset())
    assert listed(b"() NIL inbox") == Mailbox("INBOX", "", frozenset())
    assert listed((b'() "/" {4}', b"a b!")) == Mailbox("a b!", "/", frozenset())
    assert listed(b'() "/" "Entw&APw"') is None
    assert listed(b'() "/" "a\x1b[31m"') is None


def test_status() -> None:
    response = Untagged("STATUS", (b'"Posta (vecchia)" (MESSAGES 5 UIDNEXT 9 HIGHESTMODSEQ 12)',))
    assert responses.status(response) == {"MESSAGES": 5, "UIDNEXT": 9, "HIGHESTMODSEQ": 12}
    assert responses.status_of(response) == b"Posta (vecchia)"


def test_codes() -> None:
    answer = Answer("OK", b"[READ-WRITE] done", (
        Untagged("OK", (b"[UIDVALIDITY 7] ok",)), Untagged("OK", (b'[PERMANENTFLAGS (\\Seen "a]b")] ok',)), Untagged("OK", (b"nothing",)),
    ))  # fmt: skip
    assert answer.codes() == {"READ-WRITE": b"", "UIDVALIDITY": b"7", "PERMANENTFLAGS": b'(\\Seen "a]b")'}
    assert answer.words == "done"
    assert Answer("NO", b"[CANNOT]", ()).words == "NO"


# BODYSTRUCTURE


def parts(raw: bytes) -> list[tuple[str, str]]:
    found = structure.parts(responses.structure_of(one(b"1 (UID 7 BODYSTRUCTURE " + raw + b")")))
    return [(part.section, part.type) for part in found]


TEXT = b'("TEXT" "PLAIN" ("CHARSET" "utf-8" "FORMAT" "flowed") NIL NIL "QUOTED-PRINTABLE" 120 4 NIL NIL NIL NIL)'
HTML = b'("text" "html" NIL NIL NIL "7bit" 99 2 NIL NIL NIL)'
PICTURE = b"(\"image\" \"png\" (\"name*\" \"utf-8''f%C3%B6to.png\") \"<cid@x>\" NIL \"base64\" 400 NIL (\"ATTACHMENT\" NIL) NIL NIL)"
FORWARDED = b'("message" "rfc822" NIL NIL NIL "7bit" 900 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) ' + TEXT + b' 20 NIL ("attachment" ("filename" "m.eml")) NIL)'


def test_structures_have_the_numbers_of_the_protocol() -> None:
    assert parts(TEXT) == [("1", "text/plain")]
    alternative = b"(" + TEXT + HTML + b' "ALTERNATIVE" ("BOUNDARY" "x") NIL NIL)'
    assert parts(alternative) == [("", "multipart/alternative"), ("1", "text/plain"), ("2", "text/html")]
    mixed = b"(" + alternative + PICTURE + FORWARDED + b' "MIXED" NIL NIL NIL)'
    assert parts(mixed) == [
        ("", "multipart/mixed"), ("1", "multipart/alternative"), ("1.1", "text/plain"), ("1.2", "text/html"), ("2", "image/png"),
        ("3", "message/rfc822"),
    ]  # fmt: skip
    found = structure.parts(responses.structure_of(one(b"1 (BODYSTRUCTURE " + mixed + b")")))
    assert wanted_sections(found)[0] == "1.1"
    assert found[2].flowed
    assert found[2].encoding == "quoted-printable"
    assert attachments(found) == (
        Attachment("2", "föto.png", "image/png", attachments(found)[0].size, content_id="cid@x", inline=True),
        Attachment("3", "m.eml", "message/rfc822", 900),
    )


def test_a_disposition_in_one_string() -> None:
    """pymap sends the header field as it stands."""
    raw = b'("image" "png" NIL NIL NIL "base64" 1518 NIL "attachment; filename=\\"foto.png\\"" NIL NIL)'
    (part,) = structure.parts(responses.structure_of(one(b"1 (BODYSTRUCTURE " + raw + b")")))
    assert (part.disposition, part.name) == ("attachment", "foto.png")


@pytest.mark.parametrize("raw", [b"NIL", b"()", b'("text")', b'(("a" "b"))', b"(1 2 3)", b'("text" "plain" ("charset") 1 2 3 4)', b"(NIL NIL)"])
def test_structures_that_make_no_sense_are_empty_or_read_as_far_as_they_go(raw: bytes) -> None:
    found = fetched(fetch(b"1 (UID 7 BODYSTRUCTURE " + raw + b")"))
    assert found is None or isinstance(structure.parts(responses.structure_of(found)), tuple)


def test_too_deep_and_too_many() -> None:
    deep = b"(" * 200 + TEXT + b' "MIXED")' * 200
    found = fetched(fetch(b"1 (BODYSTRUCTURE " + deep + b")"))
    assert found is None or structure.parts(responses.structure_of(found)) == ()
    wide = fetched(fetch(b"1 (BODYSTRUCTURE (" + TEXT * 1500 + b' "MIXED"))'))
    assert wide is not None
    assert structure.parts(responses.structure_of(wide)) == ()
