// The own code: a new one every half minute, before the old one is too old.

import { wait } from "./lib.js";

const place = document.getElementById("code");
const picture = document.getElementById("code-picture");
const time = document.getElementById("code-time");
const said = document.getElementById("code-said");
const usual = said.textContent;
let until = performance.now() + 1000 * Number(place.dataset.left);

function tick() {
  time.value = Math.max(0, (until - performance.now()) / 1000);
}

async function next() {
  const answer = await fetch(place.dataset.url, { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  const { picture: source, left } = await answer.json();
  picture.src = source;
  until = performance.now() + 1000 * left;
}

async function run() {
  for (;;) {
    await wait(Math.max(250, until - performance.now() + 150));
    if (document.hidden) continue;
    try {
      await next();
      if (said.textContent !== usual) said.textContent = usual;
    } catch {
      said.textContent = place.dataset.stale;
      await wait(2000);
    }
  }
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) next().catch(() => {}); });
setInterval(tick, 500);
run();
