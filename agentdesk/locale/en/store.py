"""Words about the local store."""

WORDS = {
    "store.cannot_open": "The desk's database {path} can't be opened: {error}. Restore it from a backup, or move it away and let the desk sync again (drafts and unsent replies are in it).",
    "store.newer": "The desk's database {path} was written by a newer version of AgentDesk. Please update AgentDesk.",
    "store.older": "The desk's database {path} is of an earlier version of AgentDesk, and an AgentDesk still works with it: one of that version in another window, or one that is bringing it up to date at this moment. Close the other window, or wait a moment, and open the desk again.",
    "store.cannot_copy": "The desk's database {path} can't be copied before it is brought to this version: {error}. Nothing was changed.",
    "store.closed": "The desk is closed.",
    "store.disk_full": "The disk is full: nothing more can be saved in {path}. Free some space; what was saved is safe.",
    "store.no_room": "There is not enough room on the disk: {size} MB must be free in {path}. It goes on by itself when they are.",
    "store.cannot_write": "Nothing can be written in {path}: {error}. What came is kept; it goes on by itself.",
    "store.turned_up": "it did arrive: the conversation shows it",
    "store.busy": "The desk's database {path} is held by another program; nothing was saved. Try again.",
    "store.from_backup": "It was on its way when the backup was made, and may have gone out since.",
    "store.ended_while_sending": "AgentDesk, or this computer, ended while it was being handed over; it may have been sent or not.",
    "store.given_up": "given up by the agent",
}
