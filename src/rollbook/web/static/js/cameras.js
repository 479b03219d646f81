// How cameras are doing, looked up every few seconds while somebody sees the page.
import { say, wait } from "./lib.js";

const EVERY = 4000;

async function renew() {
  const here = new URL(location.href);
  here.searchParams.delete("look"); // looking is written into the audit, so it never happens by itself
  const answer = await fetch(here, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [mine, fresh] = [document, page].map((one) => one.querySelector("[data-live]"));
  if (!mine || !fresh || mine.innerHTML === fresh.innerHTML || mine.contains(document.activeElement)) return;
  const before = [...mine.querySelectorAll(".pill")].map((pill) => pill.textContent).join();
  mine.replaceChildren(...fresh.childNodes);
  const now = [...mine.querySelectorAll(".pill")].map((pill) => pill.textContent);
  if (now.join() !== before) say(now.join(", "));
}

const picture = document.querySelector("[data-look]");
picture?.addEventListener("error", () => {
  const text = document.createElement("p");
  text.className = "notice warn";
  text.setAttribute("role", "alert");
  text.textContent = picture.dataset.failed;
  picture.replaceWith(text);
});

while (document.querySelector("[data-live]")) {
  await wait(EVERY);
  if (document.visibilityState !== "visible") continue;
  try { await renew(); } catch { /* the server is away for a moment; the next look follows */ }
}
