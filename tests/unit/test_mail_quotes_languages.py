"""Folding in the languages of our customers' programs: what Gmail, Outlook, Apple Mail, Thunderbird and telephones write there."""

import pytest

from agentdesk.mail.quotes import split

SHOP = "Bottega Rossi <aiuto@bottega.example>"

# language: own words, Gmail's introduction, one of another program (without an address), Outlook's header, dashes, a line of a telephone
FORMS: dict[str, tuple[str, str, str, str, str, str]] = {
    "en": ("Where is it?", f"On Tue, Nov 3, 2026 at 9:05 AM {SHOP} wrote:", "On 03/11/2026 09:05, Bottega Rossi wrote:",
           f"From: {SHOP}\nSent: 03 November 2026 09:05\nTo: Anna\nSubject: RE: Order", "-----Original Message-----", "Sent from my iPhone"),
    "it": ("Dov'è?", f"Il giorno mar 3 nov 2026 alle ore 09:05 {SHOP} ha scritto:", "Il 03/11/26 09:05, Bottega Rossi ha scritto:",
           f"Da: {SHOP}\nInviato: martedì 3 novembre 2026 09:05\nA: Anna\nOggetto: R: Ordine", "-----Messaggio originale-----", "Inviato da iPhone"),
    "de": ("Wo ist es?", f"Am Di., 3. Nov. 2026 um 09:05 Uhr schrieb {SHOP}:", "Am 03.11.26 um 09:05 schrieb Bottega Rossi:",
           f"Von: {SHOP}\nGesendet: Dienstag, 3. November 2026 09:05\nAn: Anna\nBetreff: AW: Bestellung", "-----Ursprüngliche Nachricht-----", "Von meinem iPhone gesendet"),
    "fr": ("Où est-il ?", f"Le mar. 3 nov. 2026 à 09:05, {SHOP} a écrit :", "Le 03/11/2026 à 09:05, Bottega Rossi a écrit :",
           f"De : {SHOP}\nEnvoyé : mardi 3 novembre 2026 09:05\nÀ : Anna\nObjet : RE: Commande", "-----Message d'origine-----", "Envoyé de mon iPhone"),
    "es": ("¿Dónde está?", f"El mar, 3 nov 2026 a las 9:05, {SHOP}\nescribió:", "El 3/11/26 a las 9:05, Bottega Rossi escribió:",
           f"De: {SHOP}\nEnviado el: martes, 3 de noviembre de 2026 9:05\nPara: Anna\nAsunto: RE: Pedido", "-----Mensaje original-----", "Enviado desde mi iPhone"),
    "pt": ("Onde está?", f"Em ter., 3 de nov. de 2026 às 09:05, {SHOP}\nescreveu:", "Em 03/11/2026 09:05, Bottega Rossi escreveu:",
           f"De: {SHOP}\nEnviada em: terça-feira, 3 de novembro de 2026 09:05\nPara: Anna\nAssunto: RE: Pedido", "-----Mensagem original-----", "Enviado do meu iPhone"),
    "nl": ("Waar is het?", f"Op di 3 nov 2026 om 09:05 schreef {SHOP}:", "Op 03-11-2026 om 09:05 schreef Bottega Rossi:",
           f"Van: {SHOP}\nVerzonden: dinsdag 3 november 2026 09:05\nAan: Anna\nOnderwerp: RE: Bestelling", "-----Oorspronkelijk bericht-----", "Verstuurd vanaf mijn iPhone"),
    "pl": ("Gdzie to jest?", f"wt., 3 lis 2026 o 09:05 {SHOP} napisał(a):", "W dniu 3.11.2026 o 09:05, Bottega Rossi pisze:",
           f"Od: {SHOP}\nWysłano: wtorek, 3 listopada 2026 09:05\nDo: Anna\nTemat: Odp: Zamówienie", "-----Wiadomość oryginalna-----", "Wysłane z iPhone'a"),
    "sv": ("Var är den?", f"Den tis 3 nov. 2026 kl 09:05 skrev {SHOP}:", "Den 2026-11-03 kl. 09:05, skrev Bottega Rossi:",
           f"Från: {SHOP}\nSkickat: den 3 november 2026 09:05\nTill: Anna\nÄmne: Sv: Order", "-----Ursprungligt meddelande-----", "Skickat från min iPhone"),
    "da": ("Hvor er den?", f"Den tirs. 3. nov. 2026 kl. 09.05 skrev {SHOP}:", "Den 03.11.2026 kl. 09.05 skrev Bottega Rossi:",
           f"Fra: {SHOP}\nSendt: 3. november 2026 09:05\nTil: Anna\nEmne: SV: Ordre", "-----Oprindelig meddelelse-----", "Sendt fra min iPhone"),
    "no": ("Hvor er den?", f"tir. 3. nov. 2026 kl. 09:05 skrev {SHOP}:", "Den 03.11.2026 09:05, skrev Bottega Rossi:",
           f"Fra: {SHOP}\nSendt: tirsdag 3. november 2026 09:05\nTil: Anna\nEmne: SV: Ordre", "-----Opprinnelig melding-----", "Sendt fra min iPhone"),
    "fi": ("Missä se on?", "ti 3. marrask. 2026 klo 9.05 Bottega Rossi (aiuto@bottega.example) kirjoitti:", "Bottega Rossi kirjoitti 3.11.2026 klo 9.05:",
           f"Lähettäjä: {SHOP}\nLähetetty: tiistai 3. marraskuuta 2026 9.05\nVastaanottaja: Anna\nAihe: VS: Tilaus", "-----Alkuperäinen viesti-----", "Lähetetty iPhonesta"),
    "cs": ("Kde to je?", f"út 3. 11. 2026 v 9:05 odesílatel {SHOP} napsal:", "Dne 03. 11. 26 v 9:05 Bottega Rossi napsal(a):",
           f"Od: {SHOP}\nOdesláno: úterý 3. listopadu 2026 9:05\nKomu: Anna\nPředmět: RE: Objednávka", "-----Původní zpráva-----", "Odesláno z iPhonu"),
    "sk": ("Kde to je?", f"ut 3. 11. 2026 o 9:05 {SHOP} napísal(a):", "Dňa 3. 11. 2026 o 9:05 Bottega Rossi napísal(a):",
           f"Od: {SHOP}\nOdoslané: utorok 3. novembra 2026 9:05\nKomu: Anna\nPredmet: RE: Objednávka", "-----Pôvodná správa-----", "Odoslané z iPhonu"),
    "ro": ("Unde este?", f"mar., 3 nov. 2026 la 09:05, {SHOP} a scris:", "Pe 03.11.2026 09:05, Bottega Rossi a scris:",
           f"De la: {SHOP}\nTrimis: marți, 3 noiembrie 2026 09:05\nCătre: Anna\nSubiect: RE: Comandă", "-----Mesaj original-----", "Trimis de pe iPhone-ul meu"),
    "hu": ("Hol van?", f"{SHOP} ezt írta (időpont: 2026. nov. 3., K, 9:05):", "2026. 11. 03. 9:05 keltezéssel, Bottega Rossi írta:",
           f"Feladó: {SHOP}\nElküldve: 2026. november 3., kedd 9:05\nCímzett: Anna\nTárgy: RE: Rendelés", "-----Eredeti üzenet-----", "Az iPhone készülékemről küldve"),
    "tr": ("Nerede?", f"{SHOP}, 3 Kas 2026 Sal, 09:05 tarihinde şunu yazdı:", "3.11.2026 09:05 tarihinde Bottega Rossi yazdı:",
           f"Gönderen: {SHOP}\nGönderildi: 3 Kasım 2026 Salı 09:05\nKime: Anna\nKonu: Ynt: Sipariş", "-----Orijinal İleti-----", "iPhone'umdan gönderildi"),
    "ru": ("Где он?", f"вт, 3 нояб. 2026 г. в 09:05, {SHOP}:", "03.11.2026 09:05, Bottega Rossi пишет:",
           f"От: {SHOP}\nОтправлено: 3 ноября 2026 г. 9:05\nКому: Anna\nТема: RE: Заказ", "-----Исходное сообщение-----", "Отправлено с iPhone"),
    "uk": ("Де він?", f"вт, 3 лист. 2026 р. о 09:05 {SHOP} пише:", "03.11.2026 09:05, Bottega Rossi пише:",
           f"Від: {SHOP}\nНадіслано: 3 листопада 2026 р. 9:05\nКому: Anna\nТема: RE: Замовлення", "-----Вихідне повідомлення-----", "Надіслано з iPhone"),
    "bg": ("Къде е?", f"На вт, 3.11.2026 г. в 9:05 {SHOP} написа:", "На 3.11.2026 г. в 9:05, Bottega Rossi написа:",
           f"От: {SHOP}\nИзпратено: вторник, 3 ноември 2026 г. 9:05\nДо: Anna\nОтносно: RE: Поръчка", "-----Оригинално съобщение-----", "Изпратено от моя iPhone"),
    "el": ("Πού είναι;", f"Στις Τρί 3 Νοε 2026 στις 9:05 π.μ., ο/η {SHOP} έγραψε:", "Στις 3/11/2026 9:05 π.μ., ο Bottega Rossi έγραψε:",
           f"Από: {SHOP}\nΣτάλθηκε: Τρίτη, 3 Νοεμβρίου 2026 9:05\nΠρος: Anna\nΘέμα: RE: Παραγγελία", "-----Αρχικό μήνυμα-----", "Στάλθηκε από το iPhone μου"),
    "hr": ("Gdje je?", f"uto, 3. stu 2026. u 09:05 {SHOP} napisao je:", "Dana 3.11.2026. u 9:05, Bottega Rossi je napisao/la:",
           f"Šalje: {SHOP}\nPoslano: 3. studenog 2026. 9:05\nPrima: Anna\nPredmet: RE: Narudžba", "-----Izvorna poruka-----", "Poslano s mog iPhonea"),
    "ja": ("どこですか。", f"2026年11月3日(火) 9:05 {SHOP}:", "2026/11/03 9:05、Bottega Rossiのメール:",
           f"差出人: {SHOP}\n送信日時: 2026年11月3日 9:05\n宛先: Anna\n件名: RE: 注文", "-----元のメッセージ-----", "iPhoneから送信"),
    "zh": ("在哪里？", f"{SHOP} 于2026年11月3日周二 09:05写道：", "在 2026/11/3 9:05, Bottega Rossi 写道:",
           f"发件人: {SHOP}\n发送时间: 2026年11月3日 9:05\n收件人: Anna\n主题: 回复: 订单", "------------------ 原始邮件 ------------------", "从我的 iPhone 发送"),
    "zh-tw": ("在哪裡？", f"{SHOP} 於 2026年11月3日 週二 上午9:05寫道：", "Bottega Rossi 於 2026/11/3 09:05 寫道:",
              f"寄件者: {SHOP}\n寄件日期: 2026年11月3日 上午 09:05\n收件者: Anna\n主旨: RE: 訂單", "-----原始郵件-----", "從我的 iPhone 傳送"),
    "ko": ("어디에 있나요?", f"2026년 11월 3일 (화) 오전 9:05, {SHOP}님이 작성:", "2026. 11. 3. 오전 9:05, Bottega Rossi님이 작성:",
           f"보낸 사람: {SHOP}\n보낸 날짜: 2026년 11월 3일 화요일 오전 9:05\n받는 사람: Anna\n제목: RE: 주문", "-----원본 메시지-----", "나의 iPhone에서 보냄"),
    "he": ("איפה זה?", f"בתאריך יום ג׳, 3 בנוב׳ 2026 ב-9:05 מאת {SHOP}:", "ב-3.11.2026 9:05, Bottega Rossi כתב:",
           f"מאת: {SHOP}\nנשלח: יום שלישי 3 נובמבר 2026 9:05\nאל: Anna\nנושא: RE: הזמנה", "-----הודעה מקורית-----", "נשלח מה-iPhone שלי"),
    "ar": ("أين هو؟", f"في الثلاثاء، 3 نوفمبر 2026 في 9:05 ص تمت كتابة ما يلي بواسطة {SHOP}:", "في 3/11/2026 9:05، كتب Bottega Rossi:",
           f"من: {SHOP}\nتاريخ الإرسال: 3 نوفمبر 2026 9:05\nإلى: Anna\nالموضوع: RE: طلب", "-----الرسالة الأصلية-----", "أرسلت من هاتفي iPhone"),
}  # fmt: skip
BODY = "Gentile Anna,\necco il suo ordine."
KINDS = ("gmail", "other", "outlook", "dashes", "mobile")
CASES = [(language, kind) for language in FORMS for kind in KINDS]


