// Starts the page and keeps it in step with what happens in the sandbox.

import { startEditing, stopEditing, readyComposer } from "/page/composer.js";
import { $, alertBox, clock, el, initials, toast } from "/page/dom.js";
import { goneIsOpen, openGone, showGone } from "/page/gone.js";
import { showMessages } from "/page/messages.js";
import { addPerson, readPlaces, readyAdding, showPeople } from "/page/people.js";
import { openMenu, readyMenus } from "/page/popups.js";
import { ask, listen, oneAtATime } from "/page/wire.js";

const state = { places: [], active: 0, me: 0, about: { commands: [] }, unread: new Map(), last: new Map() };
const waiting = new Map(); // query id -> button
const early = new Set(); // queries whose answer was heard before their id was known here

const active = () => state.places.find((place) => place.id === state.active);
const here = () => ({ person: state.me, chat: state.active });
const act = (what, given = {}, at = here()) => ask("act", { do: what, ...at, ...given });
const spoken = (promise) => promise.catch((problem) => toast(problem.message));

// Reading

async function readPeople() {
  state.places = await readPlaces();
  await Promise.all(state.places.filter((place) => !state.last.has(place.id)).map((place) => readLast(place.id)));
  showPeople(state, choose);
}

async function readLast(id) {
  const chat = await ask("chat", { chat: id });
  state.last.set(id, chat.messages.at(-1)?.message);
}

const refreshPeople = oneAtATime(readPeople);
const refreshChat = oneAtATime(readChat);

async function readChat() {
  const id = state.active;
  if (!id) return;
  const [chat, about] = await Promise.all([ask("chat", { chat: id }), ask("about", { person: state.me })]);
  if (id !== state.active) return;
  state.about = about;
  state.last.set(id, chat.messages.at(-1)?.message);
  const place = active();
  if (place) Object.assign(place, { started: chat.started || chat.kind !== "private", blocked: chat.blocked });
  showHead(chat);
  showMessages(chat, hands());
  showFooter(chat);
  showPeople(state, choose);
  if (goneIsOpen()) await showGone(id);
}

function showHead(chat) {
  const place = active();
  const group = chat.kind !== "private";
  const title = group ? place.title : state.about.name;
  $("bot-name").textContent = title;
  $("bot-avatar").textContent = initials(title);
  $("bot-status").textContent = group ? `group, ${place.members.length + 1} members` : `bot · seen by ${place.title}`;
  document.title = `${place.title} – Sandbox`;
  $("as").hidden = !group;
  if (group) showMembers(place);
}

function showMembers(group) {
  const names = new Map(state.places.map((place) => [place.id, place.title]));
  const options = group.members.map((id) => el("option", { value: id, selected: id === state.me }, names.get(id) || String(id)));
  $("as-whom").replaceChildren(...options);
}

function showFooter(chat) {
  const fresh = chat.kind === "private" && !chat.started;
  const pressed = document.activeElement === $("start");
  $("start").hidden = !fresh && !chat.blocked;
  $("start").textContent = chat.blocked ? "RESTART BOT" : "START";
  $("form").hidden = fresh || chat.blocked;
  if (pressed && !$("form").hidden) $("text").focus();
  $("welcome").hidden = !(fresh && state.about.description);
  $("description").textContent = state.about.description;
  $("menu").hidden = chat.kind !== "private" || state.about.commands.length === 0;
}

// Doing

// What is done to a message is done in its own chat, though another may have been chosen since.
function hands() {
  const at = here();
  return {
    tap: (message, button, node) => tap(message, button, node, at),
    edit: (message) => startEditing(message, at),
    erase: (message) => erase(message, at),
    command: (text) => spoken(act("send", { text }, at)),
    me: state.me,
  };
}

async function tap(message, button, node, at) {
  node.dataset.waiting = "";
  try {
    const { query } = await act("tap", { message_id: message.message_id, data: button.callback_data }, at);
    waiting.set(query, node);
    if (early.delete(query)) settle(query);
    setTimeout(() => settle(query), 15000);
  } catch (problem) {
    delete node.dataset.waiting;
    toast(problem.message);
  }
}

function settle(query) {
  const node = waiting.get(query);
  if (node) delete node.dataset.waiting;
  waiting.delete(query);
}

function erase(message, at) {
  const remove = (both) => () => spoken(act("delete", { message_id: message.message_id, both }, at));
  const button = document.activeElement;
  openMenu(button, [
    { label: "Delete for both", danger: true, act: remove(true) },
    { label: "Delete only for me", act: remove(false) },
  ]);
}

