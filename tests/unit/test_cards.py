"""Card numbers are found by their check digit and masked; other long numbers stay."""

import pytest

from agentdesk.domain.cards import find, mask


@pytest.mark.parametrize("card", ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"])
def test_cards_are_masked(card: str) -> None:
    masked = mask(f"pago con {card}, grazie")
    assert card not in masked
    assert masked == f"pago con •••• {card[-4:]}, grazie"


@pytest.mark.parametrize("other", ["4111111111111112", "GL8831201234567890", "10245", "0000000000000000", "+39 333 1234567", "1234567890123456"])
def test_other_numbers_stay(other: str) -> None:
    assert mask(f"numero {other}") == f"numero {other}"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("4111.1111.1111.1111", "•••• 1111"),
        ("4111 1111 1111 1111 12/27 123", "•••• 1111 12/27 123"),
        ("2 4111 1111 1111 1111", "2 •••• 1111"),
        ("3782 822463 10005", "•••• 0005"),
        ("4111\xa01111\u20131111 1111", "•••• 1111"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "•••• 1111"),
        ("٤١١١١١١١١١١١١١١١", "•••• 1111"),
        ("4111111111111111. 5500000000000004", "•••• 1111. •••• 0004"),
        ("Karte:4111111111111111!", "Karte:•••• 1111!"),
    ],
)
def test_cards_are_found_as_people_write_them(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "IT60 X054 2811 1010 0000 0123 456", "DE89 3704 0044 0532 0130 00", "IT60X0542811101000000123456", "3,4111111111111111", "https://shop.example/o/4111111111111111?x=1",
        "tracking 00340434161094042557", "9400 1000 0000 0000 0000 00", "+39 333 1234567 +39 055 123456", "2026-11-03 09:05:00 2026-11-04", "GL4111111111111111",
    ],
)  # fmt: skip
def test_accounts_parcels_and_links_stay(text: str) -> None:
    assert mask(text) == text


def test_each_card_is_told_once() -> None:
    assert find("4111111111111111 e 4111-1111-1111-1111, poi 5500 0000 0000 0004") == ("4111111111111111", "5500000000000004")
