// The register by hand: each change is saved at once, in order, and again when the network is back.

import { post, say, texts, wait } from "./lib.js";

const root = document.getElementById("register");
const words = texts();
const KEYS = { p: "present", l: "late", g: "left_early", e: "excused", a: "absent" };

function start() {
  root.classList.add("scripted");
  const queue = new Queue();
  const rows = [...root.querySelectorAll(".person")].filter((row) => row.querySelector("input"));
  rows.forEach((row) => watchRow(row, queue));
  document.addEventListener("keydown", (event) => onKey(event, rows, queue));
  root.querySelectorAll("form.inline").forEach((form) => form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    all(form.id === "undo-form" ? root.dataset.undo : root.dataset.present, queue);
  }));
  root.querySelector(".register-form").addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
  window.addEventListener("beforeunload", (event) => {
    if (queue.busy) event.preventDefault();
  });
  window.addEventListener("online", () => queue.hurry());
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(queue); });
  setInterval(() => { if (!document.hidden) refresh(queue); }, 15000);
}

// Changes wait here in order; one is on its way at a time.
class Queue {
  constructor() { this.items = []; this.added = 0; this.running = false; this.wake = null; }

  get busy() { return this.items.length > 0; }

  add(work) {
    this.items.push(work);
    this.added += 1;
    if (!this.running) this.run();
  }

  hurry() { this.wake?.(); }

  async run() {
    this.running = true;
    let pause = 500;
    while (this.items.length) {
      try {
        await this.items[0]();
        this.items.shift();
        pause = 500;
        if (!this.items.length) state("good", words.all_saved, 3000);
      } catch (error) {
        if (error.status === 401) state("bad", words.signed_out);
        else state("warn", words.waiting);
        await Promise.race([wait(pause), new Promise((resolve) => { this.wake = resolve; })]);
        pause = Math.min(2 * pause, 8000);
      }
    }
    this.running = false;
  }
}

function watchRow(row, queue) {
  row.querySelectorAll("input[type=radio]").forEach((radio) => {
    radio.addEventListener("change", () => change(row, radio.value, queue));
  });
  const remark = remarkOf(row);
  remark.addEventListener("change", () => {
    const status = chosen(row) ?? row.dataset.status;  // also what was chosen and is not saved yet
    if (status !== "open") change(row, status, queue);
  });
  remark.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); remark.blur(); focusRow(row); }
  });
}

const remarkOf = (row) => row.querySelector(".remark input");
// How many changes of a row wait or are on their way: until the last is answered, the row shows
// what was chosen, not what an answer to an earlier one says.
const unanswered = new Map();
const waits = (row) => (unanswered.get(row) ?? 0) > 0;
const count = (row, step) => unanswered.set(row, (unanswered.get(row) ?? 0) + step);
const chosen = (row) => row.querySelector("input[type=radio]:checked")?.value;

function change(row, status, queue, anyway = false) {
  const common = document.getElementById("f-reason")?.value.trim() ?? "";
  const said = row.querySelector("input[name^=said_]");
  const own = remarkOf(row).value.trim();
  const reason = own !== said.value.trim() ? own : common;
  if (root.dataset.closed && !reason) {
    pick(row, row.dataset.status);
    rowState(row, "bad", words.reason_first);
    document.getElementById("f-reason").focus();
    return;
  }
  rowState(row, "", words.saving);
  count(row, 1);
  queue.add(async () => {
    const body = { subject_id: row.dataset.person, status, reason, seen: row.dataset.seen, anyway };
    try {
      const answer = await post(root.dataset.one, body);
      count(row, -1);
      show(row, answer.row);
      counts(answer.counts);
      undoText(answer.undo);
      if (answer.outrun) ask(row, status, answer, queue);
      else {
        rowState(row, "good", words.saved, 2500);
        say(words.person_now.replace("{name}", answer.row.name).replace("{status}", answer.row.word));
      }
    } catch (error) {
      if (![400, 404, 409].includes(error.status)) {
        rowState(row, "warn", words.waiting);
        throw error;
      }
      count(row, -1);
      if (!waits(row)) pick(row, row.dataset.status);
      rowState(row, "bad", `${words.failed}: ${error.message}`);
    }
  });
}

// Somebody else was faster: the newer state is shown, and the own wish is one click away.
function ask(row, status, answer, queue) {
  rowState(row, "warn", `${answer.said} `);
  const again = document.createElement("button");
  again.type = "button";
  again.className = "link";
  again.textContent = words.anyway;
  again.addEventListener("click", () => { pick(row, status); change(row, status, queue, true); });
  row.querySelector(".row-state").append(again);
  say(answer.said);
}

