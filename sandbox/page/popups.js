// Menus that open at a button: arrows move, Escape closes and gives the focus back.

import { $, el } from "/page/dom.js";

let opener = null;

// items: { label, detail, danger, act } or null for a line; a string is a note.
export function openMenu(button, items) {
  if (opener === button) return closeMenu();
  closeMenu(false);
  const popup = $("popup");
  popup.replaceChildren(...items.map(itemNode));
  popup.hidden = false;
  opener = button;
  button.setAttribute("aria-expanded", "true");
  place(popup, button.getBoundingClientRect());
  popup.querySelector("button")?.focus();
}

function itemNode(item) {
  if (item === null) return el("hr");
  if (typeof item === "string") return el("p", {}, item);
  const act = () => {
    closeMenu();
    item.act();
  };
  const detail = item.detail ? el("small", {}, item.detail) : null;
  return el("button", { type: "button", role: "menuitem", class: item.danger ? "danger" : "", onclick: act }, item.label, detail);
}

function place(popup, box) {
  const { width, height } = popup.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.right - width), innerWidth - width - 8);
  const below = box.bottom + 6 + height < innerHeight;
  popup.style.left = `${box.left + width < innerWidth - 8 ? Math.max(8, box.left) : left}px`;
  popup.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
}

export function closeMenu(back = true) {
  if (!opener) return;
  $("popup").hidden = true;
  opener.setAttribute("aria-expanded", "false");
  if (back) opener.focus();
  opener = null;
}

export function readyMenus() {
  const popup = $("popup");
  document.addEventListener("pointerdown", (event) => {
    if (opener && !popup.contains(event.target) && !opener.contains(event.target)) closeMenu(false);
  });
  popup.addEventListener("keydown", (event) => {
    const items = [...popup.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    if (event.key === "Escape" || event.key === "Tab") closeMenu();
    else if (event.key in moves) items[(moves[event.key] + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
  });
}
