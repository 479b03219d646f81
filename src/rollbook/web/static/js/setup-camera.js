// The camera test: a picture every second and a half, and what it tells.

import { csrf, wait } from "./lib.js";

const box = document.querySelector("[data-camera]");
const video = box.querySelector("video");
const problem = box.querySelector(".error");
const verdict = box.querySelector(".verdict");
const list = box.querySelector(".findings");
const button = box.querySelector("[data-start]");
const levels = JSON.parse(box.dataset.levels);
const kinds = { good: "good", fair: "warn", bad: "bad" };

function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

async function picture() {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.9); });
}

function show({ good, findings }) {
  verdict.textContent = good ? box.dataset.good : box.dataset.bad;
  list.replaceChildren(...findings.map(({ level, text }) => {
    const row = document.createElement("li");
    const pill = document.createElement("span");
    pill.className = `pill ${kinds[level]}`;
    pill.textContent = levels[level];
    row.append(pill, document.createTextNode(text));
    return row;
  }));
}

async function look() {
  const answer = await fetch(box.dataset.url, {
    method: "POST",
    credentials: "same-origin",
    headers: { "X-CSRFToken": csrf(), Accept: "application/json", "Content-Type": "image/jpeg" },
    body: await picture(),
  });
  const told = await answer.json();
  if (answer.ok) { complain(""); show(told); } else complain(told.detail);
}

async function run() {
  if (!navigator.mediaDevices) { complain(box.dataset.insecure); return; }
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch { complain(box.dataset.refused); return; }
  video.hidden = false;
  button.hidden = true;
  await video.play();
  while (video.srcObject.active) {
    try { await look(); } catch (error) { complain(error.message); }
    await wait(1500);
  }
}

button.hidden = false;
button.addEventListener("click", run);
