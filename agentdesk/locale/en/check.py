"""Words of the check before a reply goes out."""

WORDS = {
    "check.order": "order {what} belongs to {whose}",
    "check.tracking": "parcel {what} belongs to {whose}",
    "check.mail": "{what} is the address of {whose}",
    "check.phone": "{what} is the number of {whose}",
    "check.name": "{what} is another customer",
    "check.card": "a card number stands in it ({what})",
    "check.note": "“{what}” stands in an internal note",
    "check.attachment": "it says “{what}”, and nothing is attached",
    "check.language": "it is in {what}, and the customer writes {whose}",
    "check.expired": "{what} may not be used: {whose}",
    "check.somebody": "somebody else",
    "check.in_it": "Italian",
    "check.in_en": "English",
    "check.in_de": "German",
    "check.in_fr": "French",
    "check.more": "; {n} more|; {n} more",
    "check.how": "{words} · {key} sends it anyway",
    "check.nothing": "the check found nothing here; {key} sends",
}
