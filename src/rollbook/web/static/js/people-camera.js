// Guides somebody through the poses: one frame is on its way at a time, and the server says what
// is wrong with it. The pictures that fit stay here until they are saved.

import { post, say, texts, wait } from "./lib.js";

const LONGEST = 960; // pixels of a frame's longer side: enough for enrolment, small to send
const QUALITY = 0.85;
const PAUSE = 180; // ms between two frames

const told = texts();
const guide = document.getElementById("guide");
const video = document.getElementById("video");
const hint = document.getElementById("hint");
const said = document.getElementById("said");
const poses = [...document.querySelectorAll("#poses li")];
const [start, skip, save, again] = ["start", "skip", "save", "again"].map((id) => document.getElementById(id));
const cameras = document.getElementById("cameras");
const canvas = document.createElement("canvas");

let state, held, taken, running = false, stream = null;

function reset() {
  state = { pose: 0, held: [], begun: null };
  held = [];
  taken = [];
  said.replaceChildren();
  poses.forEach((item) => {
    item.removeAttribute("data-done");
    item.removeAttribute("aria-current");
    item.querySelector(".thumb").replaceChildren();
  });
}

function show(text, kind = "") {
  if (hint.textContent !== text) hint.textContent = text;
  guide.dataset.kind = kind;
}

function why(error) {
  if (error.name === "NotAllowedError") return told.denied;
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return told.none;
  return told.taken_by_other;
}

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) {
    show(told.insecure, "bad");
    return false;
  }
  show(told.asking);
  const wanted = cameras.value ? { deviceId: { exact: cameras.value } } : { facingMode: "user" };
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false, video: { ...wanted, width: { ideal: 1280 }, height: { ideal: 960 } },
    });
  } catch (error) {
    show(why(error), "bad");
    return false;
  }
  video.srcObject = stream;
  await video.play();
  await offerCameras();
  return true;
}

async function offerCameras() {
  const found = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
  document.getElementById("which").hidden = found.length < 2;
  const used = stream.getVideoTracks()[0].getSettings().deviceId;
  cameras.replaceChildren(...found.map((one, index) => {
    const option = new Option(one.label || String(index + 1), one.deviceId);
    option.selected = one.deviceId === used;
    return option;
  }));
}

function close() {
  running = false;
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  video.srcObject = null;
}

function grab() {
  const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", QUALITY); });
}

function mark(index, word, blob) {
  const item = poses[index];
  item.dataset.done = word;
  item.removeAttribute("aria-current");
  const place = item.querySelector(".thumb");
  place.replaceChildren();
  if (blob) {
    const picture = new Image();
    picture.alt = told.taken;
    picture.src = URL.createObjectURL(blob);
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
    place.append(picture);
  } else {
    place.textContent = told.skipped;
  }
  say(`${item.lastElementChild.textContent} ${blob ? told.taken : told.skipped}`);
}

function apply(answer, blob) {
  const asked = state.pose;
  state = answer.state;
  if (answer.outcome === "held") {
    held.push(blob);
  } else if (answer.outcome === "taken") {
    held.push(blob);
    taken.push({ pose: poses[asked].dataset.pose, blob: held[answer.best] });
    mark(asked, "taken", held[answer.best]);
    held = [];
  } else {
    held = [];
    if (answer.outcome === "skipped") mark(asked, "skipped", null);
  }
  show(answer.hint, answer.outcome === "missed" && answer.code ? "warn" : "good");
  poses[state.pose]?.setAttribute("aria-current", "step");
}

async function look() {
  while (running && state.pose < poses.length) {
    const asked = state; // a pose that is skipped meanwhile puts another in its place
    const blob = await grab();
    const form = new FormData();
    form.append("state", JSON.stringify(asked));
    form.append("frame", blob, "frame.jpg");
    try {
      const answer = await post(guide.dataset.frame, form);
      if (running && asked === state) apply(answer, blob);
      await wait(PAUSE);
    } catch (error) {
      if (error.status === 503) { await wait(800); continue; } // busy: kiosks go first
      if (error.status) { show(error.message, "bad"); break; }
      show(told.lost, "warn");
      await wait(1500);
    }
  }
  if (!running) return;
  const through = state.pose >= poses.length;
  close();
  finish(through);
}

function finish(through) {
  skip.hidden = true;
  again.hidden = false;
  save.hidden = taken.length === 0;
  if (through) show(taken.length ? told.done : told.nothing, taken.length ? "good" : "bad");
  (taken.length ? save : again).focus();
}

async function enrol(another) {
  save.disabled = true;
  said.textContent = told.saving;
  const form = new FormData();
  taken.forEach(({ pose, blob }) => form.append("files", blob, `camera-${pose}.jpg`));
  if (another) form.append("another", "yes");
  try {
    const answer = await post(guide.dataset.enrol, form);
    if (!answer.warning) { window.location.assign(answer.location); return; }
    ask(answer);
  } catch (error) {
    said.textContent = error.status ? error.message : told.failed;
  }
  save.disabled = false;
}

function ask(answer) {
  const text = document.createElement("p");
  text.textContent = answer.warning;
  said.replaceChildren(text);
  if (!answer.askable) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button danger";
  button.textContent = told.another;
  button.addEventListener("click", () => enrol(true));
  said.append(button);
}

start.addEventListener("click", async () => {
  start.disabled = true;
  reset();
  if (await open()) {
    start.hidden = true;
    skip.hidden = false;
    running = true;
    show(poses[0].lastElementChild.textContent);
    poses[0].setAttribute("aria-current", "step");
    look();
  }
  start.disabled = false;
});

skip.addEventListener("click", () => {
  if (state.pose >= poses.length) return;
  mark(state.pose, "skipped", null);
  held = [];
  state = { pose: state.pose + 1, held: [], begun: null };
  if (state.pose < poses.length) {
    poses[state.pose].setAttribute("aria-current", "step");
    show(poses[state.pose].lastElementChild.textContent);
  }
});

save.addEventListener("click", () => enrol(false));
again.addEventListener("click", () => {
  save.hidden = again.hidden = true;
  start.hidden = false;
  start.click();
});
cameras.addEventListener("change", async () => {
  close();
  if (await open()) { running = true; look(); }
});
window.addEventListener("pagehide", close);
reset();

start.disabled = false; // before, a click would have been lost