def tail(language: str, kind: str) -> str:
    intro, other, block, dashes, mobile = FORMS[language][1:]
    quoted = "\n".join(f"> {line}" for line in BODY.split("\n"))
    return {
        "gmail": f"{intro}\n\n{quoted}", "other": f"{other}\n\n{BODY}", "outlook": f"{block}\n\n{BODY}", "dashes": f"{dashes}\n{block}\n\n{BODY}",
        "mobile": mobile,
    }[kind]  # fmt: skip


def test_at_least_twelve_languages() -> None:
    assert len(FORMS) >= 12


@pytest.mark.parametrize(("language", "kind"), CASES, ids=[f"{language}-{kind}" for language, kind in CASES])
def test_what_was_written_now_is_parted_from_the_rest(language: str, kind: str) -> None:
    own = FORMS[language][0]
    assert split(f"{own}\n\n{tail(language, kind)}") == (own, tail(language, kind))


@pytest.mark.parametrize("language", FORMS)
def test_an_introduction_without_marks_below_it_folds_too(language: str) -> None:
    own, intro = FORMS[language][:2]
    assert split(f"{own}\n\n{intro}\n\n{BODY}") == (own, f"{intro}\n\n{BODY}")


@pytest.mark.parametrize("language", FORMS)
def test_answers_between_quotations_stay(language: str) -> None:
    own, intro = FORMS[language][:2]
    visible, hidden = split(f"{intro}\n> Colore?\n{own}\n> Taglia?\n42\n> Saluti")
    assert visible == f"> Colore?\n{own}\n> Taglia?\n42"
    assert hidden == f"{intro}\n> Saluti"


