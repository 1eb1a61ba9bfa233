"""Bell, notices of the desktop, the title."""

WORDS = {
    "notices.chats": "a chat waits|{n} chats wait",
    "notices.promise": "{who} was promised an answer within {n} minute|{who} was promised an answer within {n} minutes",
    "notices.title_chats": "{n} chat|{n} chats",
    "notices.title_late": "{n} late",
    "notices.desktop": "bell, and a notice of the desktop while you look elsewhere",
    "notices.bell": "bell only",
    "notices.none": "neither",
    "notices.chosen_desktop": "a waiting chat and a breaking promise ring, and call you back from elsewhere",
    "notices.chosen_bell": "a waiting chat and a breaking promise ring the bell",
    "notices.chosen_none": "nothing rings; the line above still shows what waits",
}
