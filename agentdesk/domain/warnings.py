"""What an agent should be warned of before answering a message, or clicking in it.

Few false alarms are the point: a warning that stands on every tenth honest mail is read by nobody. So a Reply-To elsewhere is no
news on mail of lists, forms and ticket systems, and the links of a newsletter may count their clicks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from agentdesk.domain import cards
from agentdesk.domain.clean import clean_line
from agentdesk.domain.executable import is_executable
from agentdesk.domain.lookalike import PROVIDERS, imitated, is_near, registered, same_owner
from agentdesk.domain.message import Address, Attachment, Body, Envelope, Verified

KINDS = ("look-alike", "link-target", "executable", "reply-to", "card")
SEVERE = frozenset({"look-alike", "link-target", "executable"})
"""Shown in the queue and beside the conversation, too."""
NOBODY = Address("", "")
_MOST = 5
_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Caution:
    """One warning. `detail` holds what it is about, two values parted by a space where two are compared:

    reply-to: where the answer would go · look-alike: the domain or address as it is, and what it is made to look like ·
    link-target: what the link says, and where it leads · executable: the file · card: its last digits, as they are shown.
    """

    kind: str
    detail: str

    @property
    def severe(self) -> bool:
        return self.kind in SEVERE


# Who wrote, and where the answer would go ---------------------------------------------------------------------------

_MACHINE = re.compile(
    r"(?:(?:no|do[-_.]?not|dont|non|nicht|ne[-_.]?pas)[-_.]?(?:reply|respond|rispondere|antworten|repondre)|.*(?:no-?reply|noreply|do-?not-?reply)|"
    r"mailer(?:-daemon)?|postmaster|bounces?|notif(?:y|ications?)|notifiche|forms?|web|website|wordpress|www|automailer|system|robot|contact-?form|.*-bounces)(?:[+=].*)?",
    re.IGNORECASE,
)
_TICKETS = frozenset({
    "zendesk.com", "freshdesk.com", "freshservice.com", "helpscout.net", "helpscout.com", "intercom-mail.com", "intercom.io", "gorgias.com", "gorgias.io", "front.com", "frontapp.com",
    "front-mail.com", "groovehq.com", "kayako.com", "zohodesk.com", "zohodesk.eu", "hubspot.com", "hs-inbox.com", "salesforce.com", "atlassian.net", "atlassian.com", "jira.com",
    "reamaze.com", "crisp.chat", "crisp.email", "helpshift.com", "teamwork.com", "ebay.com", "ebay.it", "ebay.de", "amazon.com", "amazon.it", "amazon.de", "etsy.com",
    "shopify.com", "myshopify.com", "wix.com", "wix-forms.com", "squarespace.com", "jotform.com", "typeform.com", "google.com", "github.com", "gitlab.com", "linkedin.com",
    "facebookmail.com", "googlegroups.com", "groups.io", "yahoogroups.com", "airbnb.com", "booking.com", "subito.it", "paypal.com",
})  # fmt: skip
"""Services that write in the name of others, with an address of theirs for the answer or the other way round."""
_ADDRESS = re.compile(r"[\w.+%-]{1,64}@((?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62})")


def of_envelope(envelope: Envelope, *, own: Iterable[str] = (), known: Iterable[str] = ()) -> tuple[Caution, ...]:
    """Warnings from the header alone. `own`: our addresses; `known`: those of the conversation's customer."""
    ours, theirs = {_lower(one) for one in own}, {_lower(one) for one in known}
    sender = envelope.sender
    if not sender.address or sender.identity in ours:
        return ()
    found = [*_look_alike(envelope, ours, theirs), *_answers_elsewhere(envelope, ours, theirs)]
    return _distinct(found)


def _look_alike(envelope: Envelope, ours: set[str], theirs: set[str]) -> Iterable[Caution]:
    own_domains = {_domain(one) for one in ours}
    for address in (envelope.sender, *envelope.reply_to[:_MOST]):
        others = set() if address.identity in theirs else theirs
        domain = _domain(address.identity)
        if address.identity in ours:
            continue
        if copied := imitated(domain, own_domains, {_domain(one) for one in others}):
            yield Caution("look-alike", f"{domain} {copied}")
        elif near := next((one for one in sorted(others) if _is_near_address(address.identity, one)), ""):
            yield Caution("look-alike", f"{address.identity} {near}")
    if claimed := _claimed(envelope, ours | theirs):
        yield Caution("look-alike", f"{envelope.sender.identity} {claimed}")


def _is_near_address(one: str, other: str) -> bool:
    name, _, domain = one.rpartition("@")
    known, _, there = other.rpartition("@")
    return domain == there and min(len(name), len(known)) > 5 and is_near(name, known) and not (name + known).isdecimal() and _letters(name) != _letters(known)