function all(url, queue) {
  queue.add(async () => {
    try {
      const answer = await post(url, {});
      apply(answer);
      state("good", answer.said, 5000);
      say(answer.said);
    } catch (error) {
      if (![400, 404, 409].includes(error.status)) throw error;
      state("bad", `${words.failed}: ${error.message}`);
    }
  });
}

async function refresh(queue) {
  if (queue.busy) return;
  const before = queue.added;
  try {
    const answer = await fetch(root.dataset.state, { headers: { Accept: "application/json" } });
    const found = answer.ok ? await answer.json() : null;
    if (found && queue.added === before) apply(found);  // else it is older than what was saved since
  } catch { /* the next look will tell */ }
}

function apply(answer) {
  for (const data of answer.rows) {
    const row = root.querySelector(`[data-person="${data.subject_id}"]`);
    if (row) show(row, data);
  }
  counts(answer.counts);
  undoText(answer.undo);
}

function show(row, data) {
  if (!data) return;
  const before = row.dataset.status;
  row.dataset.status = data.status;
  row.dataset.seen = data.seen;
  if (!waits(row)) pick(row, data.status);
  row.querySelector(".why").textContent = data.why + (data.arrived ? ` · ${data.arrived}` : "");
  const set = (name, value) => {
    const field = row.querySelector(`input[name^=${name}_]`);
    if (field) field.value = value;
  };
  set("was", data.status);
  set("seen", data.seen);
  if (remarkOf(row) && !waits(row) && document.activeElement !== remarkOf(row)) remarkOf(row).value = data.reason;
  set("said", data.reason);
  if (before !== data.status && !waits(row)) rowState(row, "", "");
}

function pick(row, status) {
  row.querySelectorAll("input[type=radio]").forEach((radio) => { radio.checked = radio.value === status; });
}

function counts(numbers) {
  for (const [status, count] of Object.entries(numbers)) {
    const place = root.querySelector(`[data-count=${status}] b`);
    if (place) place.textContent = count;
  }
}

function undoText(text) {
  document.getElementById("undo-form").hidden = !text;
  document.getElementById("undo-what").textContent = text;
}

function rowState(row, kind, text, forMs = 0) {
  const place = row.querySelector(".row-state");
  place.className = `row-state ${kind}`;
  place.textContent = text;
  if (forMs) setTimeout(() => { if (place.textContent === text) place.textContent = ""; }, forMs);
}

function state(kind, text, forMs = 0) {
  const place = document.getElementById("save-state");
  place.hidden = !text;
  place.className = `save-state ${kind}`;
  place.textContent = text;
  if (forMs) setTimeout(() => { if (place.textContent === text) place.hidden = true; }, forMs);
}

// Keys: letters act on the row that has the focus; with none, on the first one.
function onKey(event, rows, queue) {
  const typing = event.target.matches("input[type=text], textarea, select");
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const here = rows.indexOf(event.target.closest?.(".person"));
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (typing && event.target.tagName === "SELECT") return;
    event.preventDefault();
    const next = here < 0 ? 0 : here + (event.key === "ArrowDown" ? 1 : -1);
    if (rows[next]) focusRow(rows[next]);
    return;
  }
  if (event.target.matches("input[type=radio]") && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();  // only the space bar and letters choose
    const own = [...rows[here].querySelectorAll("input[type=radio]")];
    const forward = (event.key === "ArrowRight") === (document.dir !== "rtl");
    own[own.indexOf(event.target) + (forward ? 1 : -1)]?.focus();
    return;
  }
  if (typing || event.target.matches("button, summary")) return;
  const key = event.key.toLowerCase();
  if (key === "p" && event.shiftKey && !root.dataset.closed) all(root.dataset.present, queue);
  else if (key === "u") all(root.dataset.undo, queue);
  else if (key === "r" && here >= 0) remarkOf(rows[here]).focus();
  else if (KEYS[key]) {
    const row = rows[Math.max(0, here)];
    pick(row, KEYS[key]);
    focusRow(row);
    change(row, KEYS[key], queue);
  } else return;
  event.preventDefault();
}

function focusRow(row) {
  (row.querySelector("input[type=radio]:checked") ?? row.querySelector("input[type=radio]")).focus();
  row.scrollIntoView({ block: "nearest" });
}

if (root) start();