function more() {
  const blocked = active()?.blocked;
  const pass = (seconds) => () => spoken(ask("clock", { advance: seconds }).then(({ now }) => toast(`It is ${clock(now)} now.`)));
  openMenu($("more"), [
    { label: "Clear history", act: () => spoken(act("clear")) },
    { label: "Clear history for both", act: () => spoken(act("clear", { both: true })) },
    { label: blocked ? "Unblock the bot" : "Stop and block the bot", danger: !blocked, act: () => spoken(act(blocked ? "unblock" : "block")) },
    null,
    { label: "Let 15 minutes pass", detail: "Telegram's clock, not the bot's", act: pass(900) },
    { label: "Let 24 hours pass", detail: "Telegram's clock, not the bot's", act: pass(86400) },
    { label: "Let 48 hours pass", detail: "Telegram's clock, not the bot's", act: pass(172800) },
    null,
    { label: "New group with everybody", act: newGroup },
  ]);
}

async function newGroup() {
  const members = state.places.filter((place) => place.id > 0).map((place) => place.id);
  const made = await ask("group", { title: "A group", members });
  await refreshPeople();
  choose(made.id);
}

function choose(id) {
  state.active = id;
  state.me = active()?.person ?? id;
  state.unread.delete(id);
  stopEditing();
  $("toasts").replaceChildren();
  location.hash = String(id);
  document.body.dataset.view = "chat";
  return refreshChat().then(readyToType);
}

// Nothing could be tapped before there was a chat. Who has gone on to a menu meanwhile stays in it.
function readyToType() {
  $("frame").inert = false;
  const focus = document.activeElement;
  if ($("text").offsetParent && (focus === document.body || focus.closest(".people"))) $("text").focus();
}

// Hearing

let planned = false;

function soon() {
  if (planned) return;
  planned = true;
  setTimeout(() => {
    planned = false;
    refreshChat();
  }, 15);
}

function heard(event) {
  if (event.kind === "person") refreshPeople();
  if (event.kind === "answered") answered(event);
  if (event.chat === state.active) soon();
  else if (["sent", "edited", "deleted", "wrote"].includes(event.kind)) elsewhere(event);
}

function answered(event) {
  if (waiting.has(event.query)) settle(event.query);
  else early.add(event.query);
  if (event.person !== state.me || !event.text) return;
  if (event.alert) alertBox(event.text);
  else toast(event.text);
}

async function elsewhere(event) {
  if (event.kind === "sent") state.unread.set(event.chat, (state.unread.get(event.chat) || 0) + 1);
  await readLast(event.chat);
  showPeople(state, choose);
}

// What happened while nobody listened, in every chat.
function catchUp() {
  state.last.clear();
  return Promise.all([refreshPeople(), refreshChat()]);
}

// Starting

function readyTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = localStorage.getItem("theme");
    document.documentElement.dataset.theme = chosen || (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", apply);
  $("theme").addEventListener("click", () => {
    const now = document.documentElement.dataset.theme;
    localStorage.setItem("theme", now === "dark" ? "light" : "dark");
    apply();
  });
  apply();
}

function readyControls() {
  readyMenus();
  readyComposer({
    send: (content) => act("send", content),
    rewrite: (id, text, at) => act("edit", { message_id: id, text }, at),
    about: () => state.about,
  });
  readyAdding((id) => refreshPeople().then(() => choose(id)));
  $("more").addEventListener("click", more);
  $("back").addEventListener("click", () => {
    document.body.dataset.view = "people";
    document.querySelector('.person[aria-current="true"]')?.focus();
  });
  $("start").addEventListener("click", () => spoken(act("send", { text: "/start" })));
  $("show-gone").addEventListener("change", (event) => {
    openGone(event.target.checked);
    if (event.target.checked) refreshChat();
  });
  $("gone-close").addEventListener("click", () => {
    openGone(false);
    $("show-gone").focus();
  });
  $("as-whom").addEventListener("change", (event) => {
    state.me = Number(event.target.value);
    refreshChat();
  });
}

async function begin() {
  readyTheme();
  readyControls();
  await refreshPeople();
  if (state.places.length === 0) {
    await addPerson();
    await refreshPeople();
  }
  const wanted = Number(location.hash.slice(1));
  const first = state.places.find((place) => place.id === wanted) || state.places[0];
  await choose(first.id);
  listen(heard, catchUp);
}

begin();
