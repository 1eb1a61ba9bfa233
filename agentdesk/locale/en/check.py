"""Words of the check before a reply goes out."""

WORDS = {
    "check.order": "order {what} belongs to {whose}: take it out",
    "check.tracking": "parcel {what} belongs to {whose}: take it out",
    "check.mail": "{what} is the address of {whose}: take it out",
    "check.phone": "{what} is the number of {whose}: take it out",
    "check.name": "{what} is another customer: take the name out",
    "check.card": "card number ({what}): take it out",
    "check.note": "“{what}” is from an internal note: take it out",
    "check.attachment": "“{what}”, but nothing is attached: attach it",
    "check.language": "in {what}, but the customer writes {whose}: rewrite it",
    "check.expired": "{what} may not be used: {whose}; take another",
    "check.somebody": "somebody else",
    "check.in_it": "Italian",
    "check.in_en": "English",
    "check.in_de": "German",
    "check.in_fr": "French",
    "check.next": "{n} of {total}: {words} · {key}: next",
    "check.how": "{words} · {key} sends it anyway",
    "check.nothing": "the check found nothing here; {key} sends",
}
