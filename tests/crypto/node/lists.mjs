// A seed back from recovery lists, written from SLIP-39 and docs/wire-format.md. The words of the
// book come with the job: they are a table of the standard and no part of what is checked.

import { createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import { Failure } from "./tropa.mjs";

const WORDS = 33;
const CHECKS = 3;
const ROUNDS = 4;
const ITERATIONS = 2500;
const SECRET_AT = 255;
const DIGEST_AT = 254;
const DIGEST = 4;
const GENERATOR = [
  0xe0e040, 0x1c1c080, 0x3838100, 0x7070200, 0xe0e0009, 0x1c0c2412, 0x38086c24, 0x3090fc48, 0x21b1f890, 0x3f3f120,
];

const bad = () => new Failure("BadWords");

function fits(values) {
  let sum = 1;
  for (const value of [...Buffer.from("shamir_extendable"), ...values]) {
    const top = sum >>> 20;
    sum = ((sum & 0xfffff) << 10) ^ value;
    GENERATOR.forEach((part, bit) => {
      if ((top >>> bit) & 1) sum ^= part;
    });
  }
  return sum === 1;
}

function read(text, book) {
  const values = text.split(" ").map((word) => book.indexOf(word));
  if (values.length !== WORDS || values.includes(-1) || !fits(values)) throw bad();
  let bits = values.slice(0, WORDS - CHECKS).reduce((all, value) => (all << 10n) | BigInt(value), 0n);
  const take = (count) => {
    const low = bits & ((1n << BigInt(count)) - 1n);
    bits >>= BigInt(count);
    return low;
  };
  const value = Buffer.from(take(256).toString(16).padStart(64, "0"), "hex");
  const padding = take(4);
  const [needed, index, groups, groupsNeeded, group, exponent, extendable] = [4, 4, 4, 4, 4, 4, 1].map((count) => Number(take(count)));
  const ours = padding === 0n && extendable === 1 && exponent + group + groups + groupsNeeded === 0 && needed > 0;
  if (!ours) throw bad();
  return { name: bits, needed: needed + 1, index, value };
}

// The field of AES: x^8 + x^4 + x^3 + x + 1.
function times(a, b) {
  let product = 0;
  for (let left = a, right = b; right; right >>= 1) {
    if (right & 1) product ^= left;
    left = (left << 1) ^ (left & 0x80 ? 0x11b : 0);
  }
  return product;
}

function inverse(a) {
  let power = 1;
  for (let n = 0; n < 254; n += 1) power = times(power, a);
  return power;
}

function at(x, shares) {
  const out = Buffer.alloc(shares[0].value.length);
  for (const one of shares) {
    let factor = 1;
    for (const other of shares) {
      if (other !== one) factor = times(factor, times(x ^ other.index, inverse(one.index ^ other.index)));
    }
    one.value.forEach((byte, place) => {
      out[place] ^= times(byte, factor);
    });
  }
  return out;
}

function unmixed(sealed) {
  let [left, right] = [sealed.subarray(0, 16), sealed.subarray(16)];
  for (let round = ROUNDS - 1; round >= 0; round -= 1) {
    const mask = pbkdf2Sync(Buffer.from([round]), right, ITERATIONS, 16, "sha256");
    [left, right] = [right, Buffer.from(left.map((byte, place) => byte ^ mask[place]))];
  }
  return Buffer.concat([right, left]);
}

export function join(lists, book) {
  const shares = lists.map((text) => read(text, book));
  const [first] = shares;
  const together = shares.every((one) => one.name === first.name && one.needed === first.needed);
  if (!together || new Set(shares.map((one) => one.index)).size !== shares.length) throw bad();
  if (shares.length < first.needed) throw bad();
  const some = shares.slice(0, first.needed);
  const sealed = at(SECRET_AT, some);
  const digest = at(DIGEST_AT, some);
  const mine = createHmac("sha256", digest.subarray(DIGEST)).update(sealed).digest().subarray(0, DIGEST);
  if (!timingSafeEqual(mine, digest.subarray(0, DIGEST))) throw bad();
  return { seed: unmixed(sealed), needed: first.needed, numbers: shares.map((one) => one.index + 1).sort((a, b) => a - b) };
}
