"""Mail as it lands in the store: threads, folders, flags, texts, what a conversation then is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.mailbox import Role
from agentdesk.domain.message import Address, Body, Verified
from agentdesk.store import jobs, orders
from tests.desks import JAN, MARIA, NOON, SHOP, Mailbox, desk_config, order


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        yield opened


@pytest.fixture
def mailbox(desk: Desk) -> Mailbox:
    return Mailbox(desk)


def only(desk: Desk):
    ids = desk.queue.ids("all")
    assert len(ids) == 1
    return desk.queue.rows(ids)[0]


def test_a_mail_becomes_a_conversation(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Buonasera, quando parte l'ordine 10245?")
    row = only(desk)
    assert (row.customer_name, row.customer_address) == ("Maria Rossi", MARIA.address)
    assert row.status == "open"
    assert row.unread == 1
    assert row.waiting_since == NOON
    assert row.due_at == NOON + timedelta(hours=1)
    assert len(row.id) == 8


def test_the_same_message_in_two_folders_is_one(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    mailbox.bring("a", "Ciao", role=Role.ARCHIVE)
    assert only(desk).messages == 1


def test_a_message_id_used_twice_keeps_both_messages(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    mailbox.bring("a", "Something else", sender=JAN, subject="Invoice")
    assert sum(r.messages for r in desk.queue.rows(desk.queue.ids("all"))) == 2


def test_older_mail_finds_the_thread_that_newer_mail_began(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("c", "terza", references=("a", "b"), at=NOON + timedelta(hours=2))
    identity = only(desk).id
    mailbox.bring("a", "prima", at=NOON)
    mailbox.bring("b", "seconda", references=("a",), at=NOON + timedelta(hours=1))
    row = only(desk)
    assert row.id == identity
    assert [i.text for i in desk.reading.thread(row.row)] == ["prima", "seconda", "terza"]


def test_two_threads_that_turn_out_to_be_one_are_merged_and_both_ids_lead_there(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("b", "seconda", subject="b", sender=JAN, references=("x",))
    mailbox.bring("a", "prima", subject="a")
    ids = [r.id for r in desk.queue.rows(desk.queue.ids("all"))]
    assert len(ids) == 2
    # the missing link arrives: it answers a and is what b answered
    mailbox.bring("x", "nel mezzo", references=("a",))
    row = only(desk)
    assert row.messages == 3
    assert {desk.queue.find(i) for i in ids} == {row.row}


def test_our_answer_in_sent_makes_it_wait(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    mailbox.bring("b", "Gentile Maria", sender=SHOP, to=(MARIA,), role=Role.SENT, references=("a",), at=NOON + timedelta(minutes=5))
    row = only(desk)
    assert row.status == "waiting"
    assert row.waiting_since is None
    assert row.customer_address == MARIA.address


def test_the_customers_next_message_opens_it_again(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    desk.work.close([only(desk).row])
    assert only(desk).status == "closed"
    # later by the server's clock than the first, though long before the local clock's "now"
    mailbox.bring("b", "Ancora io", references=("a",), at=NOON + timedelta(seconds=1))
    assert only(desk).status == "open"


def test_an_automatic_answer_does_not_open_it(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    desk.work.close([only(desk).row])
    mailbox.bring("b", "Sono in ferie", references=("a",), at=NOON + timedelta(hours=1), automatic=True)
    assert only(desk).status == "closed"


def test_junk_is_spam_and_archive_is_closed(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("s", "WIN", sender=JAN, role=Role.JUNK)
    mailbox.bring("o", "vecchio", role=Role.ARCHIVE)
    assert [r.status for r in desk.queue.rows(desk.queue.ids("closed"))] == ["closed"]
    assert len(desk.queue.ids("spam")) == 1
    assert len(desk.queue.ids("open")) == 0


def test_flags_go_both_ways_and_our_unsaid_change_wins(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    row = only(desk)
    mailbox.store.set_flags("inbox", {1: frozenset({"\\Seen"})})
    assert only(desk).unread == 0
    desk.work.seen([row.row], False)
    assert only(desk).unread == 1
    mailbox.store.set_flags("inbox", {1: frozenset({"\\Seen", "\\Answered"})})  # the server has not heard of it yet
    assert only(desk).unread == 1


def test_mail_deleted_elsewhere_stays_readable_and_is_marked(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    mailbox.store.vanish("inbox", [1])
    item = desk.reading.thread(only(desk).row)[0]
    assert item.gone
    assert item.text == "Ciao"


def test_a_new_life_of_a_folder_doubles_nothing(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    desk.work.tag([only(desk).row], ["vip"])
    mailbox.store.forget_folder("inbox")
    mailbox.bring("a", "Ciao")
    row = only(desk)
    assert row.messages == 1
    assert row.tags == ("vip",)


def test_a_text_not_here_yet_is_asked_for_by_a_job(desk: Desk, mailbox: Mailbox) -> None:
    message = mailbox.bring("a", "Ciao", with_text=False)
    assert desk.reading.thread(only(desk).row)[0].text is None
    desk.reading.want_text(message)
    desk.reading.want_text(message)
    assert desk.database.value("SELECT count(*) FROM job WHERE kind = 'text'") == 1


def test_failed_authentication_reaches_the_panel(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao", verified=Verified.FAIL)
    assert desk.reading.panel(only(desk).row).verified is Verified.FAIL


def bring_orders(desk: Desk, *found) -> None:
    orders.replace_all(desk.database, found, NOON, ())


def test_the_order_named_in_the_text_if_it_is_theirs(desk: Desk, mailbox: Mailbox) -> None:
    bring_orders(desk, order("10245"), order("10300"))
    mailbox.bring("a", "Dov'è l'ordine 10245?")
    panel = desk.reading.panel(only(desk).row)
    assert panel.about is not None
    assert panel.about.number == "10245"
    assert only(desk).order_number == "10245"


def test_a_strangers_mail_naming_anothers_order_shows_and_fills_nothing(desk: Desk, mailbox: Mailbox) -> None:
    bring_orders(desk, order("10245"))
    mailbox.bring("a", "What about order 10245?", sender=JAN)
    panel = desk.reading.panel(only(desk).row)
    assert panel.about is None
    assert panel.orders == ()
    assert panel.foreign == ("10245",)
    assert only(desk).order_number == ""


def test_two_open_orders_ask_and_none_is_none(desk: Desk, mailbox: Mailbox) -> None:
    bring_orders(desk, order("10245"), order("10300"))
    mailbox.bring("a", "Dov'è il mio pacco?")
    mailbox.bring("j", "Where is my parcel?", sender=JAN, subject="Parcel")
    by_name = {r.customer_address: desk.reading.panel(r.row) for r in desk.queue.rows(desk.queue.ids("all"))}
    assert by_name[MARIA.address].ambiguous
    assert by_name[MARIA.address].about is None
    assert not by_name[JAN.address].ambiguous
    assert by_name[JAN.address].about is None


def test_the_agents_choice_sticks_and_can_be_undone(desk: Desk, mailbox: Mailbox) -> None:
    bring_orders(desk, order("10245"), order("10300"))
    mailbox.bring("a", "Dov'è il mio pacco?")
    row = only(desk).row
    desk.work.choose_order(row, "10300")
    assert only(desk).order_number == "10300"
    desk.work.undo()
    assert only(desk).order_number == ""


def test_card_numbers_are_masked_on_arrival(tmp_path: Path) -> None:
    with Desk.open(desk_config(tmp_path, mask_cards=True)) as desk:
        Mailbox(desk).bring("a", "La mia carta è 4111 1111 1111 1111, scade 12/27")
        row = only(desk)
        assert "1111 1111 1111" not in (desk.reading.thread(row.row)[0].text or "")
        assert "•••• 1111" in row.preview
        assert len(desk.queue.ids("all", "4111")) == 0


def test_texts_that_come_together_are_one_change_and_reach_every_conversation(desk: Desk, mailbox: Mailbox) -> None:
    orders.replace_all(desk.database, [order()], None, [])
    rows = [
        mailbox.bring("a", "", with_text=False), mailbox.bring("b", "", with_text=False, references=("a",)),
        mailbox.bring("j", "", sender=JAN, with_text=False),
    ]  # fmt: skip
    changes = desk.changes()
    gone = max(rows) + 1
    mailbox.store.save_bodies({rows[0]: Body("Ordine #10245"), rows[1]: Body("Allora?"), rows[2]: Body("Hallo"), gone: Body("")})
    announced = [topic for topic in changes.poll() if topic[0] == "conversation"]
    changes.close()
    assert len(announced) == 2
    assert {r.customer_name: (r.preview, r.order_number) for r in desk.queue.rows(desk.queue.ids("all"))} == {
        "Maria Rossi": ("Allora?", "10245"), "Jan de Vries": ("Hallo", ""),
    }  # fmt: skip
    assert not mailbox.store.without_text(10)


def test_mails_without_ids_are_told_apart_and_brought_in_once(desk: Desk, mailbox: Mailbox) -> None:
    """Cash registers and scanners write no Message-ID, and the same subject every time."""
    for minute in (0, 1, 0):
        mailbox.bring("", f"Report {minute}", subject="Report", at=NOON + timedelta(minutes=minute))
    assert sum(r.messages for r in desk.queue.rows(desk.queue.ids("all"))) == 2


def test_several_that_cannot_be_read_are_all_listed(desk: Desk, mailbox: Mailbox) -> None:
    nobody = Address("", "")
    for _ in range(2):
        mailbox.bring("", "", subject="", sender=nobody, problem="unreadable", with_text=False)
    assert sum(r.messages for r in desk.queue.rows(desk.queue.ids("all"))) == 2


def test_an_id_we_made_up_is_written_into_no_mail(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("", "Ciao")
    draft = desk.writing.draft(only(desk).row)
    draft.text = "Gentile Maria"
    desk.writing.send(desk.writing.save(draft))
    out = desk.database.one("SELECT in_reply_to, reference_list FROM outbox")
    assert (out["in_reply_to"], out["reference_list"]) == ("", "[]")


def test_a_masked_subject_does_not_double_a_mail(tmp_path: Path) -> None:
    with Desk.open(desk_config(tmp_path, mask_cards=True)) as desk:
        mailbox = Mailbox(desk)
        for _ in range(2):
            mailbox.bring("a", "Ciao", subject="Carta 4111 1111 1111 1111")
            mailbox.store.forget_folder("inbox")
        assert only(desk).messages == 1


def test_what_our_contact_form_sends_is_the_customers(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("f", "Vorrei cambiare taglia", sender=SHOP, reply_to=(MARIA,))
    row = only(desk)
    assert (row.customer_address, row.status, row.waiting_since) == (MARIA.address, "open", NOON)
    assert desk.writing.draft(row.row).to == (MARIA,)


def test_an_automatic_answer_to_our_mail_opens_nothing(desk: Desk, mailbox: Mailbox) -> None:
    """We answered from a telephone; then comes "I am on holiday"."""
    mailbox.bring("a", "Ciao")
    mailbox.bring("b", "Gentile Maria", sender=SHOP, to=(MARIA,), role=Role.SENT, references=("a",), at=NOON + timedelta(minutes=5))
    mailbox.bring("c", "Sono in ferie", references=("b",), at=NOON + timedelta(minutes=6), automatic=True)
    assert only(desk).status == "waiting"


def test_a_move_that_is_refused_does_not_keep_the_text_away(desk: Desk, mailbox: Mailbox) -> None:
    message = mailbox.bring("a", "Ciao", with_text=False)
    desk.work.spam([only(desk).row], True)
    (job,) = jobs.due(desk.database, "support")
    jobs.failed(desk.database, job, "no such folder")
    assert [wanted.message for wanted in mailbox.store.without_text(10)] == [message]


def test_a_text_that_failed_and_comes_later_has_no_problem_any_more(desk: Desk, mailbox: Mailbox) -> None:
    message = mailbox.bring("a", "Ciao", with_text=False)
    desk.reading.want_text(message)
    (job,) = jobs.due(desk.database, "support")
    jobs.failed(desk.database, job, "not on the server")
    assert desk.reading.thread(only(desk).row)[0].problem == "not on the server"
    mailbox.store.save_body(message, Body("Ciao"))
    assert desk.reading.thread(only(desk).row)[0].problem == ""


def test_a_flag_the_server_refused_to_change_is_heard_again(desk: Desk, mailbox: Mailbox) -> None:
    mailbox.bring("a", "Ciao")
    desk.work.seen([only(desk).row], True)
    (job,) = jobs.due(desk.database, "support")
    jobs.failed(desk.database, job, "read-only")
    mailbox.store.set_flags("inbox", {1: frozenset({"\\Seen"})})
    mailbox.store.set_flags("inbox", {1: frozenset()})
    assert only(desk).unread == 1


def test_an_answer_is_later_than_what_it_answers_whatever_our_clock_said(desk: Desk, mailbox: Mailbox) -> None:
    """A laptop's clock that runs fast must not make a customer who answers look answered."""
    mailbox.bring("a", "Ciao")
    mailbox.bring("b", "Risposta", sender=SHOP, to=(MARIA,), role=Role.SENT, references=("a",), at=NOON + timedelta(hours=3))
    mailbox.bring("c", "Grazie, ma…", references=("a", "b"), at=NOON + timedelta(hours=1))
    row = only(desk)
    assert row.status == "open"
    assert row.waiting_since == NOON + timedelta(hours=1)
    assert [i.text for i in desk.reading.thread(row.row)] == ["Ciao", "Risposta", "Grazie, ma…"]


def test_how_much_of_a_mailbox_is_here_is_counted_without_counting_it(desk: Desk, mailbox: Mailbox) -> None:
    def counted() -> tuple[int, int]:
        row = desk.database.one("SELECT done, (SELECT count(*) FROM place WHERE channel = 'support') AS places FROM channel WHERE name = 'support'")
        return row["done"], row["places"]

    for name in "abc":
        mailbox.bring(name, "Ciao")
    mailbox.bring("a", "Ciao", role=Role.ARCHIVE)
    assert counted() == (4, 4)
    folder = mailbox.folder(Role.INBOX)
    uid = next(iter(mailbox.store.uids("inbox")))
    mailbox.store.vanish("inbox", [uid, 4711])
    assert counted() == (3, 3)
    mailbox.store.save_folder(replace(folder, total=10))
    assert counted() == (3, 3)
    mailbox.store.forget_folder("inbox")
    assert counted() == (1, 1)
