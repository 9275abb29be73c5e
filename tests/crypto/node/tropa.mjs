// The sealed formats of Tropa, version 1, written from docs/wire-format.md and nothing else.
// Shares no code with the Python implementation: that is what it is for.

import { argon2Sync, createDecipheriv, createCipheriv, createHash, createHmac, createPrivateKey, createPublicKey, hkdfSync, timingSafeEqual } from "node:crypto";
import { CipherSuite, HkdfSha256 } from "@hpke/core";
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { XWing } from "@hpke/hybridkem-x-wing";

const PROTOCOL = "tropa/1";
const FORMAT = 1;
const HINT = 8;
const ENC = 1120;
const TAG = 16;
const NONCE = 12;
const SECRET = 32;

const kem = new XWing();
const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });

export class Failure extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data) => Buffer.from(data).toString("hex");
const ascii = (text) => Buffer.from(text, "ascii");
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const same = (a, b) => a.length === b.length && timingSafeEqual(a, b);

function unsigned(value, length) {
  const out = Buffer.alloc(length);
  let rest = BigInt(value);
  for (let at = length - 1; at >= 0; at -= 1, rest >>= 8n) out[at] = Number(rest & 255n);
  return out;
}

// ---- keys ------------------------------------------------------------------------------------

export function checkSecret(secret) {
  if (secret.length !== SECRET || secret.every((byte) => byte === 0)) throw new Failure("BadKey");
  return secret;
}

export function derive(secret, label, length = SECRET) {
  const info = ascii(`${PROTOCOL} ${label}`);
  return Buffer.from(hkdfSync("sha256", checkSecret(secret), Buffer.alloc(0), info, length));
}

export const keyId = (key) => hex(sha256(ascii(`${PROTOCOL} key id`), key).subarray(0, 16));

async function keyPair(seed) {
  const pair = await kem.generateKeyPairDerand(Uint8Array.from(checkSecret(seed)));
  return { secret: pair.privateKey, public: new Uint8Array(await kem.serializePublicKey(pair.publicKey)) };
}

export const sealingPair = (seed) => keyPair(derive(seed, "identity sealing"));

export function signingPublic(seed) {
  const pkcs8 = Buffer.concat([bytes("302e020100300506032b657004220420"), derive(seed, "identity signing")]);
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}

export const publicOf = async (seed) => (await keyPair(seed)).public;

// ---- padding ---------------------------------------------------------------------------------

function bucket(needed) {
  if (needed <= 512) return 512;
  if (needed <= 65536) {
    let size = 512;
    while (size < needed) size *= 2;
    return size;
  }
  const exponent = Math.floor(Math.log2(needed));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.ceil(needed / step) * step;
}

export const paddedSize = (length) => bucket(length + 1);
const isPaddedSize = (size) => size >= 512 && bucket(size) === size;

export function pad(data) {
  const out = Buffer.alloc(paddedSize(data.length));
  out.set(data);
  out[data.length] = 0x80;
  return out;
}

export function unpad(padded) {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  if (end < 0 || padded[end] !== 0x80 || paddedSize(end) !== padded.length) throw new Failure("BadPadding");
  return padded.subarray(0, end);
}

// ---- contexts --------------------------------------------------------------------------------

const fields = (...list) => Buffer.concat(list.flatMap((field) => [unsigned(field.length, 2), field]));

export const recordContext = (place) =>
  fields(
    ascii(`${PROTOCOL} record`),
    bytes(place.case_id),
    unsigned(place.number, 4),
    ascii(place.kind),
    bytes(place.form),
    unsigned(place.epoch, 8),
  );

export const wrapContext = (caseId, epoch, memberPublic) =>
  fields(ascii(`${PROTOCOL} wrap`), caseId, unsigned(epoch, 8), bytes(keyId(memberPublic)));

const hint = (info) => sha256(ascii(`${PROTOCOL} hint`), info).subarray(0, HINT);

// ---- records and wraps -----------------------------------------------------------------------

async function seal(publicKey, info, plaintext) {
  const recipientPublicKey = await kem.deserializePublicKey(Uint8Array.from(publicKey));
  const sender = await suite.createSenderContext({ recipientPublicKey, info: Uint8Array.from(info) });
  const body = await sender.seal(Uint8Array.from(plaintext));
  return Buffer.concat([unsigned(FORMAT, 1), hint(info), Buffer.from(sender.enc), Buffer.from(body)]);
}

