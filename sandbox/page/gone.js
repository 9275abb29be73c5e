// The side log: everything this chat held and no longer shows.

import { $, clock, el } from "/page/dom.js";
import { summary } from "/page/media.js";
import { ask } from "/page/wire.js";

export function goneIsOpen() {
  return !$("gone").hidden;
}

export function openGone(open) {
  $("gone").hidden = !open;
  $("show-gone").checked = open;
}

export async function showGone(chat) {
  const { gone } = await ask("gone", { chat });
  gone.sort((a, b) => b.message.message_id - a.message.message_id || when(b.message) - when(a.message));
  const nodes = gone.map((item) =>
    el(
      "li",
      { class: item.by_bot ? "" : "mine" },
      el("span", { class: "label" }, el("span", {}, label(item)), el("time", {}, clock(when(item.message)))),
      el("del", {}, summary(item.message)),
    ),
  );
  $("gone-list").replaceChildren(...(nodes.length ? nodes : [el("li", { class: "nothing" }, "Nothing yet.")]));
}

function when(message) {
  return message.edit_date || message.date;
}

function label(item) {
  const who = item.by_bot ? "Bot" : "Person";
  return `${who} · ${item.why === "edited" ? "changed since" : "deleted"} · № ${item.message.message_id}`;
}
