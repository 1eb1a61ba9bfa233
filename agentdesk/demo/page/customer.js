"use strict";
// Everything shown comes in as text (textContent): what people write is never markup.
const $ = (id) => document.getElementById(id);
const POLL = 1500;
let words = {}, inbox = "", people = [], me = null, source = null, chat = null, answering = null, shown = "", shownMails = "";

async function ask(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(`${answer.status} ${path}`);
  const type = answer.headers.get("content-type") || "";
  return type.includes("json") ? answer.json() : null;
}
const post = (path, fields) => ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(fields) });
const time = (seconds) => new Date(seconds * 1000).toLocaleString(document.documentElement.lang, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
function make(tag, text, ...inside) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...inside);
  return element;
}

async function begin() {
  const given = await ask("demo/words");
  words = given.words; inbox = given.inbox;
  document.documentElement.lang = given.language;
  document.title = `${given.shop} · ${words.title}`;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = words[element.dataset.say];
  for (const element of document.querySelectorAll("[data-hint]")) {
    element.placeholder = words[element.dataset.hint];
    element.setAttribute("aria-label", words[element.dataset.hint]);
  }
  people = await ask("demo/people");
  listPeople();
  tab("chat");
  setInterval(look, POLL);
}

function listPeople() {
  const wanted = $("find").value.trim().toLowerCase();
  const rows = people.filter((p) => `${p.name} ${p.email}`.toLowerCase().includes(wanted)).slice(0, 200);
  $("people").replaceChildren(...rows.map((person) => {
    const button = make("button", person.name, make("small", person.email));
    button.type = "button";
    button.setAttribute("aria-pressed", String(me !== null && me.email === person.email));
    button.onclick = () => become(person);
    return make("li", "", button);
  }));
}

async function become(person) {
  me = person; source = null; chat = null; shown = ""; shownMails = "";
  answer(null);
  $("nobody").hidden = true; $("desk").hidden = false;
  $("me").textContent = person.name; $("my-address").textContent = person.email;
  $("lines").replaceChildren(); $("mails").replaceChildren(); $("sent").textContent = "";
  listPeople();
  tab(person.chat || person.fresh ? "chat" : "mail");
  await look();
}

function tab(name) {
  for (const one of ["chat", "mail"]) {
    $(one).hidden = one !== name;
    $(`tab-${one}`).setAttribute("aria-selected", String(one === name));
  }
}

const contacts = () => `public/api/v1/inboxes/${inbox}/contacts`;
const chats = () => `${contacts()}/${source}/conversations`;

async function enter() {  // a contact is made only when they write, or when they have chatted before
  if (source !== null) return;
  const who = me;
  const contact = await post(contacts(), { name: who.name, email: who.email });
  if (me !== who) throw new Error("somebody else by now");
  source = contact.source_id;
  const known = await ask(chats());
  if (known.length) chat = known[known.length - 1].id;
}

async function look() {
  if (me === null) return;
  const who = me;
  try {
    if (me.chat) await enter();
    if (chat !== null) {
      const messages = await ask(`${chats()}/${chat}/messages`);
      if (me === who) showLines(messages);
    }
    const mails = await ask(`demo/mail?address=${encodeURIComponent(who.email)}`);
    if (me === who) showMails(mails);
    $("offline").hidden = true;
  } catch (error) {
    $("offline").hidden = !(error instanceof TypeError);  // what fetch throws when nobody answers
  }
}

function showLines(messages) {
  const key = JSON.stringify(messages.map((m) => m.id));
  if (key === shown) return;
  shown = key;
  $("lines").replaceChildren(...messages.map((message) => {
    const mine = message.message_type === 0;
    const line = make("li", message.content || "");
    line.className = mine ? "mine" : "theirs";
    for (const file of message.attachments || []) {
      if (file.file_type === "image") {
        const picture = make("img");
        picture.src = new URL(file.data_url).pathname; picture.alt = "";
        line.append(picture);
      } else {
        const link = make("a", decodeURIComponent(file.data_url.split("/").pop()));
        link.href = new URL(file.data_url).pathname;
        line.append(link);
      }
    }
    const name = mine ? me.name : (message.sender && message.sender.name) || "";
    line.append(make("small", `${name} · ${time(message.created_at)}`));
    return line;
  }));
  $("lines").scrollTop = $("lines").scrollHeight;
}

function showMails(mails) {
  const key = JSON.stringify(mails.map((m) => m.id));
  if (key === shownMails) return;
  shownMails = key;
  $("no-mail").hidden = mails.length > 0;
  $("mails").replaceChildren(...mails.map((mail) => {
    const button = make("button", words.answer);
    button.type = "button";
    button.onclick = () => answer(mail);
    const files = mail.files.map((file) => file.name).join(", ");
    return make("li", "", make("strong", mail.subject), make("small", `${mail.from} · ${time(mail.at)}`), make("pre", mail.text), make("small", files), button);
  }));
}

function answer(mail) {
  answering = mail;
  $("answering").hidden = mail === null;
  $("subject").hidden = mail !== null;
  if (mail === null) return;
  $("answering").firstElementChild.textContent = `${words.answering} ${mail.subject}`;
  $("letter-text").focus();
}

$("stranger").onsubmit = (event) => {
  event.preventDefault();
  const person = { name: $("stranger-name").value.trim(), email: $("stranger-email").value.trim().toLowerCase(), chat: false, fresh: true };
  const known = people.find((p) => p.email === person.email);
  if (!known) people.unshift(person);
  $("stranger").reset();
  become(known || person);
};
$("find").oninput = listPeople;
$("tab-chat").onclick = () => tab("chat");
$("tab-mail").onclick = () => tab("mail");
$("not-answering").onclick = () => answer(null);
$("say-text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("say").requestSubmit(); }
};
$("say").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("say-text").value, files = [...$("say-file").files];
  if (!text.trim() && !files.length) return;
  try {
    await enter();
    if (chat === null) chat = (await post(chats(), {})).id;
    const form = new FormData();
    form.append("content", text);
    for (const file of files) form.append("attachments[]", file);
    await ask(`${chats()}/${chat}/messages`, { method: "POST", body: form });
    me.chat = true;
    $("say").reset();
    await look();
  } catch { $("offline").hidden = false; }
};
$("letter").onsubmit = async (event) => {
  event.preventDefault();
  const form = new FormData();
  form.append("name", me.name); form.append("address", me.email);
  form.append("subject", $("subject").value); form.append("text", $("letter-text").value);
  if (answering !== null) form.append("answers", String(answering.id));
  for (const file of $("letter-file").files) form.append("attachments[]", file);
  try {
    await ask("demo/mail", { method: "POST", body: form });
    $("letter").reset(); answer(null);
    $("sent").textContent = words.sent;
  } catch { $("offline").hidden = false; }
};
$("letter").oninput = () => { $("sent").textContent = ""; };
for (const chooser of document.querySelectorAll("input[type=file]")) {
  const show = () => { chooser.nextElementSibling.textContent = [...chooser.files].map((file) => file.name).join(", ") || words.attach; };
  chooser.onchange = show;
  chooser.form.addEventListener("reset", () => setTimeout(show));  // the files are gone only after this event
}
begin();
