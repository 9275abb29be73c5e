// What the page does by itself: it refreshes the queue, keeps drafts and leases, follows keys, copies
// a sentence of the counts, and leaves the screen when the desk is locked. Everything else is forms
// and links, and works without.
//
// The browser shows nothing of a page before it has this file: what is typed, and the lock that is
// pressed in the next moment, would otherwise meet a page that does not keep drafts yet.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const place = document.body.dataset.place;
  const locked = document.body.dataset.locked === "yes";
  const words = document.getElementById("words")?.dataset ?? {};
  const told = document.getElementById("told");
  const mark = document.querySelector("input[name=mark]")?.value ?? "";
  const REFRESH = 20000, LOOK = 5000, BUSY = 15000, CHANGED = 60000, RENEW = 120000, SECOND = 1000, REST = 700, LONGEST_REST = 3000;

  const ask = (path, fields) => {
    const options = { credentials: "same-origin", cache: "no-store", redirect: "error" };
    if (fields !== undefined) {
      options.method = "POST";
      options.body = new URLSearchParams({ mark, ...fields });
    }
    return fetch(path, options);
  };

  // Saying that this very program is gone, once, and taking it back.
  let gone = null;
  const unanswered = () => {
    if (gone || !told) return;
    gone = document.createElement("p");
    gone.className = "told bad";
    gone.textContent = words.gone;
    told.append(gone);
  };
  const answered = () => { gone?.remove(); gone = null; };

  // A locked desk shows nothing: what stands here goes, once what was typed is kept or handed over.
  const leave = () => { document.body.replaceChildren(); location.replace(location.href.split("#")[0]); };

  // Set where a draft is written.
  let keep = async () => true, unsaved = () => false;

  // One request at a time for each purpose: a slow server must not be asked twice.
  const every = (milliseconds, work) => {
    let running = false;
    const turn = async () => {
      if (running || document.hidden) return;
      running = true;
      try { await work(); } catch { unanswered(); } finally { running = false; }
    };
    setInterval(turn, milliseconds);
    document.addEventListener("visibilitychange", turn);
    return turn;
  };

  const heard = (response) => {
    // Another program of this machine can take up all the room there is for connections.
    if (response.status >= 500) { unanswered(); return false; }
    answered();
    if (response.status === 423) { keep().then(leave); return false; }
    // Another run of the program, which does not know this page: what was typed must not go.
    if (response.status === 403) { if (unsaved()) unanswered(); else leave(); return false; }
    return response.ok;
  };

  // The lock
  if (!locked && place) {
    // In hidden tabs too: what was opened must not stay in a tab that nobody looks at.
    setInterval(async () => {
      try { heard(await ask(`${place}/quiet/state`)); } catch { unanswered(); }
    }, LOOK);
    // Reading and writing are doing something, though nothing is sent while they last.
    let told_at = 0;
    const busy = () => {
      const now = Date.now();
      if (now - told_at < BUSY) return;
      told_at = now;
      ask(`${place}/quiet/active`, {}).catch(() => {});
    };
    for (const kind of ["keydown", "input", "pointerdown", "wheel", "touchmove"]) {
      addEventListener(kind, (event) => { if (event.isTrusted) busy(); }, { passive: true });
    }
    // From the browser's memory of pages a locked desk could be shown again.
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }

  // An act that takes long: since when it is under way. It lies over the page and moves nothing.
  const underway = document.getElementById("underway");
  let waiting = 0;
  const wait = () => {
    const begun = new Date();
    clearInterval(waiting);
    waiting = setInterval(() => {
      if (!underway.firstChild) {
        const said = document.createElement("p"), clock = document.createElement("span");
        const time = begun.toLocaleTimeString(document.documentElement.lang, { hour12: false });
        said.textContent = underway.dataset.said.replace("{time}", time);
        clock.setAttribute("aria-hidden", "true"); // told once, not every second
        underway.append(clock, said);
      }
      underway.firstChild.textContent = underway.dataset.seconds.replace("{n}", Math.round((Date.now() - begun) / SECOND));
    }, SECOND);
  };

  // A second click sends nothing a second time.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("form[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    wait();
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
    clearInterval(waiting);
    underway?.replaceChildren();
  });

  // The queue
  const list = document.getElementById("list");
  if (list) {
    const focused = () => document.activeElement?.closest("[data-row]")?.dataset.row;
    const selector = () => {
      const now = document.activeElement;
      return now?.tagName === "BUTTON" ? "button" : "a.case";
    };
    every(REFRESH, async () => {
      const response = await ask(list.dataset.refresh);
      if (!heard(response)) return;
      const text = await response.text();
      const row = list.contains(document.activeElement) ? focused() : null, kind = selector();
      const known = new Set([...list.querySelectorAll("[data-row]")].map((one) => one.dataset.row));
      const fresh = new DOMParser().parseFromString(text, "text/html");
      list.replaceChildren(...fresh.body.childNodes);
      for (const one of list.querySelectorAll("[data-row]")) {
        if (!known.has(one.dataset.row)) one.classList.add("came");
        if (one.dataset.row === row) (one.querySelector(kind) ?? one.querySelector("a.case"))?.focus({ preventScroll: true });
      }
    });
  }

  // A case
  const page = document.querySelector("[data-lease]");
  if (page) {
    const renew = every(RENEW, async () => {
      const response = await ask(page.dataset.lease, {});
      if (response.status === 409) {
        const said = (await response.json()).error;
        const line = document.getElementById("lease-lost") ?? document.createElement("p");
        line.id = "lease-lost";
        line.className = "told bad";
        line.textContent = said;
        told.append(line);
        return;
      }
      if (!heard(response)) return;
      document.getElementById("lease-lost")?.remove();
      const { left, until } = await response.json();
      const span = document.querySelector("[data-lease-left]"), day = document.querySelector("[data-lease-until]");
      if (span) span.textContent = left;
      if (day) day.textContent = until;
    });
    renew();
  }
  const looks = document.querySelector("[data-changes]");
  if (looks) {
    every(CHANGED, async () => {
      const response = await ask(looks.dataset.changes);
      if (response.status === 409 || !heard(response)) return;
      const { seen } = await response.json();
      document.getElementById("changed").hidden = seen === looks.dataset.seen;
    });
  }

  // Drafts
  const letter = document.querySelector("form[data-letter]");
  if (letter) {
    const text = letter.querySelector("textarea"), state = document.getElementById("letter-state");
    const signs = document.getElementById("signs"), most = Number(text.dataset.most);
    // Not its value: what was typed before this was reached is not kept yet.
    let kept = text.defaultValue, first = 0, timer = 0, running = Promise.resolve(true);
    const count = () => most - [...text.value.replace(/\r\n/g, "\n").trim()].length;
    const measure = () => {
      const left = count();
      if (left < 0) state.textContent = `${-left} ${words.over}`;
      else if (left < 300) state.textContent = `${left} ${words.left}`;
    };
    const save = async () => {
      const value = text.value;
      if (value === kept) return true;
      state.textContent = words.keeping;
      try {
        const response = await ask(letter.dataset.letter, { text: value });
        if (response.status === 409) { state.textContent = (await response.json()).error; return false; }
        // The desk locked meanwhile: it holds the text, and seals it when it is unlocked.
        if (response.status === 423) { kept = value; leave(); return true; }
        if (!heard(response)) return false;
        const answer = await response.json();
        kept = value;
        signs.innerHTML = answer.signs;
        state.textContent = words.kept;
        measure();
        return true;
      } catch {
        // Where she looks while she types: the top of the page may be far away.
        unanswered();
        state.textContent = words.gone;
        return false;
      }
    };
    unsaved = () => text.value !== kept;
    keep = () => {
      clearTimeout(timer); timer = 0; first = 0;
      running = running.then(save);
      return running;
    };
    const typed = () => {
      measure();
      const now = Date.now();
      first ||= now;
      clearTimeout(timer);
      timer = setTimeout(keep, Math.max(0, Math.min(REST, first + LONGEST_REST - now)));
    };
    text.addEventListener("input", typed);
    if (text.value !== kept) typed();
    letter.addEventListener("submit", () => { kept = text.value; });
    setInterval(() => { if (text.value !== kept && !timer) keep(); }, LOOK);
    addEventListener("beforeunload", (event) => { if (text.value !== kept) { keep(); event.preventDefault(); } });
    document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
  }
  // Before the page is left for a template or the lock, the draft is kept.
  for (const form of document.querySelectorAll("form[data-lock], form[data-templates]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await keep();
      form.submit();
    });
  }

  // A sentence of the counts, with its definition, for whoever is asked on the phone
  for (const button of document.querySelectorAll("[data-copy]")) {
    const said = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const parts = [...button.parentElement.querySelectorAll("p")].map((one) => one.textContent);
      await navigator.clipboard.writeText(parts.join("\n"));
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = said; }, LOOK);
    });
  }

  // Paper
  const print = document.querySelector("[data-print]");
  if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }

  // Keys. Never while somebody types, and never with a modifier: those are the browser's.
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  const cases = () => [...document.querySelectorAll("a.case")];
  const move = (step) => {
    const all = cases();
    if (!all.length) return;
    const row = document.activeElement?.closest("[data-row]");
    const at = row ? all.indexOf(row.querySelector("a.case")) : -1;
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const take = () => {
    const row = document.activeElement?.closest("[data-row]");
    const form = row ? row.querySelector("form") : document.querySelector("[data-key=t]")?.form;
    form?.requestSubmit();
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    t: take,
    "/": () => document.querySelector("[data-filters] select")?.focus(),
    "?": () => document.querySelector("[data-help]")?.click(),
    u: () => document.querySelector("[data-back]")?.click(),
    a: () => document.getElementById("text")?.focus(),
    n: () => {
      const note = document.getElementById("note");
      if (note) { note.closest("details").open = true; note.focus(); }
    },
    l: () => document.querySelector("form[data-lock]")?.requestSubmit(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (event.key === "Enter" && event.ctrlKey && event.target.tagName === "TEXTAREA") {
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const does = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (does) { event.preventDefault(); does(); }
  });
});
