"""Card numbers are found by their check digit and masked; other long numbers stay."""

import pytest

from agentdesk.domain.cards import mask


@pytest.mark.parametrize("card", ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"])
def test_cards_are_masked(card: str) -> None:
    masked = mask(f"pago con {card}, grazie")
    assert card not in masked
    assert masked == f"pago con •••• {card[-4:]}, grazie"


@pytest.mark.parametrize("other", ["4111111111111112", "GL8831201234567890", "10245", "0000000000000000", "+39 333 1234567", "1234567890123456"])
def test_other_numbers_stay(other: str) -> None:
    assert mask(f"numero {other}") == f"numero {other}"
