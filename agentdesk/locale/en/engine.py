"""Words the engine leaves for the agent."""

WORDS = {
    "engine.busy": "Another AgentDesk is working on this desk right now; it keeps it up to date.",
    "engine.offline": "offline, as desk.toml says",
    "engine.defect": "a defect in AgentDesk: {error}; engine.log has the details",
    "engine.cannot_compose": "The message can't be put together: {error}",
    "engine.broke_off": "Broke off while it was being handed over: {error}",
    "engine.moved_on": "The customer wrote again before this went out. Read it, then send it as it is or change it.",
    "engine.some_refused": "Accepted, but not for {addresses}. {detail}",
    "engine.no_copy": "No copy in Sent: it went out without this desk.",
    "engine.found_in_sent": "found in Sent: it did go out",
    "engine.not_in_sent": "It may have arrived or not; Sent has no copy. Ask the customer, mark it as sent, or send it again.",
    "engine.ask_password": "{channel}: {detail} Type the password:",
}
