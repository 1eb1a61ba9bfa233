"""Whether a text promises an attachment: "in allegato trova", "I have attached", "anbei", "ci-joint".

Sentences that ask for one ("send us a photo as an attachment"), thank for one, say that none is needed, or speak of an earlier mail
promise nothing.
"""

from __future__ import annotations

import re

_WORDS = re.compile(
    r"""\b(?:
      (?:in|qui)\s+allegato | allegh?(?:o|iamo|ato|ata|ati|ate)\b | allegato\b
    | attach(?:ed|ing|ment|ments)?\b | enclosed\b | enclosing\b
    | anbei\b | anliegend\w* | beigef[üu]e?gt\w* | (?:an)?beiliegend\w* | im\s+anhang\b | in\s+der\s+anlage\b | als\s+anhang\b | (?:angeh[äa]e?ngt|angef[üu]e?gt)\w* | h[äa]e?ng(?:t|en|e)\b[^.!?\n]{0,30}\ban\b | beif[üu]ge\w*
    | ci-?\s?joint(?:e|s|es)?\b | en\s+pi[èe]ces?\s+jointes?\b | pi[èe]ces?\s+jointes?\b | ci-annex[ée]\w* | en\s+annexe\b | (?:je|nous)\s+(?:vous\s+)?joi(?:ns|gnons)\b | joint(?:e|s|es)?\s+(?:à|au|a)\s+(?:ce|cet|cette|mon|notre|present|présent)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_NO = re.compile(
    r"""\b(?:
      # none is needed, or there is none
      (?:non|nessun[ao]?|senza|no|not|without|never|don['’]?t|doesn['’]?t|isn['’]?t|kein\w*|ohne|nicht|pas|sans|aucune?|jamais|nulla|n['’]est|n['’]y)\b
      # we ask for one
    | (?:pu[òo]i?|potete|potrebbe(?:ro)?|potresti|pu[oò])\s+(?:\w+\s+){0,3}(?:allega|invia|manda|spedi|inoltra|trasmett|fornir)\w*
    | (?:ci|mi|me|ce)\s+(?:l[oaie]\s+)?(?:invi|mandi?|alleghi|inoltri|spedisca|trasmetta|rimandi|allega|invia|manda)\b
    | (?:alleghi|allega|inviaci|mandaci|allegate|mandate|inviate|invii|mandi)(?:ci|mi)?\s+(?:una?|l[aeo]|anche|pure|gli|i|qualche|per)\b
    | (?:inviar|mandar|allegar|inoltrar|spedir)(?:ci|mi|ce|me)\w* | (?:pu[òo]|possono|puoi|da|di|per)\s+allegar\w*
    | (?:please|kindly|could\s+you|can\s+you|would\s+you|you\s+can|you\s+could|you\s+may|simply|just|to|and|must|should)\s+(?:\w+\s+){0,2}(?:attach|send|reply|include|upload|enclose)\b
    | send\s+(?:us|me)\b | (?:with|as)\s+(?:an?\s+)?(?:\w+\s+){0,2}attach(?:ed|ment)\b(?=[^.!?\n]*\breply) | reply[^.!?\n]*\battach
    | (?:senden|schicken|mailen|h[äa]ngen|f[üu]gen|legen|reichen|lassen)\s+sie\b | sie\s+(?:uns|mir)\b
    | (?:können|könnten|koennten|würden|möchten|sie\s+können|bitte)\s+(?:\w+\s+){0,6}(?:senden|schicken|anh[äa]ngen|beif[üu]gen|beilegen)\b
    | (?:nous|m['’]|me)\s*(?:envoyer|joindre|transmettre|adresser|faire\s+parvenir)\b | (?:envoyez|joignez|transmettez|adressez)(?:-nous|-moi)?\b | (?:de|pour|pouvez|pourriez|veuillez)(?:-vous)?\s+(?:\w+\s+)?(?:joindre|envoyer|transmettre)\b
      # it is theirs
    | (?:vostr[oaie]|su[oaie]i?|tu[oaie]|your|ihre?[nmrs]?|deine?[nmrs]?|vos|votre|tes|ton)\s+(?:allegat[oi]|attachments?|attached|anh[äa]ng\w*|angeh\w+|beigef\w+|pi[èe]ces?)
    | (?:you|customer|ha|hai|avete|avevate|aveva|sie|vous\s+(?:nous\s+|m['’])?a(?:vez|viez))\s+(?:\w+\s+){0,2}(?:attached|enclosed|allegat[oaie]|mandat[oaie]|inviat[oaie]|angeh[äa]ngt\w*|geschickt|gesendet|sent|jointe?s?|envoy[ée]\w*)
    | (?:grazie|ringrazi\w*|thanks?|thank\s+you|danke?|merci|remerci\w*)\b[^.!?\n]{0,60}(?:allegat|attach|anh[äa]ng|angeh|beigef|joint|pi[èe]ce|enclos)
    | (?:ricevut[oaie]|received|erhalten|bekommen|reçue?s?|recue?s?)\b
      # it was in an earlier mail, or something is done with one
    | (?:era(?:no)?|was|were|war(?:en)?|était|étaient)\s+(?:\w+\s+)?(?:in\s+allegat|allegat|attach|enclos|im\s+anhang|angeh|beigef|joint|en\s+pi)\w*
    | attach\w*\s+to\s+(?:my|our)\s+(?:last|previous|earlier|first) | (?:my|our|the)\s+(?:last|previous|earlier|first)\s+(?:e-?mail|message)|(?:mail|messaggio)\s+(?:precedente|di\s+ieri|del\s) | (?:letzten|vorigen|ersten|früheren)\s+(?:e-?mail|mail|nachricht)|vom\s\d | (?:courriel|message|mail)\s+(?:précédent|d['’]hier|du\s\d)
    | (?:aprire|scaricare|öffnen|ouvrir|open|opening|download)\s+(?:\w+\s*['’]?\s*){0,2}(?:allegat|attach|anh[äa]ng|pi[èe]ce) | anh[äa]nge?\s+(?:\w+\s+)?öffnen
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_CLAUSE = re.compile(r"[^.!?;:,\n]+(?:[.:,](?=\w)[^.!?;:,\n]*)*")


def promise(text: str) -> tuple[int, int] | None:
    """Where a text says that something is attached; None if it doesn't."""
    for clause in _CLAUSE.finditer(text):
        match = _WORDS.search(clause[0])
        if match is not None and not _NO.search(clause[0]):
            return clause.start() + match.start(), clause.start() + match.end()
    return None
