// The live board: the stream says that something changed, then the part of the page comes anew.

import { say, texts } from "./lib.js";

const board = document.getElementById("board");
const words = texts();
const EVERY = 30000;  // also without news: time itself makes people late and sessions end
let source = null;
let busy = false;
let again = false;

if (board) {
  connect();
  setInterval(fetchPart, EVERY);
  // a hidden tab gives its connection back: browsers have few for each site
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) disconnect();
    else { connect(); fetchPart(); }
  });
  window.addEventListener("pagehide", disconnect);
  keepAwake();
}

document.querySelectorAll("[data-fullscreen]").forEach((button) => {
  button.hidden = !document.documentElement.requestFullscreen;
  button.addEventListener("click", () => document.documentElement.requestFullscreen());
});

function connect() {
  if (source || document.hidden) return;
  source = new EventSource(board.dataset.stream);
  source.addEventListener("hello", () => { live("on", words.live); fetchPart(); });
  source.addEventListener("change", fetchPart);
  source.addEventListener("end", () => { disconnect(); live("lost", words.ended); });
  source.addEventListener("error", () => {
    live("lost", words.lost);
    if (source?.readyState === EventSource.CLOSED) {  // refused: try again slowly
      disconnect();
      setTimeout(connect, 10000);
    }
  });
}

function disconnect() {
  source?.close();
  source = null;
}

async function fetchPart() {
  if (document.hidden) return;
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(board.dataset.part, { headers: { Accept: "text/html" }, redirect: "error" });
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) {
      disconnect();
      live("lost", words.ended);
    } else if (answer.ok) replace(await answer.text());
  } catch {
    live("lost", words.lost);
  }
  busy = false;
  if (again) { again = false; fetchPart(); }
}

// The new part comes from the page's own template on this server, which escapes what it shows.
function replace(html) {
  const before = new Map([...board.querySelectorAll("[data-person]")].map((one) => [one.dataset.person, one.dataset.state]));
  const made = new DOMParser().parseFromString(html, "text/html");
  const held = board.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  board.replaceChildren(...made.body.children);
  if (held) [...board.querySelectorAll("a")].find((link) => link.getAttribute("href") === held)?.focus();
  const came = [];
  board.querySelectorAll("[data-person][data-name]").forEach((one) => {
    if (before.has(one.dataset.person) && before.get(one.dataset.person) === "missing") {
      one.classList.add("new");
      came.push(words.came.replace("{name}", one.dataset.name).replace("{status}", one.dataset.word));
    }
  });
  if (came.length) say(came.join(". "));
  if (source) live("on", words.live);
}

function live(kind, text) {
  document.getElementById("live").className = `live ${kind}`;
  const place = document.getElementById("live-text");
  if (place.textContent !== text) place.textContent = text;
}

// A screen on a wall must not fall asleep.
async function keepAwake() {
  if (!document.body.classList.contains("wall") || !navigator.wakeLock) return;
  const ask = () => navigator.wakeLock.request("screen").catch(() => {});
  await ask();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
}
