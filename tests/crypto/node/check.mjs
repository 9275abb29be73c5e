// Reads a list of jobs (JSON) from standard input and writes what became of each: {"ok": …} with
// the result, or {"fails": …} with the kind of failure. Anything unforeseen ends the program.

import { readFileSync } from "node:fs";
import { join } from "./lists.mjs";
import * as tropa from "./tropa.mjs";

const raw = (text) => Buffer.from(text, "hex");
const hex = (data) => Buffer.from(data).toString("hex");

const JOBS = {
  record: async (job) => ({
    plaintext: hex(await tropa.openRecord(raw(job.case_seed), job.context, raw(job.sealed))),
  }),
  wrap: async (job) => ({
    case_seed: hex(await tropa.openWrap(raw(job.identity_seed), raw(job.case_id), job.epoch, raw(job.wrap))),
  }),
  draft: (job) => {
    const secret = tropa.parseSecret(job.secret);
    const plaintext = tropa.openDraft(secret, job.revision, raw(job.sealed));
    return { id: hex(tropa.draftId(secret)), plaintext: hex(plaintext) };
  },
  letter: async (job) => ({
    plaintext: hex(await tropa.openLetter(tropa.parseSecret(job.inbox), job.context, raw(job.sealed))),
  }),
  code: (job) => {
    const digits = "typed" in job ? tropa.readCode(job.typed) : tropa.codeOf(tropa.parseSecret(job.inbox), job.nonce, job.erases);
    const told = { text: tropa.codeText(digits), locator: digits.slice(0, 8) };
    return "typed" in job ? told : { ...told, digits: digits.slice(8) };
  },
  lock: (job) => {
    const opened = tropa.openLock(tropa.readCode(job.code), raw(job.salt), raw(job.sealed));
    if ("inbox" in opened) return { inbox: opened.inbox.toString("base64url") };
    return { inbox_id: hex(opened.inboxId), letter_id: hex(opened.letterId), draft_id: hex(opened.draftId) };
  },
  seal_lock: (job) => ({
    sealed: hex(tropa.sealLock(tropa.readCode(job.code), raw(job.salt), tropa.parseSecret(job.inbox))),
  }),
  seal_letter: async (job) => {
    const inbox = tropa.parseSecret(job.inbox);
    return { sealed: hex(await tropa.sealRecord(await tropa.inboxPublic(inbox), job.context, raw(job.plaintext))) };
  },
  token: (job) => tropa.openToken(raw(job.return_key), raw(job.sealed)),
  tally: (job) => ({
    key_name: hex(tropa.derive(raw(job.return_key), "tally name", 8)),
    counts: tropa.openTally(raw(job.return_key), job.month, raw(job.sealed)).toString("utf8"),
  }),
  ledger: (job) => {
    if ("case_id" in job) return { mark: tropa.caseMark(raw(job.case_id)) };
    if ("payload" in job) return { digest: tropa.mandateDigest(job.payload) };
    const heads = tropa.headsOf(job.events);
    return { heads: heads.map(hex), past: tropa.pastOf(heads) };
  },
  padding: (job) => {
    if ("size" in job) return { size: tropa.paddedSize(job.length) };
    const plaintext = tropa.unpad(raw(job.padded));
    return { plaintext: hex(plaintext), padded: hex(tropa.pad(plaintext)) };
  },
  derivation: async (job) => {
    if ("label" in job) return { derived: hex(tropa.derive(raw(job.secret), job.label, job.length)) };
    if ("place" in job) return { place: hex(tropa.placeOf(tropa.parseSecret(job.inbox), job.chat_id)) };
    if ("origin" in job) return { origin: hex(tropa.originOf(tropa.parseSecret(job.draft))) };
    if ("inbox" in job) {
      const inbox = tropa.inboxOf(tropa.parseSecret(job.draft));
      return {
        inbox: inbox.toString("base64url"),
        inbox_id: hex(tropa.inboxId(inbox)),
        inbox_public: hex(await tropa.inboxPublic(inbox)),
        letter: tropa.letterSecret(inbox).toString("base64url"),
        return_lock: hex(tropa.derive(inbox, "return lock", 16)),
        erase_lock: hex(tropa.derive(inbox, "erase lock", 16)),
      };
    }
    const sealing = (await tropa.sealingPair(raw(job.seed))).public;
    const signing = tropa.signingPublic(raw(job.seed));
    return {
      sealing_public: hex(sealing),
      signing_public: hex(signing),
      key_id: tropa.keyId(sealing),
      signing_key_id: tropa.keyId(signing),
    };
  },
  recovery: (job) => {
    const joined = join(job.lists, job.book);
    return { ...joined, seed: hex(joined.seed) };
  },
  xwing: async (job) => ({ public: hex(await tropa.publicOf(raw(job.seed))) }),
  seal_record: async (job) => ({
    sealed: hex(await tropa.sealRecord(raw(job.public), job.context, raw(job.plaintext))),
  }),
  seal_wrap: async (job) => ({
    wrap: hex(await tropa.sealWrap(raw(job.member_public), raw(job.case_id), job.epoch, raw(job.case_seed))),
  }),
  seal_draft: (job) => ({
    sealed: hex(tropa.sealDraft(tropa.parseSecret(job.secret), job.revision, raw(job.plaintext), raw(job.nonce))),
  }),
};

const outcomes = [];
for (const job of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    outcomes.push({ ok: await JOBS[job.do](job) });
  } catch (error) {
    if (!(error instanceof tropa.Failure)) throw error;
    outcomes.push({ fails: error.kind });
  }
}
process.stdout.write(JSON.stringify(outcomes));
