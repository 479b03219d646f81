// What several pages share.

export const texts = () => JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

export const csrf = () => document.querySelector("meta[name=csrf]").content;

// Tell a screen reader, and nobody else.
export function say(text) {
  const place = document.getElementById("say");
  if (place) {
    place.textContent = "";
    requestAnimationFrame(() => { place.textContent = text; });
  }
}

// POST JSON or a form; returns the answer. Throws an Error with `status`, a sentence and `body`.
export async function post(url, data, options = {}) {
  const form = data instanceof FormData || data instanceof Blob;
  const answer = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    body: form ? data : JSON.stringify(data ?? {}),
    ...options,
    headers: {
      "X-CSRFToken": csrf(),
      Accept: "application/json",
      ...(form ? {} : { "Content-Type": "application/json" }),
      ...options.headers,
    },
  });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  let body = {};
  try { body = await answer.json(); } catch { /* not JSON: keep the status */ }
  throw Object.assign(new Error(body.detail ?? answer.statusText), { status: answer.status, body });
}

export const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
