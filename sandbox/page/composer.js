// The line one writes in: text, commands, attachments, and editing an own message.

import { $, toast } from "/page/dom.js";
import { openMenu } from "/page/popups.js";

let editing = null;
let hands = null;
let picking = "document";

// given: send(content), rewrite(id, text, at), about() -> the bot's texts and commands
export function readyComposer(given) {
  hands = given;
  $("form").addEventListener("submit", submit);
  $("text").addEventListener("keydown", keys);
  $("text").addEventListener("input", grow);
  $("editing-stop").addEventListener("click", stopEditing);
  $("menu").addEventListener("click", commands);
  $("attach").addEventListener("click", attachments);
  $("file").addEventListener("change", picked);
}

// `at`: whose message it is, and in which chat
export function startEditing(message, at) {
  editing = { id: message.message_id, at };
  const text = message.text ?? message.caption ?? "";
  $("editing-text").textContent = text;
  $("editing").hidden = false;
  $("text").value = text;
  grow();
  $("text").focus();
}

export function stopEditing() {
  editing = null;
  $("editing").hidden = true;
  $("text").value = "";
  grow();
}

function keys(event) {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("form").requestSubmit();
  } else if (event.key === "Escape" && editing) {
    stopEditing();
  }
}

async function submit(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  const target = editing;
  stopEditing();
  try {
    if (target) await hands.rewrite(target.id, text, target.at);
    else await hands.send({ text });
  } catch (problem) {
    toast(problem.message);
    if (!target) giveBack(text);
  }
}

// A text that did not go is not lost, unless another is being written already.
function giveBack(text) {
  if (editing || $("text").value) return;
  $("text").value = text;
  grow();
}

function grow() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

function commands() {
  const items = hands.about().commands.map((item) => ({
    label: item.description,
    detail: `/${item.command}`,
    act: () => hands.send({ text: `/${item.command}` }),
  }));
  openMenu($("menu"), items.length ? items : ["The bot has no commands for this language."]);
}

function attachments() {
  const send = (content) => () => hands.send(content);
  openMenu($("attach"), [
    { label: "A sample photo", act: send({ photo: true }) },
    { label: "Photo from this machine…", act: () => pick("photo", "image/*") },
    { label: "File from this machine…", act: () => pick("document", "") },
    null,
    { label: "Voice message", act: send({ voice: true }) },
    { label: "Video message", act: send({ video_note: true }) },
    { label: "Location", act: send({ location: { latitude: 55.75, longitude: 37.62 } }) },
    { label: "Contact", act: send({ contact: { first_name: "Alex", phone_number: "+10000000000" } }) },
    { label: "Sticker", act: send({ sticker: true }) },
  ]);
}

function pick(kind, accept) {
  picking = kind;
  $("file").accept = accept;
  $("file").click();
}

async function picked() {
  const [file] = $("file").files;
  $("file").value = "";
  if (!file) return;
  const data = await base64(file);
  const caption = $("text").value.trim();
  stopEditing();
  const details = { data, name: file.name, mime: file.type || "application/octet-stream", caption };
  await hands.send({ [picking]: details }).catch((problem) => toast(problem.message));
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",", 2)[1] || "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
