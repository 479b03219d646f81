// The way to the server: one question at a time, never longer than it may take, and patient.

export const TROUBLE = { offline: "offline", restarting: "restarting", busy: "busy", storage: "storage", model: "model" };
const LONGEST = 5000; // milliseconds for an answer
const WAITS = [400, 700, 1000, 1500, 2500, 4000];

export class Revoked extends Error {}

// A question that went wrong: what to show, and when to ask again.
export class Later extends Error {
  constructor(trouble, retryMs) {
    super(trouble);
    this.trouble = trouble;
    this.retryMs = retryMs;
  }
}

async function ask(path, options, session) {
  let answer;
  try {
    answer = await fetch(path, {
      credentials: "same-origin",
      cache: "no-store",
      ...options,
      headers: { "X-Kiosk": "1", "X-Session": session ?? "", ...options.headers },
      signal: AbortSignal.timeout(options.longest ?? LONGEST),
    });
  } catch {
    throw new Later(navigator.onLine ? TROUBLE.restarting : TROUBLE.offline, null);
  }
  if (answer.status === 401) throw new Revoked();
  let body = {};
  try {
    body = await answer.json();
  } catch {
    throw new Later(TROUBLE.restarting, null); // cut off, or the page of a proxy
  }
  if (answer.ok) return body;
  if (body.busy) throw new Later(TROUBLE.busy, body.retry_ms);
  throw new Later(TROUBLE[body.reason] ?? TROUBLE.restarting, body.retry_ms ?? null);
}

export class Link {
  constructor() {
    this.failures = 0;
    this.session = "";
  }

  // How long to wait after `later`; the waits grow until something is answered.
  waitAfter(later) {
    this.failures += 1;
    if (later.retryMs !== null) return later.retryMs * (0.8 + 0.4 * Math.random());
    return WAITS[Math.min(this.failures, WAITS.length) - 1] * (0.8 + 0.4 * Math.random());
  }

  async #answered(promise) {
    const body = await promise;
    this.failures = 0;
    return body;
  }

  state() {
    return this.#answered(ask("/kiosk/state", { method: "GET" }, this.session));
  }

  frame(picture, findCode) {
    const headers = { "Content-Type": "image/jpeg", ...(findCode ? { "X-Code": "find" } : {}) };
    return this.#answered(ask("/kiosk/frame", { method: "POST", body: picture, headers }, this.session));
  }

  #post(path, data) {
    const body = JSON.stringify({ ...data, session: this.session });
    const headers = { "Content-Type": "application/json" };
    return ask(path, { method: "POST", body, headers, longest: 10000 }, this.session);
  }

  code(text) { return this.#post("/kiosk/code", { text }); }

  find(letters) { return this.#post("/kiosk/find", { letters }); }

  pin(who, pin) { return this.#post("/kiosk/pin", { ...who, pin }); }
}
