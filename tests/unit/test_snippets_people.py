"""First and last names: a wrong one is worse than none."""

import pytest

from agentdesk.snippets.people import split_name


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Maria Rossi", "Maria", "Rossi"),
        ("Maria", "Maria", ""),
        ("maria rossi", "Maria", "Rossi"),
        ("  Maria   Rossi ", "Maria", "Rossi"),
        ("Rossi, Maria", "Maria", "Rossi"),
        ("Maria D'Angelo", "Maria", "D'Angelo"),
        ("Anna De Luca", "Anna", "De Luca"),
        ("anna de luca", "Anna", "de Luca"),
        ("Jean-Pierre Dupont", "Jean-Pierre", "Dupont"),
        ("jean-pierre dupont", "Jean-Pierre", "Dupont"),
        ("Dr. Anna Müller", "Anna", "Müller"),
        ("Dott.ssa Giulia Bianchi", "Giulia", "Bianchi"),
        ("Sig.ra Maria Rossi", "Maria", "Rossi"),
        ("Herr Jürgen von Stein", "Jürgen", "von Stein"),
        ("Maria ROSSI", "Maria", "Rossi"),
        ("ROSSI Maria", "Maria", "Rossi"),
        ("Maria Rossi (Casa Verde)", "Maria", "Rossi"),
        ("Maria Rossi via eBay", "Maria", "Rossi"),
        ("Łukasz Żak", "Łukasz", "Żak"),
        ("Мария Иванова", "Мария", "Иванова"),
        ("Élodie Lefèvre", "Élodie", "Lefèvre"),
    ],
)
def test_names_that_can_be_told(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)


@pytest.mark.parametrize(
    "name",
    [
        "", "   ", "D'Angelo", "ROSSI MARIA", "ROSSI", "De Luca", "Rossi S.r.l.", "Casa Verde Srl", "Müller GmbH", "Studio Bianchi",
        "Hotel Miramare", "Bianchi & Figli", "maria.rossi@posta.example", "maria.rossi82", "mrossi", "info", "Info", "Servizio Clienti 24",
        "Support Team", "noreply", "+39 333 1234567", "王小明", "김철수", "M. R.", "M", "❤ Maria ❤", "A B C D E F", "{{ 7 | times: 7 }}",
        "Maria & Luca Rossi", "Amazon.de", "Rossi, Maria, Anna",
    ],
)  # fmt: skip
def test_names_that_cannot(name: str) -> None:
    assert split_name(name) == ("", "")


def test_what_stands_before_the_at_is_no_name() -> None:
    assert split_name("Maria", ["Maria@posta.example"]) == ("", "")
    assert split_name("mariarossi", ["mariarossi@posta.example"]) == ("", "")
    assert split_name("Maria", ["maria@posta.example"]) == ("Maria", ""), "written by a person: it begins with a capital"
