"""Words of the mail room: what is said in place of content that is no text."""

WORDS = {
    "mail.invitation": "Invitation: {summary}",
    "mail.cancelled": "Cancelled: {summary}",
    "mail.when": "When: {when}",
    "mail.where": "Where: {where}",
    "mail.organizer": "From: {who}",
    "mail.bad_address": "“{address}” is no mail address that can be written to.",
    "mail.bad_id": "The message has no usable Message-ID: {id}",
}
