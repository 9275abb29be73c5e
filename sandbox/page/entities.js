// Turns a text and its entities into nodes. JavaScript counts in UTF-16 units, as Telegram does.

import { el } from "/page/dom.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
};

// `onCommand` is called with a tapped /command.
export function richText(text, entities = [], onCommand = null) {
  return build(text, 0, text.length, [...entities].sort(outerFirst), onCommand);
}

function outerFirst(a, b) {
  return a.offset - b.offset || b.length - a.length;
}

function build(text, start, stop, entities, onCommand) {
  const fragment = document.createDocumentFragment();
  let at = start;
  for (let i = 0; i < entities.length; i += 1) {
    const entity = entities[i];
    const end = Math.min(entity.offset + entity.length, stop);
    if (entity.offset < at) continue;
    const inner = entities.slice(i + 1).filter((other) => other.offset < end);
    fragment.append(text.slice(at, entity.offset));
    const node = wrap(entity, text.slice(entity.offset, end), onCommand);
    node.append(build(text, entity.offset, end, inner, onCommand));
    fragment.append(node);
    at = end;
  }
  fragment.append(text.slice(at, stop));
  return fragment;
}

function wrap(entity, text, onCommand) {
  switch (entity.type) {
    case "text_link":
      return link(entity.url);
    case "url":
      return link(text.includes("://") ? text : `https://${text}`);
    case "email":
      return link(`mailto:${text}`);
    case "spoiler":
      return spoiler();
    case "expandable_blockquote":
      return folded();
    case "bot_command":
      return onCommand
        ? el("button", { type: "button", class: "command", onclick: () => onCommand(text) })
        : el("span");
    default:
      return el(TAGS[entity.type] || "span");
  }
}

function link(address) {
  const safe = /^(https?|mailto|tg):/i.test(address) ? address : "#";
  return el("a", { href: safe, target: "_blank", rel: "noreferrer noopener" });
}

function spoiler() {
  const node = el("button", { type: "button", class: "spoiler", "aria-label": "Hidden text" });
  node.addEventListener("click", () => {
    node.classList.add("open");
    node.removeAttribute("aria-label");
  });
  return node;
}

// Shows its first lines until it is tapped, as Telegram does.
function folded() {
  const node = el("blockquote", { class: "folded", role: "button", tabindex: "0", "aria-expanded": "false" });
  const turn = () => node.setAttribute("aria-expanded", String(node.classList.toggle("open")));
  node.addEventListener("click", turn);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter") turn();
  });
  return node;
}