async function open(secretKey, info, sealed) {
  if (sealed[0] !== FORMAT) throw new Failure("UnknownVersion");
  const inPlace = same(sealed.subarray(1, 1 + HINT), hint(info));
  const enc = Uint8Array.from(sealed.subarray(1 + HINT, 1 + HINT + ENC));
  let opened;
  try {
    const recipient = await suite.createRecipientContext({ recipientKey: secretKey, enc, info: Uint8Array.from(info) });
    opened = await recipient.open(Uint8Array.from(sealed.subarray(1 + HINT + ENC)));
  } catch {
    throw new Failure(inPlace ? "Altered" : "Misplaced");
  }
  if (!inPlace) throw new Failure("Altered");
  return Buffer.from(opened);
}

export const sealRecord = (casePublic, place, plaintext) => seal(casePublic, recordContext(place), pad(plaintext));

export async function openRecord(seed, place, sealed) {
  if (!isPaddedSize(sealed.length - 1 - HINT - ENC - TAG)) throw new Failure("Truncated");
  return unpad(await open((await keyPair(seed)).secret, recordContext(place), sealed));
}

export const openLetter = (inboxSecret, place, sealed) =>
  openRecord(derive(inboxSecret, "inbox sealing"), place, sealed);

export const sealWrap = (memberPublic, caseId, epoch, caseSeed) =>
  seal(memberPublic, wrapContext(caseId, epoch, memberPublic), checkSecret(caseSeed));

export async function openWrap(identitySeed, caseId, epoch, wrap) {
  if (wrap.length !== 1 + HINT + ENC + SECRET + TAG) throw new Failure("Truncated");
  const pair = await sealingPair(identitySeed);
  return open(pair.secret, wrapContext(caseId, epoch, pair.public), wrap);
}

// ---- drafts and return tokens ----------------------------------------------------------------

function aeadOpen(key, nonce, body, associated) {
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG });
  decipher.setAAD(associated);
  decipher.setAuthTag(body.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, -TAG)), decipher.final()]);
  } catch {
    throw new Failure("Altered");
  }
}

function aeadSeal(key, nonce, plaintext, associated) {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG });
  cipher.setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

export function parseSecret(text) {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) throw new Failure("BadFormat");
  const secret = Buffer.from(text, "base64url");
  if (secret.toString("base64url") !== text) throw new Failure("BadFormat");
  return checkSecret(secret);
}

export const draftId = (secret) => derive(secret, "draft id", 16);

export const inboxOf = (draftSecret) => derive(draftSecret, "inbox");
export const inboxId = (inboxSecret) => derive(inboxSecret, "inbox id", 16);
export const inboxPublic = (inboxSecret) => publicOf(derive(inboxSecret, "inbox sealing"));
export const letterSecret = (inboxSecret) => derive(inboxSecret, "letter");

export function placeOf(inboxSecret, chatId) {
  const chat = Buffer.alloc(8);
  chat.writeBigInt64BE(BigInt(chatId));
  return createHmac("sha256", derive(inboxSecret, "place")).update(chat).digest().subarray(0, 16);
}

const draftContext = (secret, revision) =>
  Buffer.concat([ascii(`${PROTOCOL} draft`), draftId(secret), unsigned(revision, 4)]);

export function openDraft(secret, revision, sealed) {
  if (!isPaddedSize(sealed.length - NONCE - TAG)) throw new Failure("Truncated");
  const key = derive(secret, "draft");
  return unpad(aeadOpen(key, sealed.subarray(0, NONCE), sealed.subarray(NONCE), draftContext(secret, revision)));
}

export const sealDraft = (secret, revision, plaintext, nonce) =>
  aeadSeal(derive(secret, "draft"), nonce, pad(plaintext), draftContext(secret, revision));

export function openToken(returnKey, sealed) {
  if (sealed.length !== 93) throw new Failure("Truncated");
  if (sealed[0] !== FORMAT) throw new Failure("UnknownVersion");
  const key = derive(returnKey, "return token");
  const plain = aeadOpen(key, sealed.subarray(1, 1 + NONCE), sealed.subarray(1 + NONCE), ascii(`${PROTOCOL} return token`));
  return {
    chat_id: plain.readBigInt64BE(0).toString(),
    message_id: plain.readBigInt64BE(8).toString(),
    inbox_secret: hex(plain.subarray(16, 48)),
    case_id: hex(plain.subarray(48, 64)),
  };
}