@pytest.mark.parametrize("language", FORMS)
def test_an_answer_below_the_quotation_stays(language: str) -> None:
    own, intro = FORMS[language][:2]
    assert split(f"{intro}\n> Dove?\n\n{own}")[0] == own


def test_the_rule_of_outlook_is_enough_in_any_language() -> None:
    block = f"{'_' * 32}\nVan dan: {SHOP}\nPetek: 3. 11. 2026 9:05\nWieder wer: Anna\nTreff: x"
    assert split(f"Ja\n\n{block}\n\n{BODY}") == ("Ja", f"{block}\n\n{BODY}")


def test_a_disclaimer_stays() -> None:
    text = "Grazie\n\nLe informazioni contenute in questa comunicazione sono riservate e destinate al solo destinatario."
    assert split(text) == (text, "")


@pytest.mark.parametrize(
    "text",
    [
        "Wysłane z opóźnieniem, ale dotarło.", "Отправлено с опозданием, когда будет?", "Trimis din greșeală, scuze.", "Odesláno z Prahy včera.", "Inviato ieri, quando arriva?",
        "Nome: Anna\nE-mail: anna@posta.example\nTelefono: 333 1234567\nMessaggio: dov'è il pacco?", "Name: Anna\nOrder: 10245\nProblem: broken",
        "Il mio ordine del 3/11/2026:\nscarpe", "3.11.2026 09:05 bestellt:\nSchuhe",
    ],
)  # fmt: skip
def test_ordinary_lines_are_taken_for_nothing_else(text: str) -> None:
    assert split(text) == (text, "")
