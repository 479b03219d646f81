// Shows how far long work is, and loads the page anew when it is over.
import { say, wait } from "./lib.js";

const place = document.querySelector("[data-task]");
const bar = place?.querySelector("progress");
const text = place?.querySelector("[data-progress]");

async function follow() {
  let told = -1;
  for (;;) {
    await wait(1000);
    let now;
    try {
      const answer = await fetch(place.dataset.task, { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!answer.ok) continue;
      now = await answer.json();
    } catch { continue; } // the network is away for a while
    if (now.over) { location.reload(); return; }
    if (!now.total) continue;
    bar.max = now.total;
    bar.value = now.done;
    const percent = Math.floor((100 * now.done) / now.total);
    text.textContent = `${percent} %`;
    if (percent >= told + 25) { say(`${percent} %`); told = percent; }
  }
}

if (place) follow();
