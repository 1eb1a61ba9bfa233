"""What the embedded shop sells and who bought it: the catalogue, the orders and the rows of orders.csv."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Literal
from urllib.parse import quote

from agentdesk.demo.season_people import Person

State = Literal[
    "processing", "shipped", "late", "delivered", "returned", "cancelled", "refunded", "in transit, cancelled"
]
"""How an order stands when its customer writes. "late" and the last one are "shipped" to the shop, "returned" is
"delivered"."""

FIRST_NUMBER = 10112


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    price: str
    names: dict[str, str]
    sizes: tuple[str, ...] = ()


def _product(sku: str, price: str, it: str, en: str, de: str, fr: str, *sizes: str) -> Product:
    return Product(sku, price, {"it": it, "en": en, "de": de, "fr": fr}, sizes)


CATALOGUE = {
    "lamp": _product("CV-LMP-01", "79.00", "Lampada da tavolo Luna", "Luna table lamp", "Tischlampe Luna", "Lampe de table Luna"),
    "vase": _product("CV-VAS-03", "44.00", "Vaso in ceramica Onda", "Onda ceramic vase", "Keramikvase Onda", "Vase en céramique Onda"),
    "plates": _product("CV-PIA-06", "69.90", "Servizio di 6 piatti Terra", "Terra plates, set of 6", "Teller Terra, 6er-Set", "Assiettes Terra, lot de 6"),
    "mugs": _product("CV-TAZ-04", "34.90", "Set di 4 tazze Bosco", "Bosco mugs, set of 4", "Tassen Bosco, 4er-Set", "Mugs Bosco, lot de 4"),
    "olive": _product("CV-ULI-50", "39.50", "Ulivo in vaso, 50 cm", "Potted olive tree, 50 cm", "Olivenbäumchen im Topf, 50 cm", "Olivier en pot, 50 cm"),
    "lantern": _product("CV-LAN-02", "49.00", "Lanterna da esterno, grande", "Garden lantern, large", "Gartenlaterne, groß", "Lanterne de jardin, grande"),
    "candle": _product("CV-CAN-11", "18.50", "Candela profumata Fico", "Fig scented candle", "Duftkerze Feige", "Bougie parfumée Figue"),
    "blanket": _product("CV-COP-07", "89.00", "Coperta in lana merino", "Merino wool blanket", "Wolldecke aus Merino", "Plaid en laine mérinos"),
    "cushion": _product("CV-CUS-12", "27.00", "Cuscino in lino, salvia", "Linen cushion, sage", "Leinenkissen, Salbei", "Coussin en lin, sauge"),
    "jumper": _product("CV-MAG-21", "95.00", "Maglione in lana", "Wool jumper", "Wollpullover", "Pull en laine", "S", "M", "M", "L"),
    "slippers": _product("CV-PAN-05", "42.00", "Pantofole in feltro", "Felt slippers", "Filzhausschuhe", "Chaussons en feutre", "38", "39", "40", "42"),
    "pyjamas": _product("CV-PIG-09", "58.00", "Pigiama in flanella", "Flannel pyjamas", "Flanell-Schlafanzug", "Pyjama en flanelle", "M", "L", "L"),
    "scarf": _product("CV-SCI-14", "36.00", "Sciarpa a quadri", "Checked scarf", "Karierter Schal", "Écharpe à carreaux"),
    "teapot": _product("CV-TEI-02", "54.00", "Teiera in ghisa", "Cast-iron teapot", "Teekanne aus Gusseisen", "Théière en fonte"),
    "secateurs": _product("CV-CES-01", "32.90", "Cesoie da potatura", "Secateurs", "Gartenschere", "Sécateur"),
    "planter": _product("CV-FIO-08", "46.00", "Fioriera in rovere", "Oak planter", "Pflanzkasten aus Eiche", "Jardinière en chêne"),
    "birdhouse": _product("CV-NID-03", "24.90", "Casetta per uccelli", "Bird house", "Vogelhaus", "Nichoir"),
    "wreath": _product("CV-GHI-25", "38.00", "Ghirlanda natalizia", "Christmas wreath", "Weihnachtskranz", "Couronne de Noël"),
    "lights": _product("CV-LUC-10", "21.90", "Catena di luci, 10 m", "Fairy lights, 10 m", "Lichterkette, 10 m", "Guirlande lumineuse, 10 m"),
    "basket": _product("CV-CES-30", "29.00", "Cesto portalegna", "Log basket", "Kaminholzkorb", "Panier à bûches"),
    "board": _product("CV-TAG-04", "26.50", "Tagliere in ulivo", "Olive-wood board", "Schneidbrett aus Olivenholz", "Planche en olivier"),
    "apron": _product("CV-GRE-02", "31.00", "Grembiule in lino", "Linen apron", "Leinenschürze", "Tablier en lin"),
    "tablecloth": _product("CV-TOV-27", "74.00", "Tovaglia in lino 180x270", "Linen tablecloth 180x270", "Leinentischdecke 180x270", "Nappe en lin 180x270"),
    "clock": _product("CV-ORO-01", "52.00", "Orologio da parete", "Wall clock", "Wanduhr", "Horloge murale"),
    "mirror": _product("CV-SPE-60", "99.00", "Specchio tondo, 60 cm", "Round mirror, 60 cm", "Runder Spiegel, 60 cm", "Miroir rond, 60 cm"),
    "diffuser": _product("CV-DIF-03", "28.00", "Diffusore di profumo", "Reed diffuser", "Raumduft mit Stäbchen", "Diffuseur de parfum"),
    "puzzle": _product("CV-PUZ-99", "19.90", "Puzzle in legno, Dolomiti", "Wooden puzzle, Dolomites", "Holzpuzzle Dolomiten", "Puzzle en bois, Dolomites"),
    "hammock": _product("CV-AMA-01", "84.00", "Amaca in cotone", "Cotton hammock", "Hängematte aus Baumwolle", "Hamac en coton"),
    "advent": _product("CV-AVV-24", "35.00", "Calendario dell'avvento in stoffa", "Fabric advent calendar", "Adventskalender aus Stoff", "Calendrier de l'Avent en tissu"),
    "gloves": _product("CV-GUA-06", "22.00", "Guanti da giardino in pelle", "Leather gardening gloves", "Gartenhandschuhe aus Leder", "Gants de jardin en cuir"),
}  # fmt: skip

_CARRIERS = {
    "it": ("GLS", "BRT", "BRT", "GLS", "DHL"),
    "en": ("Royal Mail", "Royal Mail", "UPS", "DHL"),
    "de": ("DHL", "DHL", "GLS", "UPS"),
    "fr": ("La Poste", "La Poste", "UPS", "GLS"),
}
_TRACKING = {
    "GLS": ("MG{}", 9, "https://tracking.gls.example/{}"),
    "BRT": ("0876{}", 11, "https://vas.brt.example/spedizione?n={}"),
    "DHL": ("JJD{}", 12, "https://track.dhl.example/{}"),
    "UPS": ("1Z7A8V{}", 10, "https://ups.example/track/{}"),
    "La Poste": ("6A{}", 11, "https://suivi.laposte.example/{}"),
    "Royal Mail": ("RB{}IT", 9, "https://tracking.royalmail.example/{}"),
}


@dataclass(slots=True)
class Line:
    key: str
    name: str
    sku: str
    quantity: int
    price: Decimal


@dataclass(slots=True)
class DemoOrder:
    person: Person
    placed: datetime
    status: str
    currency: str
    lines: list[Line]
    shipping: Decimal
    carrier: str = ""
    tracking: str = ""
    url: str = ""
    shipped: datetime | None = None
    eta: datetime | None = None
    refunded: Decimal = field(default_factory=Decimal)
    number: str = ""
    """Given last, when all orders are known: numbers go by the time of purchase."""

    @property
    def total(self) -> Decimal:
        return sum((line.price * line.quantity for line in self.lines), self.shipping)

    @property
    def key(self) -> str:
        """What its customer writes about: the first thing in it (a key of `CATALOGUE`)."""
        return self.lines[0].key

    @property
    def item(self) -> str:
        return self.lines[0].name

    def rows(self) -> list[dict[str, str]]:
        """The order's lines in orders.csv, one an item (the format of `docs/configuration.md`)."""
        return [
            {
                "number": self.number,
                "email": self.person.email,
                "name": self.person.name,
                "phone": self.person.phone,
                "status": self.status,
                "placed_at": self.placed.isoformat(timespec="seconds"),
                "currency": self.currency,
                "total": str(self.total),
                "item_name": line.name,
                "sku": line.sku,
                "quantity": str(line.quantity),
                "price": str(line.price),
                "carrier": self.carrier,
                "tracking_number": self.tracking,
                "tracking_url": self.url,
                "shipped_at": "" if self.shipped is None else self.shipped.isoformat(timespec="seconds"),
                "eta": "" if self.eta is None else self.eta.date().isoformat(),
                "refunded": str(self.refunded) if self.refunded else "",
                "language": self.person.language,
            }
            for line in self.lines
        ]


