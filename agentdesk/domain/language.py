"""In which language a customer writes: Italian, English, German or French, or silence.

Stop-words carry the decision, letters and endings help where a mail is short. Spanish, Dutch and Portuguese have a small
profile too, only so that they are not taken for one of the four.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

LEAST_LETTERS = 40
_MOST_TEXT = 4000

_WORDS = {
    "it": """il lo la gli le un una uno di del dello della dei delle degli da dal dalla in nel nella con su sul sulla per tra che chi
        non ho ha hanno sono è e ed ma se mi ti si ci vi mio mia miei mie vostro vostra suo sua questo questa quello quella quando
        quanto come dove perché perche anche ancora già gia più piu ordine pacco reso rimborso spedizione consegna grazie buongiorno
        buonasera salve ciao saluti cordiali gentile vorrei sapere posso potete possibile ricevuto arrivato ordinato taglia
        fattura scusate prego bene male stato stata essere avere fatto oggi ieri domani giorni settimana ditemi fatemi mai nessuno
        alla allo ai agli al qualcuno subito attendo numero sbagliato sbagliata rotto rotta codice sconto funziona""",
    "en": """the a an of to in on at for with and or but not is are was were be been have has had do does did i you he she it we they
        my your his her our their this that these those when where what which who how why can could would should will may
        please thanks thank hello hi dear regards kind order parcel package return refund delivery shipping tracking received
        arrived ordered size invoice wrong broken still yet any some there here from about just know need want like get got
        i'm i've don't didn't haven't it's there's won't can't says day days week weeks yesterday today sent""",
    "de": """der die das den dem des ein eine einen einem einer eines und oder aber nicht ist sind war waren sein haben habe hat hatte
        ich du er sie es wir ihr mein meine meinen meiner meinem ihre ihren ihnen dieser diese dieses wann wo was wie warum kann können konnte
        möchte würde bitte danke vielen dank hallo guten tag sehr geehrte damen herren grüße mit freundlichen bestellung paket
        lieferung rücksendung rückerstattung versand rechnung größe falsch kaputt noch schon auch von für auf bei zu zum zur aus nach
        bekommen erhalten angekommen bestellt gestern heute morgen tage wochen seit im am um keine kein mir mich uns leider wurde""",
    "fr": """le la les un une des du de au aux et ou mais ne pas est sont était être avoir ai a ont je tu il elle nous vous ils mon ma
        mes votre vos notre son sa ce cet cette ces quand où que qui quoi comment pourquoi peux pouvez pourriez voudrais souhaite
        bonjour bonsoir merci cordialement salutations commande colis retour remboursement livraison expédition suivi facture
        taille reçu arrivé arrivée commandé toujours encore déjà aussi avec pour dans sur chez par jours semaine hier aujourd'hui
        j'ai c'est n'ai n'est qu'il svp s'il plaît madame monsieur avance jamais rien cassé mauvaise depuis mais très""",
    "es": """el los las una uno de del y o pero no es son está he ha han mi mis su sus este esta cuando donde qué como por para con
        pedido paquete envío gracias hola buenos días saludos quiero puede recibido llegado todavía también ayer hoy semana muy""",
    "nl": """de het een en of maar niet is zijn was heb heeft ik jij hij zij wij mijn uw deze dit wanneer waar wat hoe kan kunt graag
        bestelling pakket levering bedankt hallo groeten met vriendelijke ontvangen nog ook van voor op bij naar gisteren vandaag""",
    "pt": """o os as um uma de do da dos das e ou mas não é são está tenho tem meu minha seu sua este esta quando onde que como por para
        com pedido encomenda envio obrigado obrigada olá bom dia recebi ainda também ontem hoje semana muito""",
}
_OFFERED = ("it", "en", "de", "fr")

_owners: Counter[str] = Counter(word for words in _WORDS.values() for word in set(words.split()))
_WEIGHTS = {
    language: {word: 1 / _owners[word] ** 1.5 for word in set(words.split())} for language, words in _WORDS.items()
}

