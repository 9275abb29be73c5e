// The list of messages: kept in step with the chat without losing the place of the focus.

import { $, announce, clock, el, icon } from "/page/dom.js";
import { richText } from "/page/entities.js";
import { mediaOf, summary } from "/page/media.js";

const shown = new Map(); // message id -> { node, print }
let shownChat = 0;

// `hands`: tap(message, button, node), edit(message), erase(message), command(text), me (id)
export function showMessages(chat, hands) {
  const list = $("messages");
  const other = shownChat !== chat.id;
  const atEnd = other || list.scrollHeight - list.scrollTop - list.clientHeight < 90;
  if (other) clearAll(list, chat.id);
  const focus = focusPlace();
  const present = new Set(chat.messages.map((item) => item.message.message_id));
  for (const id of [...shown.keys()]) if (!present.has(id)) drop(id);
  let grown = false;
  for (const item of chat.messages) grown = put(list, item, chat, hands, !other) || grown;
  restoreFocus(focus);
  if (atEnd && (grown || other)) list.scrollTop = list.scrollHeight;
}

function clearAll(list, chatId) {
  list.replaceChildren();
  shown.clear();
  shownChat = chatId;
}

function drop(id) {
  shown.get(id).node.remove();
  shown.delete(id);
}

// Returns whether something new or changed was put.
function put(list, item, chat, hands, aloud) {
  const id = item.message.message_id;
  const print = JSON.stringify(item.message) + hands.me;
  const known = shown.get(id);
  if (known && known.print === print) return false;
  const node = draw(item, chat, hands);
  if (known) known.node.replaceWith(node);
  else list.append(node);
  if (aloud && !known) node.classList.add("fresh");
  if (aloud && item.by_bot) announce(summary(item.message));
  shown.set(id, { node, print });
  return true;
}

function draw(item, chat, hands) {
  const { message } = item;
  if ("new_chat_members" in message) {
    const names = message.new_chat_members.map((user) => user.first_name).join(", ");
    return el("li", { class: "service" }, `${message.from.first_name} added ${names}`);
  }
  const mine = !item.by_bot && message.from.id === hands.me;
  const node = el("li", { class: `message ${mine ? "mine" : "bot"}`, "data-id": message.message_id });
  node.append(bubble(item, chat, hands, mine));
  if (message.reply_markup) node.append(keyboard(message, hands));
  if (mine) node.append(acts(message, hands));
  return node;
}

function bubble(item, chat, hands, mine) {
  const { message } = item;
  const inside = el("div", { class: "bubble", dir: "auto" });
  if (chat.kind !== "private" && !mine) inside.append(el("span", { class: "author" }, message.from.first_name));
  const media = mediaOf(message);
  if (media) inside.append(media);
  const text = message.text ?? message.caption ?? "";
  inside.append(richText(text, message.entities || message.caption_entities, hands.command));
  inside.append(stamp(message));
  return inside;
}

function stamp(message) {
  const words = message.edit_date ? `edited ${clock(message.date)}` : clock(message.date);
  const guard = message.has_protected_content ? icon("lock") : null;
  if (guard) guard.setAttribute("aria-hidden", "true");
  return el("span", { class: "stamp" }, guard, words);
}

function keyboard(message, hands) {
  const rows = message.reply_markup.inline_keyboard.map((row) =>
    el("div", { class: "keys" }, ...row.map((button) => key(message, button, hands))),
  );
  return el("div", { class: "keyboard" }, ...rows);
}

function key(message, button, hands) {
  const node = el("button", { type: "button", class: "key" }, button.text);
  if (button.url) {
    node.append(icon("link"));
    node.addEventListener("click", () => window.open(button.url, "_blank", "noreferrer"));
  } else if (button.callback_data !== undefined) {
    node.addEventListener("click", () => hands.tap(message, button, node));
  }
  return node;
}

function acts(message, hands) {
  const box = el("div", { class: "acts" });
  if (message.text !== undefined || message.caption !== undefined) {
    box.append(small("edit", "Edit this message", () => hands.edit(message)));
  }
  box.append(small("bin", "Delete this message", () => hands.erase(message)));
  return box;
}

function small(name, words, act) {
  return el("button", { type: "button", class: "icon", title: words, onclick: act }, icon(name), el("span", { class: "quiet" }, words));
}

// A card that is redrawn under the fingers keeps the focus where it was, or near.
function focusPlace() {
  const node = document.activeElement;
  const home = node && node.closest ? node.closest(".message") : null;
  if (!home || !node.classList.contains("key")) return null;
  return { id: Number(home.dataset.id), label: node.textContent, at: [...home.querySelectorAll(".key")].indexOf(node) };
}

function restoreFocus(place) {
  if (!place || document.activeElement !== document.body) return;
  const known = shown.get(place.id) || [...shown.values()].at(-1);
  if (!known) return;
  const keys = [...known.node.querySelectorAll(".key")];
  const same = keys.find((node) => node.textContent === place.label);
  const next = same || keys[Math.min(place.at, keys.length - 1)] || $("text");
  next.focus({ preventScroll: true });
}
