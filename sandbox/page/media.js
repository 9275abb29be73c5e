// How a message that is not text looks.

import { avatar, el, icon } from "/page/dom.js";
import { fileAddress } from "/page/wire.js";

const LOOKS = {
  photo: (sizes) => picture(sizes.at(-1)),
  document: (file) =>
    thing(icon("file"), el("a", { href: fileAddress(file.file_id), download: file.file_name }, file.file_name), size(file)),
  voice: (file) => el("audio", { controls: true, src: fileAddress(file.file_id), "aria-label": "Voice message" }),
  sticker: (sticker) => el("div", { class: "sticker", role: "img", "aria-label": "Sticker" }, sticker.emoji || "▢"),
  video_note: () => el("div", { class: "round" }, "Video message"),
  video: () => thing(icon("file"), "Video", ""),
  location: (place) => thing(icon("pin"), "Location", `${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`),
  contact: (contact) => thing(avatar(contact.first_name, 7), contact.first_name, contact.phone_number),
};

export function mediaOf(message) {
  for (const [kind, look] of Object.entries(LOOKS)) {
    if (kind in message) return look(message[kind]);
  }
  return null;
}

// A few words for lists and for what is gone.
export function summary(message) {
  const text = message.text || message.caption;
  if (text) return text;
  const kind = Object.keys(LOOKS).find((name) => name in message);
  if (kind) return `[${kind.replace("_", " ")}]`;
  if ("new_chat_members" in message) return "joined the group";
  return "[message]";
}

// With its size, so that the chat is as long as it will be before the picture is there.
function picture(size) {
  const { file_id: file, width, height } = size;
  return el("img", { class: "picture", src: fileAddress(file), alt: "Photo", width, height });
}

function thing(sign, title, detail) {
  return el("div", { class: "thing" }, sign, el("span", {}, el("b", {}, title), el("small", {}, detail)));
}

function size(file) {
  const bytes = file.file_size || 0;
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}
