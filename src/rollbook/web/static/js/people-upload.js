// Files can be dropped on the form; when somebody looks the same it asks without choosing again.

import { post, texts } from "./lib.js";

const told = texts();
const form = document.getElementById("upload");
const input = document.getElementById("f-files");
const said = form.querySelector(".upload-said");
const button = form.querySelector("button[type=submit]");

for (const name of ["dragenter", "dragover"]) {
  form.addEventListener(name, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    form.dataset.over = "yes";
  });
}
form.addEventListener("dragleave", (event) => {
  if (!form.contains(event.relatedTarget)) delete form.dataset.over;
});
form.addEventListener("drop", (event) => {
  event.preventDefault();
  delete form.dataset.over;
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  send(false);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  send(document.getElementById("f-another")?.checked ?? false);
}, true);

async function send(another) {
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  button.disabled = true;
  said.textContent = told.working;
  const data = new FormData();
  for (const file of input.files) data.append("files", file, file.name);
  if (another) data.append("another", "yes");
  try {
    const answer = await post(form.action, data);
    if (!answer.warning) {
      window.location.assign(answer.location);
      if (new URL(answer.location, window.location.href).pathname === window.location.pathname) window.location.reload();
      return;
    }
    ask(answer);
  } catch (error) {
    said.textContent = error.status ? error.message : told.failed;
  }
  delete form.dataset.busy;
  button.disabled = false;
}

function ask(answer) {
  const text = document.createElement("p");
  text.textContent = answer.warning;
  said.replaceChildren(text);
  if (!answer.askable) return;
  const yes = document.createElement("button");
  yes.type = "button";
  yes.className = "button danger";
  yes.textContent = told.another;
  yes.addEventListener("click", () => send(true));
  said.append(yes);
}