def make(
    rng: Random, person: Person, state: State, written: datetime, now: datetime, *, item: str = "", settled: bool = True
) -> DemoOrder:
    """An order that stands as `state` says at the time its customer writes.

    `settled`: the matter has been dealt with since, so by `now` time has carried the order on.
    """
    days = _DAYS_BEFORE[state]
    placed = _waking(rng, written - timedelta(days=rng.uniform(*days)), written)
    order = DemoOrder(person, placed, "processing", _currency(person), _lines(rng, person, item), Decimal("0.00"))
    if order.total < 59:
        order.shipping = Decimal("4.90")
    if state in ("processing", "cancelled"):
        order.status = "cancelled" if state == "cancelled" and settled else "processing"
        if order.status == "cancelled":
            order.refunded = order.total
        elif settled and now - written > timedelta(days=3):
            _ship(rng, order, written + timedelta(days=rng.uniform(0.6, 2)))
            _deliver_if_due(order, now)
        return order
    _ship(rng, order, min(placed + timedelta(days=rng.uniform(0.7, 2)), written - timedelta(hours=5)))
    assert order.shipped is not None
    if state == "late":
        order.eta = _noon(max(order.shipped + timedelta(days=1), written - timedelta(days=rng.uniform(2, 5))))
    elif state in ("shipped", "in transit, cancelled"):
        order.eta = _noon(written + timedelta(days=rng.choice((1, 1, 2, 2, 3))))
    else:
        order.status = "delivered"
        order.eta = _noon(order.shipped + timedelta(days=rng.choice((2, 3, 4))))
    if settled:
        _carry_on(rng, order, state, old=now - written > timedelta(days=4))
        if state == "shipped":
            _deliver_if_due(order, now)
    if state == "refunded":
        order.status = "refunded"
    if order.status == "refunded":
        # Who writes about the amount of a refund got too little: the cost of sending is missing.
        order.refunded = order.total - (Decimal("4.90") if state == "refunded" else 0)
    return order


