"""The customers of the embedded shop: names, places and addresses, all under `.example` (RFC 2606)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

LANGUAGES = ("it", "en", "de", "fr")

_WOMEN = {
    "it": "Giulia Chiara Francesca Elena Martina Paola Silvia Caterina Rosanna Ilaria Teresa Alessia Donatella Maria Grazia"
    " Lucia Ornella Benedetta Nicoletta Serena Agnese Mirella Noemi Federica Loredana Viola",
    "en": "Emily Grace Harriet Olivia Priya Margaret Chloe Siobhan Dorothy Amelia Niamh Rachel Gwen Fiona Zara Beth Joan"
    " Imogen Hannah Aisha",
    "de": "Lena Sabine Käthe Annika Ursula Jana Heike Franziska Petra Mareike Gisela Leonie Birgit Svenja Hanna",
    "fr": "Claire Hélène Zoé Amandine Françoise Léa Noémie Monique Céline Aurélie Inès Geneviève Margaux Sylvie Maëlle",
}
_MEN = {
    "it": "Luca Marco Davide Andrea Stefano Niccolò Gianni Pietro Salvatore Matteo Roberto Giovanni Emanuele Tommaso"
    " Claudio Fabio Alberto Giorgio Enrico Daniele Sergio Michele",
    "en": "James Harry Thomas Callum Daniel Arthur Owen Patrick Gareth Oliver Sanjay Duncan Felix Ronald Samuel Hugh",
    "de": "Jürgen Lukas Björn Stefan Matthias Günther Jonas Holger Felix Rainer Tobias Emre Sören Wolfgang Moritz",
    "fr": "François Lucas Jérôme Mathieu Étienne Karim Antoine Gérard Thibault Olivier Rémi Sébastien Yanis Paul Benoît",
}
_LAST = {
    "it": "Ferrari,Esposito,Colombo,Ricci,D'Angelo,Moretti,Greco,Conti,De Luca,Barbieri,Fontana,Santoro,Mariani,Rinaldi,"
    "Caruso,Ferrara,Galli,Martini,Leone,Longo,Gentile,Serra,Vitale,Lombardi,Coppola,De Santis,Parisi,Villa,Sanna,Fabbri,"
    "Pellegrini,Palumbo,Orlando,Monti,Bellini,Cattaneo,Piras,Grasso,Zanetti,Tosi,Valentini,Messina,Negri,Guerra,Neri,"
    "Brambilla,Pozzi,Ruggeri,Basile,Bertolini",
    "en": "Taylor,Okafor,Wilson,Evans,O'Connor,Walker,Hughes,Green,Baker,Patel,Fraser,MacLeod,Whitfield,Murphy,Bennett,"
    "Shaw,Pritchard,Ellis,Farrell,Holloway,Marsh,Doyle,Sutton,Ainsworth,Khan,Byrne,Lowe,Pemberton,Gallagher,Yates",
    "de": "Schäfer,Köhler,Wagner,Hoffmann,Krüger,Böhm,Lang,Petersen,Yılmaz,Winter,Seidel,Brandt,Großmann,Vogel,Jansen,"
    "Huber,Lehner,Kaiser,Albrecht,Özdemir,Frank,Wimmer,Steiner,Nowak,Lindner",
    "fr": "Lefèvre,Moreau,Garnier,Rousseau,Gauthier,Mercier,Blanchard,Guérin,Faure,Benali,Chevalier,Perrin,Marchand,"
    "Dumas,Le Goff,Picard,Renaud,Colin,Haddad,Barbier,Bonnet,Lemoine,Charpentier,Roux",
}
_STREETS = {
    "it": "via Garibaldi,via dei Mille,corso Italia,via San Martino,viale Trento,via Cavour,piazza Duomo,via delle Rose,"
    "via Mazzini,vicolo Stretto,lungarno Vespucci,via Nomentana",
    "en": "Mill Lane,Station Road,Church Street,Victoria Terrace,Orchard Close,Harbour View,Queen's Road,Elm Grove",
    "de": "Gartenstraße,Lindenweg,Bahnhofstraße,Am Mühlbach,Schillerstraße,Hafenstraße,Kirchplatz,Rosenweg",
    "fr": "rue des Lilas,rue Victor-Hugo,avenue de la Gare,place du Marché,impasse des Tilleuls,rue du Moulin,quai Sud",
}
_CITIES = {
    "it": "20133 Milano,00185 Roma,10122 Torino,40125 Bologna,50123 Firenze,80138 Napoli,35122 Padova,34121 Trieste,"
    "16121 Genova,90133 Palermo,09124 Cagliari,37121 Verona,25121 Brescia,70122 Bari,38122 Trento",
    "en": "Bristol BS6 5QA,Leeds LS6 2AB,Edinburgh EH9 1PR,Cardiff CF11 9LL,York YO24 1AW,Norwich NR2 3DT,Dublin D06 X2K4,"
    "Cork T12 W8PX,Sheffield S10 2TN,Brighton BN1 6FD",
    "de": "20357 Hamburg,50825 Köln,04109 Leipzig,80331 München,70173 Stuttgart,28203 Bremen,1070 Wien,6020 Innsbruck,"
    "48143 Münster,01099 Dresden",
    "fr": "69003 Lyon,35000 Rennes,44000 Nantes,67000 Strasbourg,13006 Marseille,31000 Toulouse,75011 Paris,59800 Lille,"
    "1205 Genève",
}
_DOMAINS = {
    "it": ("posta.example", "libera.example", "mail.example", "tiscalina.example", "alice-net.example"),
    "en": ("mail.example", "postbox.example", "btmail.example", "outlet.example"),
    "de": ("mail.example", "webpost.example", "gmz.example", "netz-post.example"),
    "fr": ("mail.example", "orangerie.example", "laposte-net.example", "libre.example"),
}
_ELSEWHERE = (
    ("王小明", "xiaoming.wang@mail.example", "en", False),
    ("ליאור כהן", "lior.cohen@postbox.example", "en", False),
    ("佐藤 美咲", "misaki.sato@mail.example", "fr", True),
    ("سلمى الخطيب", "salma.elkhatib@libre.example", "fr", True),
)
"""People who write their own name in their own script."""


@dataclass(slots=True)
class Person:
    first: str
    last: str
    email: str
    language: str
    woman: bool
    street: str
    city: str
    phone: str
    shown: str = ""
    """The name as their mail program shows it, where it isn't "first last"."""

    @property
    def name(self) -> str:
        return self.shown or f"{self.first} {self.last}".strip()

    @property
    def town(self) -> str:
        """The place without its postal code."""
        words = [word for word in self.city.split() if not any(c.isdigit() for c in word)]
        return " ".join(words) or self.city


