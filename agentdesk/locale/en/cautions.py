"""What an agent is warned of before answering or clicking."""

WORDS = {
    "cautions.warning": "Warning",
    "cautions.careful": "Careful",
    "cautions.reply-to": "the answer would go to {answer}, not to who wrote",
    "cautions.look-alike": "{real} only looks like {copied}",
    "cautions.claims": "the sender calls themselves {copied}; the real address is {real}",
    "cautions.near": "{real} writes in a conversation of {copied}: one letter differs",
    "cautions.link-target": "a link that says {shown} leads to {target}",
    "cautions.executable": "attached program or script: {file}",
    "cautions.card": "a card number in the text, shown in full ({card})",
    "cautions.card_masked": "a card number in the text, hidden here ({card})",
    "cautions.not_to": "not to {who}",
    "cautions.short.look-alike": "look-alike",
    "cautions.short.link-target": "false link",
    "cautions.short.executable": "program",
}
