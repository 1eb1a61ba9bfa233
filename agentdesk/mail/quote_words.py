"""What mail programs write around quoted mail, in the languages our customers' programs speak.

A table a language, from the programs themselves (Gmail, Outlook, Apple Mail, Thunderbird, Yahoo and the mail programs of telephones), joined to one
pattern for each kind of line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    wrote: str
    """The verb of "On ... X wrote:", as alternatives."""
    sender: str
    """The first field of a header block."""
    fields: str
    """Its other fields."""
    subject: str
    original: str
    """What stands between dashes above older mail."""
    forwarded: str = ""
    """The line above a forwarded message, without its colon."""
    mobile: str = ""
    """How a line begins that a telephone or a web mail adds."""


_DEVICE = (
    r"(?:\S+ ){0,3}(?:iphon|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|redmi|nokia|sony|pixel|outlook|yahoo|gmail|proton|windows|mail|e-mail|smartphone|"
    r"tablet|poczt|poszt|pošt|телефон|почт|пошт|смартфон|айфон|планшет|κινητ|telefon|telefón|mobil|telèfon|mòbil|điện thoại|ponsel|הטלפון|هاتف)\w*"
)
"""What a line says that it was sent from: in languages in which "sent with" begins ordinary sentences, this must follow."""

LANGUAGES: dict[str, Words] = {
    "en": Words(
        "wrote|writes|writed|said", "from", "sent|to|cc|bcc|date|reply-to|importance|priority|attachments?", "subject",
        r"original\s+(?:message|e-?mail|text)|forwarded\s+(?:message|by)|fwd\s+message|reply\s+message|reply\s+above\s+this\s+line|original\s+appointment",
        "begin forwarded message",
        r"sent (?:from|via|with) (?:my |the )?(?:i?phone|ipad|ipod|android|blackberry|samsung|galaxy|huawei|nokia|sony|htc|lg|xiaomi|mobile|"
        r"windows|outlook|yahoo|gmail|mail|protonmail|proton|aol|tablet|verizon|t-mobile|at&t|telekom|spark|mailbird|airmail|superhuman|fairphone|pixel|tutanota|"
        r"zoho|typeapp|bluemail|front|hey|k-9|thunderbird|fastmail|canary|edison|newton)\b"
        r"|get (?:outlook|boomerang|bluemail|typeapp) for\b|download (?:outlook|now) for\b",
    ),
    "it": Words(
        "ha scritto|scrive|scriveva", "da|mittente", "inviato|inviata|data|a|cc|ccn|per|destinatario|priorità|allegati|rispondi a", "oggetto",
        r"messaggio\s+originale|messaggio\s+inoltrato|messaggio\s+di\s+risposta|messaggio\s+originario", "inizio messaggio inoltrato",
        r"inviato (?:da|dal|con|tramite) (?:il )?(?:mio |la mia )?(?:iphone|ipad|android|cellulare|telefono|smartphone|dispositivo|samsung|huawei|xiaomi|outlook|yahoo|libero|"
        r"posta|gmail|tablet|blackberry|windows|virgilio|galaxy|tim|mail|proton)\b|scarica outlook per\b|ottieni outlook per\b|ottieni bluemail\b",
    ),
    "de": Words(
        r"schrieb(?:en)?|hat geschrieben|geschrieben", "von", "gesendet|gesendet am|an|cc|bcc|kopie|blindkopie|datum|antwort an|wichtigkeit|anlagen", "betreff",
        r"urspr[uü]ngliche(?:\s+(?:nachricht|e-?mail|mail|text))?|original\s*nachricht|original-nachricht|weitergeleitete\s+(?:nachricht|e-mail)|ursprünglicher\s+termin",
        "anfang der weitergeleiteten (?:nachricht|e-mail)",
        r"(?:von|mit) mein\w* .{1,60}(?:gesendet|geschickt|verschickt)\b|gesendet (?:mit|von|aus|über)\b|diese nachricht wurde von meinem\b|"
        r"outlook für (?:android|ios) (?:herunterladen|beziehen)|holen sie sich outlook\b",
    ),
    "fr": Words(
        "a écrit|a ecrit|écrivait|écrit", "de|message du|expéditeur", "envoyé|envoyé le|date|à|a|cc|cci|copie à|pour|répondre à|importance|pièces jointes", "objet|sujet",
        r"message\s+d['’]origine|message\s+original|message\s+initial|message\s+transféré|message\s+transmis|courriel\s+original",
        "début du message (?:réexpédié|transféré)",
        r"envoyé (?:de|depuis|à partir de|avec|via) (?:mon |ma |l['’]|un |une |mail|outlook|yahoo|gmail|orange|proton)|télécharger outlook pour\b|obtenir outlook pour\b|obtenez outlook pour\b",
    ),
    "es": Words(
        "escribió|escribio|ha escrito", "de|remitente", "enviado|enviado el|enviada|fecha|para|cc|cco|cc:|responder a|importancia|datos adjuntos", "asunto",
        r"mensaje\s+original|mensaje\s+reenviado|forwarded\s+message", "inicio del mensaje reenviado",
        r"enviado (?:desde|con|a partir de) (?:mi |el |mail|outlook|yahoo|gmail|mobile|samsung|correo|huawei|proton)|obtener outlook para\b|descargar outlook\b",
    ),
    "pt": Words(
        "escreveu", "de|remetente", "enviado|enviada|enviada em|enviado em|data|para|cc|cco|responder a", "assunto",
        r"mensagem\s+original|mensagem\s+encaminhada|mensagem\s+reencaminhada", "início da mensagem (?:reencaminhada|encaminhada)",
        r"enviado (?:do|de|a partir do|via|por) (?:meu |o |mail|outlook|yahoo|gmail|samsung|iphone|proton)|obter o outlook\b|baixar outlook\b",
    ),
    "nl": Words(
        "schreef|geschreven|heeft geschreven", "van|afzender", "verzonden|datum|aan|cc|bcc|prioriteit|bijlagen", "onderwerp",
        r"oorspronkelijk\s+bericht|origineel\s+bericht|doorgestuurd\s+bericht|oorspronkelijke\s+afspraak", "begin doorgestuurd bericht",
        r"verzonden (?:vanaf|van|met|via) (?:mijn |mail|outlook|yahoo|gmail|proton)|verstuurd vanaf\b|outlook voor (?:ios|android) downloaden\b",
    ),
    "sv": Words(
        "skrev|har skrivit", "från|avsändare", "skickat|datum|till|kopia|cc|svara till", "ämne",
        r"ursprungligt\s+meddelande|originalmeddelande|vidarebefordrat\s+(?:meddelande|brev)", "vidarebefordrat brev|börja det vidarebefordrade meddelandet",
        r"skickat från (?:min|mitt|outlook|mail|yahoo|gmail)|skickades från (?:min|outlook)|hämta outlook för\b|skaffa outlook för\b",
    ),
    "da": Words(
        "skrev|har skrevet", "fra|afsender", "sendt|dato|til|cc|bcc|svar til", "emne",
        r"oprindelig\s+(?:meddelelse|besked)|videresendt\s+(?:meddelelse|besked)|original\s+meddelelse", "videresendt besked|start på videresendt besked",
        r"sendt fra (?:min|mit|outlook|mail|yahoo|gmail)|hent outlook til\b",
    ),
    "no": Words(
        "skrev|har skrevet", "fra|avsender", "sendt|dato|til|kopi|cc", "emne",
        r"opprinnelig\s+melding|videresendt\s+(?:melding|e-post)|original\s+melding", "videresendt melding|start på videresendt melding",
        r"sendt fra (?:min|mitt|outlook|mail|yahoo|gmail)|få outlook for\b|skaff deg outlook for\b",
    ),
    "fi": Words(
        "kirjoitti", "lähettäjä", "lähetetty|päivämäärä|päiväys|vastaanottaja|kopio|kenelle|kohde", "aihe",
        r"alkuperäinen\s+viesti|välitetty\s+viesti|edelleenlähetetty\s+viesti", "välitetty viesti alkaa|aloita välitetty viesti",
        r"lähetetty (?:iphone|ipad|android|outlook|yahoo|samsung|laitteesta|minun)|hanki outlook\b",
    ),
    "pl": Words(
        r"napisał\(a\)|napisał|napisała|pisze", "od|nadawca", "wysłano|wysłane|data|do|dw|udw|odpowiedz do", "temat",
        r"wiadomość\s+oryginalna|wiadomość\s+oryginalną|oryginalna\s+wiadomość|treść\s+przekazanej\s+wiadomości|wiadomość\s+przekazana|przekazana\s+wiadomość",
        "początek przekazywanej wiadomości|wiadomość napisana przez", r"wysłan[eoy] (?:z|ze|za pomocą) {device}|pobierz (?:aplikację )?outlook\b|uzyskaj (?:aplikację )?outlook\b",
    ),
    "cs": Words(
        r"napsala?(?:\(a\))?|píše|napsal\(a\)", "od|odesílatel", "odesláno|datum|komu|kopie|kopie skrytá", "předmět",
        r"původní\s+(?:zpráva|e-mail)|přeposlaná\s+zpráva|předaná\s+zpráva", "začátek přeposílané zprávy|začátek předávané zprávy",
        r"odesláno (?:z|ze|pomocí) {device}|získat outlook pro\b|stáhnout outlook\b",
    ),
    "sk": Words(
        r"napísala?(?:\(a\))?|píše", "od|odosielateľ", "odoslané|dátum|komu|kópia", "predmet", r"pôvodná\s+správa|preposlaná\s+správa", "začiatok preposlanej správy",
        r"odoslané (?:z|zo|pomocou) {device}|získať outlook pre\b",
    ),
    "ro": Words(
        "a scris|scris", "de la|expeditor", "trimis|data|dată|către|catre|cc|la", "subiect", r"mesaj(?:ul)?\s+(?:original|inițial|ini[tț]ial|redirecționat)|mesaj\s+redirec[tț]ionat",
        "începutul mesajului redirecționat|redirecționare mesaj", r"trimis (?:de pe|din|de la) {device}|ob[tț]ine[tț]i outlook pentru\b|descărcați outlook\b",
    ),
    "hu": Words(
        r"ezt írta|írta|a következőt írta", "feladó", "elküldve|küldve|dátum|címzett|másolatot kap", "tárgy", r"eredeti\s+üzenet|továbbított\s+(?:üzenet|levél)", "továbbított üzenet kezdete",
        r"(?:az? )?{device}\S* (?:készülékemről )?küldve|küldve (?:az? )?{device}|outlook (?:beszerzése|letöltése)\b",
    ),
    "tr": Words(
        "şunu yazdı|yazdı|şunları yazdı", "gönderen|kimden", "gönderildi|gönderilme|gönderim tarihi|tarih|kime|alıcı|bilgi|cc", "konu",
        r"(?:orijinal|özgün|asıl)\s+(?:ileti|mesaj|e-?posta)|yönlendirilen\s+(?:ileti|mesaj)|iletilen\s+mesaj", "iletilen mesajın başlangıcı|iletilmiş mesajın başlangıcı",
        r"(?:iphone|ipad|android|samsung|huawei)[\w'’ ]{0,30} gönderildi\b|outlook(?:['’]u)? (?:edinin|indir)|yahoo mail.{0,30}gönderildi",
    ),
    "ru": Words(
        "пишет|писал|писала|написала?|написал\\(а\\)|пише", "от|от кого|отправитель", "дата|отправлено|кому|копия|получатель", "тема",
        r"исходное\s+сообщение|пересылаемое\s+сообщение|пересланное\s+сообщение|пересылаемое\s+письмо|конец\s+пересылаемого\s+сообщения",
        "начало пере(?:адресованного|сылаемого) сообщения|начало переадресованного сообщения", r"отправлено (?:с|со|из|через) {device}|скачать outlook для\b|получить outlook для\b",
    ),
    "uk": Words(
        "написав|написала|пише|писав", "від|відправник", "надіслано|дата|кому|копія", "тема", r"вихідне\s+повідомлення|переслане\s+повідомлення|оригінальне\s+повідомлення",
        "початок пересланого повідомлення", r"надіслано (?:з|із|через) {device}",
    ),
    "bg": Words("написа|написал", "от", "изпратено|дата|до|копие", "относно|тема", r"оригинално\s+съобщение|препратено\s+съобщение", "", r"изпратено от {device}"),
    "el": Words(
        "έγραψε", "από", "στάλθηκε|ημερομηνία|προς|κοιν(?:οποίηση)?", "θέμα", r"αρχικό\s+μήνυμα|προωθημένο\s+μήνυμα", "έναρξη προωθημένου μηνύματος",
        r"(?:στάλθηκε|απεστάλη) από {device}|αποκτήστε το outlook\b",
    ),
    "hr": Words(
        r"napisao je|napisala je|napisao(?:/la)?|je napisao(?:/la)?|je napisala|piše", "od|pošiljatelj|šalje|pošiljalac", "poslano|poslato|datum|prima|za|kopija", "predmet|naslov",
        r"izvorna\s+poruka|originalna\s+poruka|proslijeđena\s+poruka|izvorno\s+sporočilo|posredovano\s+sporočilo", "", r"poslano (?:s|sa|iz|z) {device}",
    ),
    "sl": Words("je napisal(?:a|\\(a\\))?|je oseba .{1,80} napisala|napisala?", "od", "poslano|datum|za|kp", "zadeva", r"izvirno\s+sporočilo|posredovano\s+sporočilo", "", r"poslano iz {device}"),
    "ca": Words("va escriure|ha escrit", "de", "enviat|enviat el|data|per a|a|cc", "assumpte|tema", r"missatge\s+original|missatge\s+reenviat", "", r"enviat (?:des|amb) {device}"),
    "ja": Words(
        "のメール|さんは書きました|さんのメール|のメッセージ|が書きました|は書きました", "差出人|送信者|from", "送信日時|日時|日付|送信日|宛先|cc|返信先", "件名",
        r"元のメッセージ|オリジナルメッセージ|転送されたメッセージ|転送メッセージ|original\s+message", "転送されたメッセージ|以下は転送されたメッセージです",
        r"(?:私の)?(?:iphone|ipad|android|スマートフォン|xperia|galaxy)から送信|outlook for (?:ios|android) を(?:入手|取得)|yahoo!?メール.{0,20}から送信",
    ),
    "zh": Words(
        "写道|寫道|写到|撰寫", "发件人|寄件者|寄件人|發件人", "发送时间|发送日期|日期|时间|收件人|抄送|寄件日期|收件者|副本|發送時間|發送日期|時間", "主题|主旨|主題",
        r"原始邮件|原始郵件|转发邮件|轉寄郵件|转发的邮件|轉寄的郵件|原邮件|回复的原邮件|回复的邮件|邮件原件", "下面是被转发的邮件|開始轉寄郵件|开始转发邮件",
        r"从我的.{1,12}发送|從我的.{1,12}傳送|发自我的|發自我的|来自我的|获取 outlook|获取适用于|取得適用於|发自.{1,16}(?:邮箱|手机)",
    ),
    "ko": Words(
        "님이 작성|님의 말|님이 쓴 글|작성", "보낸 사람|보낸사람|발신", "보낸 날짜|날짜|받는 사람|받는사람|참조|받음", "제목", r"원본\s*(?:메시지|메일)|전달된\s*(?:메시지|메일)|original\s+message",
        "전달된 메시지 시작", r"(?:나의|내) (?:iphone|ipad)에서 보냄|(?:iphone|ipad|samsung|삼성)[\w ]{0,20}에서 보냄|outlook .{0,10}다운로드",
    ),
    "he": Words("כתב|כתבה|כתב/ה|מאת .{1,80}", "מאת", "נשלח|תאריך|אל|עותק", "נושא", r"הודעה\s+מקורית|הודעה\s+שהועברה", "", r"נשלח מה?-?{device}"),
    "ar": Words("كتب|كتبت|تمت كتابة ما يلي", "من", "تاريخ الإرسال|أرسلت|التاريخ|إلى|نسخة", "الموضوع", r"الرسالة\s+الأصلية|رسالة\s+مُعاد\s+توجيهها", "", r"(?:تم الإرسال|أرسلت|مرسل) من {device}"),
    "vi": Words("đã viết", "từ", "đã gửi|ngày|gửi|tới|đến|cc", "chủ đề|tiêu đề", r"thư\s+gốc|tin\s+nhắn\s+gốc|thư\s+được\s+chuyển\s+tiếp", "", r"(?:đã|được) gửi từ {device}"),
    "id": Words("menulis", "dari", "dikirim|tanggal|kepada|ke|cc", "subjek|perihal", r"pesan\s+asli|pesan\s+terusan|pesan\s+yang\s+diteruskan", "", r"dikirim dari {device}"),
    "et": Words("kirjutas", "saatja", "saadetud|kuupäev|adressaat|koopia", "teema", r"algne\s+sõnum|edastatud\s+(?:kiri|sõnum)", "", r"saadetud (?:minu )?{device}"),
    "lv": Words("rakstīja", "no", "nosūtīts|datums|kam|kopija", "tēma|temats", r"sākotnējais\s+ziņojums|pārsūtīts\s+ziņojums", "", r"nosūtīts no {device}"),
    "lt": Words("rašė|parašė", "nuo|siuntėjas", "išsiųsta|data|kam|kopija|gavėjas", "tema", r"originalus\s+laiškas|persiųstas\s+laiškas", "", r"išsiųsta iš {device}"),
    "is": Words("skrifaði", "frá", "sent|dagsetning|til|afrit", "efni", r"upprunaleg\s+skilaboð|áframsend\s+skilaboð", "", r"sent úr {device}"),
}


def _any(parts: Iterable[str]) -> str:
    """One alternative of them all, the longest first, so that none hides behind its beginning."""
    words = dict.fromkeys(part for group in parts for part in _split(group) if part)
    return "|".join(sorted(words, key=len, reverse=True))


def _split(group: str) -> list[str]:
    """The alternatives of a group, those in brackets left together."""
    found, depth, start = [], 0, 0
    for index, letter in enumerate(group):
        depth += (letter in "([") - (letter in ")]")
        if letter == "|" and not depth:
            found.append(group[start:index])
            start = index + 1
    return [*found, group[start:]]


_ALL = tuple(LANGUAGES.values())
_SPACELESS = [LANGUAGES[name].wrote for name in ("ja", "zh", "ko")]
"""Nothing parts their verbs from the name before."""
WROTE = re.compile(rf"(?i)(?:\b(?:{_any(one.wrote for one in _ALL)})|{_any(_SPACELESS)})(?=[\s:：,)*_<\[]|$)")
ORIGINAL = re.compile(rf"(?i)(?:\b|(?<=[-_ ]))(?:{_any(one.original for one in _ALL)})(?=\W|$)")
FORWARDED = re.compile(rf"(?i)[\s*]*(?:{_any(one.forwarded for one in _ALL)})\s*[:：][\s*]*")
SENDER = re.compile(rf"(?i)[\s*]*(?:{_any(one.sender for one in _ALL)}|gesendet|sent|data|date|datum)\s*[*]*\s*[:：]\s*\S")
FIELD = re.compile(rf"(?i)[\s*]*({_any(part for one in _ALL for part in (one.sender, one.fields, one.subject))})\s*[*]*\s*[:：]")
SUBJECTS = frozenset(word for one in _ALL for word in one.subject.split("|"))
_MOBILE = _any(one.mobile for one in _ALL).replace("{device}", _DEVICE)
MOBILE = re.compile(rf"(?i)[\s*_\[(]*(?:{_MOBILE})[^\n]{{0,120}}")
