"use strict";

const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
let sequence = -1;
let paused = false;
let listed = "";

at("pause").addEventListener("click", () => {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", String(paused));
  at("pause").textContent = paused ? "Go on with the picture" : "Pause the picture";
});

function item(text) {
  const element = document.createElement("li");
  element.textContent = text; // never as markup: names are what people typed
  return element;
}

function drawBoxes(now) {
  const boxes = at("boxes");
  boxes.setAttribute("viewBox", `0 0 ${now.width} ${now.height}`);
  boxes.setAttribute("preserveAspectRatio", "none");
  boxes.replaceChildren(...now.faces.flatMap((face) => {
    const box = document.createElementNS(SVG, "rect");
    const [left, top, right, bottom] = face.box;
    box.setAttribute("x", left);
    box.setAttribute("y", top);
    box.setAttribute("width", Math.max(0, right - left));
    box.setAttribute("height", Math.max(0, bottom - top));
    box.setAttribute("class", face.state);
    return [box, label(face, now)];
  }));
}

// Whose box it is stands above it, or below where there is no room: colour alone tells nobody.
function label(face, now) {
  const [left, top, , bottom] = face.box;
  const size = Math.max(12, now.height / 24);
  const text = document.createElementNS(SVG, "text");
  text.textContent = face.text.length > 40 ? `${face.text.slice(0, 39)}…` : face.text;
  text.setAttribute("x", Math.max(0, left));
  text.setAttribute("y", top > size * 1.4 ? top - size * 0.4 : bottom + size * 1.1);
  text.setAttribute("font-size", size);
  return text;
}

function showPeople(now) {
  const texts = now.faces.map((face) => face.text);
  const joined = texts.join("\n");
  if (joined !== listed) { // a list that changes all the time cannot be read
    listed = joined;
    at("now").replaceChildren(...(texts.length ? texts : ["Nobody"]).map(item));
  }
  const marked = at("marked");
  for (const text of now.marked.slice(marked.children.length)) marked.prepend(item(text));
}

function show(now) {
  at("health").textContent = now.health;
  at("health").dataset.well = String(now.well);
  at("counts").textContent = now.counts;
  at("speed").textContent = now.speed;
  showPeople(now);
  if (paused || !now.picture) return;
  at("picture").src = `data:image/jpeg;base64,${now.picture}`;
  drawBoxes(now);
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`/now?after=${sequence}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      sequence = now.sequence;
      show(now);
    } catch {
      at("health").textContent = "The watch is over, or the connection to it was lost.";
      at("health").dataset.well = "false";
      await new Promise((done) => setTimeout(done, 2000));
    }
    await new Promise((done) => setTimeout(done, 60));
  }
}

follow();