def people(rng: Random, counts: dict[str, int]) -> dict[str, list[Person]]:
    """So many different persons of each language, no address twice."""
    taken: set[str] = {address for _, address, _, _ in _ELSEWHERE}
    result: dict[str, list[Person]] = {}
    for language in LANGUAGES:
        result[language] = [
            _elsewhere(rng, name, address, language, woman=woman)
            for name, address, spoken, woman in _ELSEWHERE
            if spoken == language
        ]
        while len(result[language]) < counts[language]:
            person = _person(rng, language)
            if person.email not in taken:
                taken.add(person.email)
                result[language].append(person)
        rng.shuffle(result[language])
    return result


def elsewhere() -> frozenset[str]:
    """The addresses of those whose names are in another script."""
    return frozenset(address for _, address, _, _ in _ELSEWHERE)


def _person(rng: Random, language: str) -> Person:
    woman = rng.random() < 0.58
    first = rng.choice((_WOMEN if woman else _MEN)[language].split())
    last = rng.choice(_LAST[language].split(","))
    ascii_first, ascii_last = _plain(first), _plain(last)
    local = rng.choice(
        (
            f"{ascii_first}.{ascii_last}",
            f"{ascii_first}{ascii_last}",
            f"{ascii_first[0]}.{ascii_last}",
            f"{ascii_first}.{ascii_last}{rng.randint(61, 99)}",
            f"{ascii_last}{ascii_first[0]}",
            f"{ascii_first}_{rng.randint(1, 99):02}",
        )
    )
    return Person(
        first, last, f"{local}@{rng.choice(_DOMAINS[language])}", language, woman,
        _street(rng, language), rng.choice(_CITIES[language].split(",")), _phone(rng, language),
    )  # fmt: skip


def _elsewhere(rng: Random, name: str, address: str, language: str, *, woman: bool) -> Person:
    first = address.partition(".")[0].capitalize()
    last = address.partition("@")[0].partition(".")[2].capitalize()
    return Person(
        first, last, address, language, woman,
        _street(rng, language), rng.choice(_CITIES[language].split(",")), _phone(rng, language), shown=name,
    )  # fmt: skip


def _street(rng: Random, language: str) -> str:
    street, number = rng.choice(_STREETS[language].split(",")), rng.randint(1, 118)
    return f"{number} {street}" if language in ("en", "fr") else f"{street} {number}"


def _phone(rng: Random, language: str) -> str:
    """Numbers in blocks kept for fiction where there are some (Ofcom's 07700 900, ARCEP's 06 39 98)."""
    tail = rng.randint(100, 999)
    return {
        "it": f"+39 351 555 0{tail}",
        "en": f"+44 7700 900{tail}",
        "de": f"+49 152 2895 0{tail}",
        "fr": f"+33 6 39 98 0{tail // 100} {tail % 100:02}",
    }[language]


def _plain(name: str) -> str:
    """The letters of a name that an address can hold."""
    folded = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ı", "i"))
    return "".join(c for c in folded.lower() if c.isascii() and c.isalpha())
