// Follows a task: asks how far it is, and loads the page anew when it is over.

import { wait } from "./lib.js";

const card = document.getElementById("task");
const show = (id, text) => {
  const place = document.getElementById(id);
  if (place.textContent !== text) place.textContent = text;
};

for (;;) {
  await wait(document.hidden ? 5000 : 1000);
  let told;
  try {
    const answer = await fetch(card.dataset.state, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 404) { window.location.reload(); break; }
    if (!answer.ok) continue;
    told = await answer.json();
  } catch {
    continue; // the server restarts; the task goes on afterwards
  }
  if (!told.busy) { window.location.reload(); break; }
  const progress = document.getElementById("progress");
  progress.max = told.total || 1;
  progress.value = told.done;
  show("count", document.getElementById("count").textContent.replace(/^\D*\d+/, (start) => start.replace(/\d+/, told.done)));
  show("state", told.word);
  show("summary", told.summary);
}