# Letters and endings: pattern, weight of one hit (each counts at most a few times).
_SHAPES = {
    "it": (r"[a-z]+(?:zione|zioni|mente|ità|ato|ata|ati|are|ere|ire)\b", r"\b(?:l|dell|nell|all|un|c|quest)['’][a-zèéàò]", r"ò|ì"),
    "en": (r"\b[a-z]+(?:ing|ed|ly|tion)\b", r"\bth[a-z]+", r"n['’]t\b|['’](?:ve|ll|re)\b|\bw[a-z]+"),
    "de": (r"[äöüß]", r"\b[a-z]*(?:sch|ung|lich|keit|cht)[a-z]*\b", r"\bge[a-z]+t\b"),
    "fr": (r"[êèçœûî]|é\b", r"\b[a-z]+(?:ment|eau|eux|ais|ait|ez|tion)\b", r"\b(?:j|qu|n|d|s|c|m)['’][a-zéêà]"),
    "es": (r"[ñ¿¡]", r"\b[a-z]+(?:ción|dad|ado|ido)\b", r"ó|í|ú"),
    "nl": (r"ij", r"\b[a-z]+(?:heid|lijk|en)\b", r"aa|ee|oo|uu"),
    "pt": (r"ã|õ", r"\b[a-z]+(?:ção|ções|ado|ido)\b", r"nh|lh"),
}  # fmt: skip
_COMPILED = {language: tuple(re.compile(shape) for shape in shapes) for language, shapes in _SHAPES.items()}
_SHAPE_WEIGHT, _MOST_SHAPES = 0.35, 8

_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[#\d]+")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def guess(text: str) -> str:
    """The language of a text: "it", "en", "de", "fr", or "" where it is too short or unclear."""
    plain, tokens = _plain(text)
    if sum(map(len, tokens)) < LEAST_LETTERS:
        return ""
    scores = {language: _score(language, plain, tokens) for language in _WORDS}
    ranked = sorted(scores, key=lambda language: scores[language], reverse=True)
    best, second = ranked[0], ranked[1]
    enough = scores[best] >= max(1.2, 0.06 * len(tokens))
    clear = scores[best] >= 1.25 * scores[second]
    return best if best in _OFFERED and enough and clear else ""


def unlike(text: str, expected: Collection[str]) -> str:
    """The language of a text, if it is one of the four and none of those expected; "" where it is short or unclear, or one passage is in one
    of them (a reply in two languages). Only languages that are known here can be expected."""
    wanted = {one[:2].lower() for one in expected} & set(_OFFERED)
    if not wanted or len(wanted) < len({one[:2].lower() for one in expected}):
        return ""
    plain, words = _plain(text)
    if sum(map(len, words)) < LEAST_LETTERS:
        return ""
    scores = {language: _score(language, plain, words) for language in _OFFERED}
    best = max(scores, key=lambda language: scores[language])
    hoped = max(scores[language] for language in wanted)
    if best in wanted or scores[best] < max(1.2, 0.06 * len(words)) or scores[best] < 1.25 * hoped + 0.4:
        return ""
    for passage in re.split(r"\n\s*\n|(?<=[.!?])\s", text):
        plain, words = _plain(passage)
        if sum(map(len, words)) >= LEAST_LETTERS // 2 and max(_OFFERED, key=lambda language: _score(language, plain, words)) in wanted:
            return ""
    return best


def _plain(text: str) -> tuple[str, list[str]]:
    plain = _NOISE.sub(" ", text[:_MOST_TEXT].lower()).replace("’", "'")
    return plain, _TOKEN.findall(plain)


def is_common(word: str) -> bool:
    """Whether a word, in small letters, is one of those that every text is made of, in one of the languages."""
    return word in _owners


def _score(language: str, plain: str, tokens: list[str]) -> float:
    weights = _WEIGHTS[language]
    total = 0.0
    for token in tokens:
        total += weights.get(token, 0.0)
        if "'" in token:
            total += weights.get(token.split("'", 1)[1], 0.0)
    for shape in _COMPILED[language]:
        total += _SHAPE_WEIGHT * min(len(shape.findall(plain)), _MOST_SHAPES)
    return total