def _carry_on(rng: Random, order: DemoOrder, state: State, *, old: bool) -> None:
    """What became of the order since its customer wrote."""
    if state == "returned" or (state == "in transit, cancelled" and old):
        order.status = "refunded"
    elif state == "late" and old:
        order.status = rng.choice(("delivered", "delivered", "refunded"))


_DAYS_BEFORE: dict[State, tuple[float, float]] = {
    "processing": (1.2, 4),
    "cancelled": (0.1, 1),
    "shipped": (2.5, 5),
    "late": (9, 14),
    "delivered": (5, 16),
    "returned": (18, 30),
    "refunded": (18, 30),
    "in transit, cancelled": (1.5, 3),
}


def number(rng: Random, orders: list[DemoOrder]) -> None:
    """Give the orders their numbers, by the time of purchase; orders of the other shops of the house lie between."""
    current = FIRST_NUMBER
    for order in sorted(orders, key=lambda order: (order.placed, order.person.email)):
        current += rng.randint(1, 9)
        order.number = str(current)


def _currency(person: Person) -> str:
    abroad = person.language == "en" and not person.city.startswith(("Dublin", "Cork"))
    return "GBP" if abroad else "EUR"


def _lines(rng: Random, person: Person, item: str) -> list[Line]:
    keys = [item] if item else []
    while len(keys) < rng.choice((1, 1, 1, 2, 2, 3)):
        key = rng.choice(list(CATALOGUE))
        if key not in keys:
            keys.append(key)
    return [_line(rng, key, person) for key in keys]


def _line(rng: Random, key: str, person: Person) -> Line:
    product = CATALOGUE[key]
    name = product.names[person.language]
    sku = product.sku
    if product.sizes:
        size = rng.choice(product.sizes)
        name, sku = f"{name}, {size}", f"{sku}-{size}"
    price = Decimal(product.price)
    if _currency(person) == "GBP":
        price = (price * Decimal("0.86")).quantize(Decimal(1)) - Decimal("0.05")
    several = Decimal(product.price) < 40 and not product.sizes and rng.random() < 0.3
    return Line(key, name, sku, rng.randint(2, 3) if several else 1, price)


def _ship(rng: Random, order: DemoOrder, at: datetime) -> None:
    order.status = "shipped"
    if at.hour not in range(8, 19):
        moved = at.replace(hour=rng.randint(14, 18))
        at = moved if moved <= at else moved - timedelta(days=1)
    order.shipped = max(at, order.placed + timedelta(hours=2)).replace(second=0, microsecond=0)
    order.carrier = rng.choice(_CARRIERS[order.person.language])
    pattern, digits, url = _TRACKING[order.carrier]
    order.tracking = pattern.format("".join(rng.choice("0123456789") for _ in range(digits)))
    order.url = url.format(quote(order.tracking))
    order.eta = _noon(order.shipped + timedelta(days=rng.choice((2, 3, 3, 4))))


def _deliver_if_due(order: DemoOrder, now: datetime) -> None:
    if order.eta is not None and order.eta < now - timedelta(hours=6):
        order.status = "delivered"


def _waking(rng: Random, at: datetime, before: datetime) -> datetime:
    """The same day at an hour at which people buy things."""
    moved = at.replace(
        hour=rng.choice((8, 10, 12, 13, 18, 20, 21, 22)),
        minute=rng.randint(0, 59),
        second=rng.randint(0, 59),
        microsecond=0,
    )
    return moved if moved < before - timedelta(hours=2) else at.replace(microsecond=0) - timedelta(hours=2)


def _noon(at: datetime) -> datetime:
    return at.replace(hour=12, minute=0, second=0, microsecond=0)