export function openTally(returnKey, month, sealed) {
  if (sealed.length < 1 + NONCE + TAG) throw new Failure("Truncated");
  if (sealed[0] !== FORMAT) throw new Failure("UnknownVersion");
  const key = derive(returnKey, "tally");
  return unpad(aeadOpen(key, sealed.subarray(1, 1 + NONCE), sealed.subarray(1 + NONCE), ascii(`${PROTOCOL} tally${month}`)));
}

export function originOf(draftSecret) {
  const inbox = inboxOf(draftSecret);
  const bound = Buffer.concat([ascii(`${PROTOCOL} origin`), inboxId(inbox)]);
  return aeadSeal(derive(inbox, "origin"), Buffer.alloc(NONCE), draftId(draftSecret), bound).subarray(NONCE);
}

// ---- the record of key events ----------------------------------------------------------------

const utf8 = (text) => Buffer.from(text, "utf8");

export function headsOf(events) {
  let head = Buffer.alloc(32);
  return events.map((body) => (head = sha256(ascii(`${PROTOCOL} key event`), head, utf8(body))));
}

export const pastOf = (heads) => `${heads.length}:${hex(heads.at(-1) ?? Buffer.alloc(32)).slice(0, 32)}`;
export const caseMark = (caseId) => hex(sha256(ascii(`${PROTOCOL} case in the record`), caseId).subarray(0, 16));
export const mandateDigest = (payload) => hex(sha256(utf8(payload)));

// ---- codes and locks -------------------------------------------------------------------------

const DAMM = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];

const damm = (digits) => [...digits].reduce((row, digit) => Number(DAMM[row][Number(digit)]), 0);

export function readCode(typed) {
  let digits = "";
  for (const sign of typed) {
    if (/^\p{Nd}$/u.test(sign)) digits += digitOf(sign);
    else if (!/^[\s\p{Pd}\p{Cf}.,/|_·•]$/u.test(sign)) throw new Failure("Mistyped");
  }
  if (digits.length !== 28 || damm(digits) !== 0) throw new Failure("Mistyped");
  return digits.slice(0, 27);
}

// Unicode keeps the ten digits of a script side by side, from its zero on.
function digitOf(sign) {
  const point = sign.codePointAt(0);
  for (let back = 0; back < 10; back += 1) {
    if (!/^\p{Nd}$/u.test(String.fromCodePoint(point - back - 1))) return String(back);
  }
  throw new Failure("Mistyped");
}

export function codeText(digits) {
  return (digits + String(damm(digits))).match(/.{4}/g).join(" ");
}

export function codeOf(inboxSecret, nonce, erases) {
  const drawn = derive(inboxSecret, `${erases ? "erase code" : "receipt"} ${nonce}`);
  return (BigInt(`0x${hex(drawn)}`) % 10n ** 27n).toString().padStart(27, "0");
}

const lockContext = (digits) => ascii(`${PROTOCOL} lock${digits.slice(0, 8)}`);

const lockKey = (digits, salt) =>
  argon2Sync("argon2id", {
    message: ascii(digits.slice(8)),
    nonce: salt,
    parallelism: 4,
    tagLength: 32,
    memory: 65536,
    passes: 3,
  });

export function openLock(digits, salt, sealed) {
  if (salt.length !== 16 || sealed.length !== 66) throw new Failure("Truncated");
  if (sealed[0] !== FORMAT) throw new Failure("UnknownVersion");
  const plain = aeadOpen(lockKey(digits, salt), Buffer.alloc(NONCE), sealed.subarray(1), lockContext(digits));
  const held = plain.subarray(1);
  if (plain[0] === 1 && held.subarray(32).every((byte) => byte === 0)) return { inbox: checkSecret(held.subarray(0, 32)) };
  if (plain[0] === 2) return { inboxId: held.subarray(0, 16), letterId: held.subarray(16, 32), draftId: held.subarray(32) };
  throw new Failure("UnknownVersion");
}

export function sealLock(digits, salt, inboxSecret) {
  const plain = Buffer.concat([unsigned(1, 1), inboxSecret, Buffer.alloc(16)]);
  const sealed = aeadSeal(lockKey(digits, salt), Buffer.alloc(NONCE), plain, lockContext(digits));
  return Buffer.concat([unsigned(FORMAT, 1), sealed.subarray(NONCE)]);
}
