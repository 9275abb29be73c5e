// The list of people and groups, and the dialog that adds one.

import { $, avatar, el } from "/page/dom.js";
import { summary } from "/page/media.js";
import { ask } from "/page/wire.js";

const NAMES = ["Иван", "Anna", "Сергей", "Maria", "Тимур", "Olga", "Данила", "Лена"];

// known: { places: [...], active, unread: Map, last: Map }
export function showPeople(known, choose) {
  const focused = document.activeElement?.dataset?.place;
  $("people-list").replaceChildren(...known.places.map((place) => el("li", {}, row(place, known, choose))));
  if (focused) document.querySelector(`[data-place="${focused}"]`)?.focus();
}

function row(place, known, choose) {
  const last = known.last.get(place.id);
  const unread = known.unread.get(place.id) || 0;
  const current = place.id === known.active;
  return el(
    "button",
    { type: "button", class: "person", "aria-current": current ? "true" : null, "data-place": place.id, onclick: () => choose(place.id) },
    avatar(place.title, place.id),
    el("b", {}, place.title),
    el("span", { class: "tongue" }, place.tag),
    el("span", { class: "last" }, last ? summary(last) : place.started ? "No messages" : "Has not started yet"),
    unread ? el("span", { class: "unread", "aria-label": `${unread} new` }, String(unread)) : null,
  );
}

export async function readPlaces() {
  const { people, groups } = await ask("people");
  const persons = people.map((person) => ({ ...person, title: person.name, tag: person.language || "–", person: person.id }));
  const rooms = groups.map((group) => ({ ...group, tag: "group", person: group.members[0], started: true }));
  return [...persons, ...rooms];
}

export async function addPerson(given = {}) {
  const { people } = await ask("people");
  const name = given.name || NAMES[people.length % NAMES.length];
  return ask("person", { language: "ru", ...given, name });
}

export function readyAdding(added) {
  $("add-open").addEventListener("click", () => $("add").showModal());
  $("add-cancel").addEventListener("click", () => $("add").close());
  $("add-form").addEventListener("submit", async () => {
    const given = Object.fromEntries(new FormData($("add-form")));
    const made = await addPerson({ name: given.name, language: given.language || null, username: given.username || null });
    $("add-form").reset();
    added(made.id);
  });
}