def _letters(name: str) -> str:
    """Names that differ in their number only are two people ("anna.rossi1", "anna.rossi2")."""
    return re.sub(r"[\d._-]", "", name)


def _claimed(envelope: Envelope, known: set[str]) -> str:
    """The address that the sender's name shows, where it is another than the sender's own."""
    match = _ADDRESS.search(envelope.sender.name[:500])
    if match is None:
        return ""
    shown, real = match[0].lower(), envelope.sender.identity
    answers = {one.identity for one in (*envelope.reply_to, *envelope.cc)}
    service = envelope.automatic or registered(_domain(real)) in _TICKETS
    if registered(match[1]) == registered(_domain(real)) or ((shown in answers or service) and shown not in known):
        return ""
    return shown


def _answers_elsewhere(envelope: Envelope, ours: set[str], theirs: set[str]) -> Iterable[Caution]:
    sender = envelope.sender
    name, _, domain = sender.identity.rpartition("@")
    here = registered(domain)
    if envelope.automatic or here in _TICKETS or _MACHINE.fullmatch(name):
        return
    for address in envelope.reply_to[:_MOST]:
        there = registered(_domain(address.identity))
        if address.identity in ours or address.identity in theirs or there == here or there in _TICKETS or "." not in there:
            continue
        if address in envelope.to or address in envelope.cc or _same_person(address, sender):
            continue
        yield Caution("reply-to", address.identity)


def _same_person(one: Address, other: Address) -> bool:
    """The same name before the @, one of the two at home with a company: people answer from where they are."""
    name, known = one.identity.rpartition("@")[0], other.identity.rpartition("@")[0]
    providers = (_domain(one.identity) in PROVIDERS) + (_domain(other.identity) in PROVIDERS)
    return name == known and len(name) > 3 and providers == 1


# What stands in it --------------------------------------------------------------------------------------------------


def of_body(body: Body, *, sender: Address = NOBODY, automatic: bool = False, verified: Verified = Verified.NONE) -> tuple[Caution, ...]:
    """Warnings from text and attachments."""
    found = [
        *of_links((*body.links, *links_in(body.text)), sender=sender, automatic=automatic, verified=verified),
        *of_attachments(body.attachments),
        *of_text(f"{body.text}\n{body.quoted}"),
    ]
    return _distinct(found)


def of_attachments(attachments: Iterable[Attachment]) -> tuple[Caution, ...]:
    return _distinct(Caution("executable", clean_line(one.name)[:_DETAIL] or one.type) for one in attachments if is_executable(one.name, one.type))


def of_text(text: str) -> tuple[Caution, ...]:
    """Card numbers, by their last four digits."""
    return _distinct(Caution("card", cards.shown(number)) for number in cards.find(text))


# Links --------------------------------------------------------------------------------------------------------------

_URL = re.compile(r"(?i)(?<![\w@])(?:https?://|www\.)[^\s<>\"'()\[\]]{3,500}")
_COMMON = "com|org|net|info|biz|eu|it|de|fr|es|pt|nl|be|ch|at|uk|ie|dk|se|no|fi|pl|cz|ro|gr|hu|tr|ru|ua|us|ca|mx|br|ar|jp|cn|in|au|nz|za|shop|store|online"
_BARE = re.compile(rf"(?i)((?:[^\W_](?:[\w-]{{0,61}}[^\W_])?\.){{1,8}}(?:{_COMMON}))(?:/\S*)?")
_BESIDE = re.compile(r"(?i)(?<![\w@])((?:https?://|www\.)[^\s<>\"'()\[\]]{3,300}) ?[<(\[]((?:https?://|mailto:)[^\s<>()\[\]]{3,2000})[>)\]]")
_COUNTERS = frozenset({
    "list-manage.com", "list-manage1.com", "list-manage2.com", "mailchimp.com", "mandrillapp.com", "sendgrid.net", "sendgrid.com", "hubspotlinks.com", "hubspotemail.net", "mailgun.org",
    "mailgun.net", "sparkpostmail.com", "awstrack.me", "exacttarget.com", "exct.net", "rs6.net", "constantcontact.com", "mlsend.com", "mailerlite.com", "sendibm1.com",
    "sendibm3.com", "sendinblue.com", "brevo.com", "mjt.lu", "mailjet.com", "klclick.com", "klclick1.com", "klclick3.com", "klaviyo.com", "klaviyomail.com", "getresponse.com", "aweber.com",
    "createsend.com", "createsend1.com", "cmail19.com", "cmail20.com", "emlnk.com", "activehosted.com", "customeriomail.com", "customer.io", "emsend1.com", "mailup.com",
    "musvc2.net", "substack.com", "beehiiv.com", "convertkit-mail.com", "ck.page", "shopifyemail.com", "postmarkapp.com", "pstmrk.it", "omnisend.com", "feedburner.com",
})  # fmt: skip
"""Services that count the clicks of newsletters for their senders."""
_WRAPPERS = {
    "safelinks.protection.outlook.com": ("url",), "urldefense.proofpoint.com": ("u",), "urldefense.com": (), "google.com": ("q", "url"), "l.facebook.com": ("u",),
    "lm.facebook.com": ("u",), "linkprotect.cudasvc.com": ("a",), "protect2.fireeye.com": ("u",), "clicktime.symantec.com": ("u",), "deref-gmx.net": ("redirectUrl",),
    "deref-mail.com": ("redirectUrl",), "deref-web.de": ("redirectUrl",), "out.reddit.com": ("url",), "steamcommunity.com": ("url",),
}  # fmt: skip
"""What receivers' filters and web mail put around a link, and the parameter that holds it."""


