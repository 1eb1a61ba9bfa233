"""What can go wrong anywhere."""

WORDS = {
    "errors.installation": "the installation is not whole: {what} is missing. Install AgentDesk again.",
    "errors.cannot_make": "the folder {folder} can't be made: {reason}",
}
