// A kiosk's day: look, ask, show, and go on whatever happens.

import { texts, wait } from "./lib.js";
import { Camera } from "./kiosk-camera.js";
import { Later, Link, Revoked } from "./kiosk-link.js";
import { Pad } from "./kiosk-pad.js";
import { Screen, moodOf } from "./kiosk-screen.js";
import { Sound } from "./kiosk-sound.js";

const byId = (id) => document.getElementById(id);
const CODE_LASTS = 25000; // milliseconds that a code is waited for
const WITHOUT_CAMERA = 3000;
const CHOSEN = "kiosk-session";
const TELL_AFTER = 2; // failures in a row before anything is said

const screen = new Screen(texts());
const sound = new Sound();
const link = new Link();
const camera = new Camera(byId("video"));
const pad = new Pad(link, screen, sound, { revoked: () => { over = true; } });
let over = false; // the key was revoked
let codeUntil = 0;
let wake = null; // ends the wait for the next picture early
let version = null;

link.session = window.sessionStorage.getItem(CHOSEN) ?? "";

const wantsCode = () => performance.now() < codeUntil;

const pause = (ms) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  wake = () => { clearTimeout(timer); resolve(); };
});

// --- what comes from the server -------------------------------------------------------------

// Read codes in the browser where it can; the server does it everywhere else.
const reader = "BarcodeDetector" in window
  ? (await window.BarcodeDetector.getSupportedFormats().catch(() => [])).includes("qr_code")
    && new window.BarcodeDetector({ formats: ["qr_code"] })
  : null;

async function question() {
  const ready = await camera.ready();
  if (!ready || screen.session === false) return link.state();
  if (reader && wantsCode()) {
    const found = await reader.detect(byId("video")).catch(() => []);
    if (found.length > 0) return link.code(found[0].rawValue);
  }
  const picture = await camera.picture();
  return picture ? link.frame(picture, wantsCode() && !reader) : link.state();
}

function show(answer) {
  if (version && version !== answer.version) window.location.reload(); // the server was upgraded
  version = answer.version;
  screen.session = answer.session !== null;
  const fresh = screen.show(answer, camera.size);
  for (const said of fresh) noise(said);
  const asked = [...answer.faces, answer.code].find((said) => said?.notice === "pin_needed");
  if (asked && !pad.open && fresh.includes(asked)) pad.claim(asked);
  if (answer.code?.mark) setCode(false);
  choose(answer);
  tellTrouble(answer);
  screen.setLink("");
  document.dispatchEvent(new CustomEvent("kiosk:answer", { detail: answer }));
}

function noise({ notice, mark }) {
  if (["looking", "refused", "saving"].includes(notice)) return;
  if (notice === "already") sound.play("known");
  else sound.play(mark && notice !== "late" ? "good" : moodOf(notice));
}

function tellTrouble(answer) {
  const { state } = screen.texts;
  if (!answer.session) {
    const coming = answer.next ? screen.next(answer.next) : "";
    screen.setTrouble(answer.choices.length > 0 ? "" : state.no_session, coming);
  } else if (camera.trouble) {
    screen.setTrouble(state[camera.trouble]);
  } else {
    screen.setTrouble("");
  }
  screen.setPrompt(wantsCode() ? "code" : answer.nobody ? "nobody" : answer.session && !camera.trouble ? "idle" : "");
}

// --- which session --------------------------------------------------------------------------

function choose({ session, choices }) {
  byId("choose").hidden = choices.length < 2;
  const dialog = byId("chooser");
  const key = choices.map((one) => one.id).join();
  if (key !== choose.drawn) {
    choose.drawn = key;
    byId("choices").replaceChildren(...choices.map(choice));
  }
  if (!session && choices.length > 1 && !dialog.open) dialog.showModal();
  if (choices.length < 2 && dialog.open) dialog.close();
}

function choice(session) {
  const row = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = [session.group, session.title, screen.time(session.starts)].filter(Boolean).join(" · ");
  button.addEventListener("click", () => {
    link.session = session.id;
    window.sessionStorage.setItem(CHOSEN, session.id);
    byId("chooser").close();
    screen.forget();
    wake?.();
  });
  row.append(button);
  return row;
}

// --- the loop -------------------------------------------------------------------------------

// Ask once, show what came, and return when to ask again.
async function step() {
  const began = performance.now();
  try {
    const answer = await question();
    show(answer);
    const after = camera.trouble && answer.session ? Math.min(WITHOUT_CAMERA, 1000) : answer.next_ms;
    const every = wantsCode() ? Math.min(after, 300) : after;
    return Math.max(0, every - (performance.now() - began));
  } catch (error) {
    if (error instanceof Revoked) {
      over = true;
      return 0;
    }
    if (!(error instanceof Later)) throw error;
    const after = link.waitAfter(error);
    if (link.failures >= TELL_AFTER) tellOffline(error.trouble);
    return after;
  }
}

function tellOffline(trouble) {
  const text = screen.texts.state[trouble];
  screen.setLink(text);
  if (trouble !== "busy") {
    screen.forget();
    screen.setTrouble(text);
    screen.setPrompt("");
  }
  document.dispatchEvent(new CustomEvent("kiosk:trouble", { detail: trouble }));
}

const visible = () => new Promise((resolve) => {
  document.addEventListener("visibilitychange", resolve, { once: true });
});

async function run() {
  while (!over) {
    if (document.hidden) {
      await visible();
      continue;
    }
    if (pad.open) {
      await wait(200);
      continue;
    }
    let after = 1000;
    try {
      after = await step();
    } catch (error) {
      console.error(error); // a fault of this page must not end the kiosk's day
    }
    if (after > 0) await pause(after);
  }
  camera.close();
  pad.close();
  screen.showGone();
}

// --- buttons, sleep, and the screen that stays on ------------------------------------------

function setCode(on) {
  codeUntil = on ? performance.now() + CODE_LASTS : 0;
  byId("by-code").setAttribute("aria-pressed", String(on));
  if (on) setTimeout(() => { if (!wantsCode()) setCode(false); }, CODE_LASTS + 100);
  screen.setPrompt(on ? "code" : "idle");
  wake?.();
}

function tellSound() {
  const { sound_on: on, sound_off: off } = screen.texts.state;
  byId("sound").textContent = sound.on ? on : off;
  byId("sound").setAttribute("aria-pressed", String(sound.on));
}

let lock = null;
async function stayAwake() {
  if (document.hidden || !("wakeLock" in navigator)) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => { lock = null; });
  } catch { /* refused while the battery is low: the screen may then go dark */ }
}

byId("by-code").addEventListener("click", () => setCode(!wantsCode()));
byId("by-pin").addEventListener("click", () => pad.find());
byId("sound").addEventListener("click", () => { sound.toggle(); tellSound(); });
byId("choose").addEventListener("click", () => byId("chooser").showModal());
byId("full").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
});
byId("full").hidden = !document.fullscreenEnabled;
document.addEventListener("visibilitychange", () => { if (!lock) stayAwake(); wake?.(); });
window.addEventListener("online", () => { link.failures = 0; wake?.(); });
window.addEventListener("offline", () => tellOffline("offline"));

tellSound();
stayAwake();
run();