def looks_like_address(text: str) -> bool:
    """Whether the words of a link say where it leads."""
    return bool(_shown_host(text))


def links_in(text: str) -> tuple[tuple[str, str], ...]:
    """Links of a text: an address, and another one in brackets right behind it."""
    return tuple((match[1], match[2]) for match in _BESIDE.finditer(text)) if "<http" in text or "(http" in text or "[http" in text else ()


def of_links(links: Iterable[tuple[str, str]], *, sender: Address = NOBODY, automatic: bool = False, verified: Verified = Verified.NONE) -> tuple[Caution, ...]:
    """Links whose words are an address of somebody else than whom they lead to."""
    home = registered(_domain(sender.identity))
    found = []
    for words, target in links:
        shown, leads = registered(_shown_host(words)), registered(_host(_unwrapped(target)))
        if not shown or not leads or same_owner(shown, leads) or (automatic and leads in {home, *_COUNTERS}):
            continue
        if shown == home and verified is Verified.PASS:
            continue
        found.append(Caution("link-target", f"{shown} {leads}"))
    return _distinct(found)


def _shown_host(words: str) -> str:
    words = clean_line(words[:2_000])
    if match := _URL.search(words):
        return _host(match[0])
    match = _BARE.fullmatch(words.strip(".,;:!()[]<>\"' "))
    return match[1].lower() if match else ""


def _host(link: str) -> str:
    """The host of a link, without user and port; "" where it has none (mailto:, tel:)."""
    link = link if "://" in link[:10] else "https://" + link
    if not link.lower().startswith(("http://", "https://")) or link.lower().startswith("https://mailto:"):
        return ""
    try:
        host = urlsplit(link.replace("\\", "/")).hostname or ""
    except ValueError:
        return ""
    host = host.strip(".")
    return host if "." in host and not host.startswith(".") else ""


def _unwrapped(target: str) -> str:
    """Where a link leads that a filter has wrapped."""
    for _ in range(3):
        host = _host(target)
        name = next((one for one in _WRAPPERS if host == one or host.endswith("." + one)), None)
        if name is None:
            break
        if name == "urldefense.com":
            inner = re.search(r"/v3/__(https?://.+?)__;", target)
            found = inner[1] if inner else ""
        else:
            try:
                query = parse_qs(urlsplit(target).query, max_num_fields=100)
            except ValueError:
                break
            found = next((query[key][0] for key in _WRAPPERS[name] if key in query), "")
        if name == "urldefense.proofpoint.com":
            found = unquote(found.replace("-", "%").replace("_", "/"))
        if not found.startswith("http"):
            break
        target = found
    return target


# Keeping them ---------------------------------------------------------------------------------------------------------


def to_json(cautions: Iterable[Caution]) -> str:
    return json.dumps([[one.kind, one.detail] for one in cautions], ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> tuple[Caution, ...]:
    return tuple(Caution(kind, detail) for kind, detail in json.loads(text))


def merged(*several: Iterable[Caution]) -> tuple[Caution, ...]:
    """Each once, the gravest kinds first."""
    return tuple(sorted(_distinct(one for group in several for one in group), key=lambda one: KINDS.index(one.kind)))


def _distinct(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Each once, and of each kind only the first few."""
    kept: list[Caution] = []
    for one in dict.fromkeys(Caution(each.kind, clean_line(each.detail)[:_DETAIL]) for each in cautions):
        if sum(other.kind == one.kind for other in kept) < _MOST:
            kept.append(one)
    return tuple(kept)


def _lower(address: str) -> str:
    return address.strip().lower()


def _domain(identity: str) -> str:
    return identity.rpartition("@")[2]
