"""What the shop sends reaches its customers once, and they answer."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import demo_sample
import httpx
import pytest
from demo_fixtures import fill, imap, is_clean, started, until

from agentdesk.demo import shop
from agentdesk.demo.launch import Demo
from agentdesk.demo.season_types import ScriptedAnswer


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    fill(tmp_path)
    demo = started(tmp_path)
    yield demo
    demo.close()
    is_clean(tmp_path)


def reply(message_id: str = "<reply-1@casaverde.example>", to: str = demo_sample.GIULIA) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Casa Verde <support@casaverde.example>"
    message["To"] = f"Giulia Conti <{to}>"
    message["Subject"] = "Re: Terzo"
    message["Date"] = "Mon, 15 Dec 2025 11:30:00 +0100"
    message["Message-ID"] = message_id
    message["References"] = "<sample-3@posta.example>"
    message.set_content("Gentile Giulia,\nil pacco è partito.\n> vecchia citazione\n")
    return message


def submit(demo: Demo, message: EmailMessage, password: str | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", demo.access.smtp, timeout=10) as client:
        if password is not None:
            client.login(shop.USER, password)
        client.send_message(message)


def outside(demo: Demo) -> list[dict[str, object]]:
    return httpx.get(f"{demo.page}demo/outside").json()


def inbox(demo: Demo) -> list[bytes]:
    with imap(demo) as client:
        client.select("INBOX", readonly=True)
        return [part[1] for part in client.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(part, tuple)]


def test_a_submission_is_recorded_once(demo: Demo) -> None:
    submit(demo, reply(), demo.access.password)
    rows = outside(demo)
    assert [(row["message_id"], row["count"], row["to"]) for row in rows] == [
        ("<reply-1@casaverde.example>", 1, [demo_sample.GIULIA])
    ]
    mine = httpx.get(f"{demo.page}demo/mail", params={"address": demo_sample.GIULIA.upper()}).json()
    assert "il pacco è partito" in mine[0]["text"]
    assert httpx.get(f"{demo.page}demo/mail", params={"address": "x@y.example"}).json() == []


def test_a_second_delivery_is_counted_and_answered_only_once(demo: Demo) -> None:
    submit(demo, reply())
    submit(demo, reply())
    assert [row["count"] for row in outside(demo)] == [2]
    until(lambda: len(inbox(demo)) == 3)
    submit(
        demo, reply("<reply-2@casaverde.example>", "nobody@else.example")
    )  # a later step, to see that nothing came meanwhile
    assert len(inbox(demo)) == 3
    assert [row["count"] for row in outside(demo)] == [2, 1]


def test_the_wrong_password_is_refused(demo: Demo) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submit(demo, reply(), "wrong")
    assert outside(demo) == []


def test_mail_to_ourselves_comes_in(demo: Demo) -> None:
    submit(demo, reply(to=shop.ALIASES[0]))
    assert len(inbox(demo)) == 3


def test_the_customer_answers_as_a_mail_program_does(demo: Demo) -> None:
    submit(demo, reply())
    until(lambda: len(inbox(demo)) == 3)
    raw = inbox(demo)[-1]
    answer = message_from_bytes(raw, policy=default)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert answer["From"].addresses[0].addr_spec == demo_sample.GIULIA
    assert answer["From"].addresses[0].display_name == "Giulia Conti"
    assert answer["To"].addresses[0].addr_spec == shop.SUPPORT
    assert answer["Subject"] == "Re: Terzo"
    assert answer["In-Reply-To"] == "<reply-1@casaverde.example>"
    assert answer["References"] == "<sample-3@posta.example> <reply-1@casaverde.example>"
    assert answer["Message-ID"] not in {"", None, "<reply-1@casaverde.example>"}
    assert "spf=pass" in answer["Authentication-Results"]
    text = answer.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text.startswith(
        "Grazie mille, aspetto allora.\n\nIl giorno lun 15 dic 2025 alle ore 11:30 Casa Verde <support@"
    )
    assert "\n> Gentile Giulia,\n> il pacco è partito.\n>> vecchia citazione\n" in text
    files = [(part.get_filename(), part.get_content()) for part in answer.iter_attachments()]
    assert files == [("pacco.jpg", b"\xff\xd8\xff\x00")]


def test_a_customer_without_a_script_stays_silent(demo: Demo) -> None:
    submit(demo, reply("<a@casaverde.example>", demo_sample.MIA))
    submit(demo, reply("<b@casaverde.example>"))
    until(lambda: len(inbox(demo)) == 3)
    assert demo_sample.GIULIA.encode() in inbox(demo)[-1]


def test_new_conversations_begin_by_themselves_and_only_once(tmp_path: Path) -> None:
    news = (
        ScriptedAnswer(
            "new-mail", "neu@post.example", 0.02, "Wo ist mein Paket?", "Paket", name="Nele Neu", language="de"
        ),
        ScriptedAnswer("new-chat", "new@mail.example", 0.03, "Hello?", name="Nick New", language="en"),
        ScriptedAnswer("new-mail", "late@mail.example", 3600.0, "Much later", "Later", name="Lena Late"),
    )
    fill(tmp_path, demo_sample.season(answers=news))
    demo = started(tmp_path)
    until(lambda: len(inbox(demo)) == 3)
    assert b"Nele Neu <neu@post.example>" in inbox(demo)[-1]
    headers = {"api_access_token": demo.access.token}

    def chats() -> list[str]:
        answer = httpx.get(f"{demo.page}api/v1/accounts/1/conversations", headers=headers).json()
        return [row["meta"]["sender"]["name"] for row in answer["data"]["payload"]]

    until(lambda: "Nick New" in chats())
    demo.close()
    demo = started(tmp_path)
    assert len(inbox(demo)) == 3
    assert chats().count("Nick New") == 1
    demo.close()


def test_two_lines_of_a_chat_get_one_answer(tmp_path: Path) -> None:
    answers = (
        ScriptedAnswer("chat", demo_sample.TOM, 0.3, "First"),
        ScriptedAnswer("chat", demo_sample.TOM, 0.05, "Second"),
    )
    fill(tmp_path, demo_sample.season(answers=answers))
    demo = started(tmp_path)
    with httpx.Client(
        base_url=f"{demo.page}api/v1/accounts/1/", headers={"api_access_token": demo.access.token}
    ) as agent:
        chat = agent.get("conversations").json()["data"]["payload"][0]["id"]

        def texts() -> list[str]:
            return [m["content"] for m in agent.get(f"conversations/{chat}/messages").json()["payload"]][3:]

        agent.post(f"conversations/{chat}/messages", json={"content": "One."})
        agent.post(f"conversations/{chat}/messages", json={"content": "Two."})
        until(lambda: "First" in texts())
        agent.post(f"conversations/{chat}/messages", json={"content": "Three."})
        until(lambda: "Second" in texts())
        assert texts() == ["One.", "Two.", "First", "Three.", "Second"]
    demo.close()


def test_an_answer_that_was_under_way_survives_a_kill(tmp_path: Path) -> None:
    slow = (ScriptedAnswer("mail", demo_sample.GIULIA, 1.0, "Ecco la mia risposta"),)
    fill(tmp_path, demo_sample.season(answers=slow))
    demo = started(tmp_path)
    submit(demo, reply())
    assert demo.process is not None
    demo.process.kill()
    demo.process.wait()
    demo.close()
    demo = started(tmp_path)
    until(lambda: len(inbox(demo)) == 3)
    assert b"Ecco la mia risposta" in inbox(demo)[-1]
    demo.close()


def test_one_writes_as_a_customer_on_the_page(demo: Demo) -> None:
    people = httpx.get(f"{demo.page}demo/people").json()
    assert {"name": "Giulia Conti", "email": demo_sample.GIULIA, "chat": False} in people
    assert shop.SUPPORT not in {person["email"] for person in people}
    files = {"attachments[]": ("foto.png", b"\x89PNG\r\n--x\r\n\x00", "image/png")}
    fields = {
        "name": "Giulia Conti",
        "address": demo_sample.GIULIA,
        "subject": "Foto\r\nBcc: x@y.example",
        "text": "Ecco.",
    }
    assert httpx.post(f"{demo.page}demo/mail", data=fields, files=files).json() == {"sent": True}
    raw = inbox(demo)[-1]
    message = message_from_bytes(raw, policy=default)
    assert message["Subject"] == "Foto Bcc: x@y.example"
    assert message["Bcc"] is None
    assert next(message.iter_attachments()).get_content() == b"\x89PNG\r\n--x\r\n\x00"

    submit(demo, reply())
    row = httpx.get(f"{demo.page}demo/mail", params={"address": demo_sample.GIULIA}).json()[0]
    fields = {"name": "Giulia Conti", "address": demo_sample.GIULIA, "text": "Perfetto.", "answers": row["id"]}
    assert httpx.post(f"{demo.page}demo/mail", json=fields).status_code == 200
    answers = [raw for raw in inbox(demo) if b"Perfetto." in raw]
    assert len(answers) == 1
    assert b"In-Reply-To: <reply-1@casaverde.example>" in answers[0]
    fields["address"] = demo_sample.MIA
    assert httpx.post(f"{demo.page}demo/mail", json=fields).status_code == 404, "somebody else's mail"
    assert httpx.post(f"{demo.page}demo/mail", json={"address": "no address", "text": "x"}).status_code == 422


def test_the_page_is_ours_alone(demo: Demo) -> None:
    for path in ("", "customer.css", "customer.js"):
        answer = httpx.get(demo.page + path)
        assert answer.status_code == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert not re.search(r"https?://", answer.text), "nothing is loaded from elsewhere"
    assert httpx.get(demo.page, headers={"host": "evil.example"}).status_code == 400
    fields = {"name": "x", "address": "x@y.example", "text": "x"}
    foreign = httpx.post(f"{demo.page}demo/mail", json=fields, headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403
    own = httpx.post(f"{demo.page}demo/mail", json=fields, headers={"origin": demo.page.rstrip("/")})
    assert own.status_code == 200


def test_the_page_speaks_the_browsers_language(demo: Demo) -> None:
    for accepted, language, word in (
        ("it-IT,it;q=0.9", "it", "Rispondi"),
        ("de, en;q=0.5", "en", "Answer"),
        ("", "en", "Answer"),
    ):
        answer = httpx.get(f"{demo.page}demo/words", headers={"accept-language": accepted}).json()
        assert (answer["language"], answer["words"]["answer"]) == (language, word)
