"""Words about the local store."""

WORDS = {
    "store.cannot_open": "The desk's database {path} can't be opened: {error}. Restore it from a backup, or move it away and let the desk sync again (drafts and unsent replies are in it).",
    "store.newer": "The desk's database {path} was written by a newer version of AgentDesk. Please update AgentDesk.",
    "store.closed": "The desk is closed.",
    "store.disk_full": "The disk is full: nothing more can be saved in {path}. Free some space; what was saved is safe.",
    "store.turned_up": "it did arrive: the conversation shows it",
    "store.busy": "The desk's database {path} is held by another program; nothing was saved. Try again.",
    "store.from_backup": "It was on its way when the backup was made, and may have gone out since.",
}
