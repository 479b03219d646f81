// What people see: boxes around faces, cards with words, the clock, and what is wrong.

const SVG = "http://www.w3.org/2000/svg";
const KEPT = 3500; // milliseconds that an answer stays after its face went away
const ENOUGH = 1200; // milliseconds after which it yields to the next face, which it is not about
const MOODS = {
  marked: "good", late: "late", seen: "good", left: "good", already: "good",
  looking: "look", unknown: "bad", refused: "look", pin_needed: "ask", saving: "look",
};
const SIGNS = { good: "✓", late: "◷", bad: "✕", ask: "?", look: "…", idle: "" };

export const moodOf = (notice) => MOODS[notice] ?? "bad";

const byId = (id) => document.getElementById(id);

export function fill(text, values) {
  return (text ?? "").replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

export class Screen {
  constructor(texts) {
    this.texts = texts;
    this.shown = new Map(); // key -> {said, since, until}
    this.zone = document.body.dataset.zone;
    this.clock = new Intl.DateTimeFormat(document.documentElement.dataset.formats, { hour: "2-digit", minute: "2-digit", timeZone: this.zone });
    this.offset = 0; // what this device's clock is behind the server's
    this.spoken = "";
    this.session = null; // whether a session takes marks; null: not known yet
    this.prompt = "";
    setInterval(() => this.tick(), 500);
    this.tick();
  }

  time(at) {
    return this.clock.format(new Date(at));
  }

  // The words for the next session of today.
  next(session) {
    const title = [session.title, session.group].filter(Boolean).join(" · ");
    return fill(this.texts.state.next, { title, time: this.time(session.starts) });
  }

  tick() {
    byId("clock").textContent = this.clock.format(new Date(Date.now() + this.offset));
    this.#cards();
  }

  // The words for what was said about one person: the sentence, and what to do.
  words(said) {
    const { notice, nameless, reason, state } = this.texts;
    const plain = said.name ? notice[said.notice] : (nameless[said.notice] ?? notice[said.notice]);
    const text = fill(plain, { name: said.name, seconds: Math.ceil(said.wait ?? 0) });
    let more = reason[said.reason] ?? "";
    if (said.notice === "unknown") more = `${more} ${state.instead}`.trim();
    return { text, more };
  }

  // Show an answer of the server; returns what is new in it, for sounds.
  show(answer, size) {
    this.offset = answer.now - Date.now();
    const fresh = [];
    const until = performance.now() + KEPT;
    const keep = (key, said) => {
      const kept = this.shown.get(key);
      const before = kept?.said;
      const since = kept?.since ?? performance.now();
      if (!before || before.notice !== said.notice || before.name !== said.name) fresh.push(said);
      this.shown.set(key, { said, since, until, left: said.box?.[0] ?? 0 });
    };
    for (const face of answer.faces) keep(`face ${face.track}`, face);
    if (answer.code) keep("code", answer.code);
    this.#drop(answer);
    this.#boxes(answer.faces, size);
    this.#session(answer);
    this.#cards();
    return fresh;
  }

  // Show what came of a PIN, without a picture.
  say(said) {
    this.shown.set("code", { said, until: performance.now() + KEPT, left: 0 });
    this.#cards();
  }

  // A face that is only being looked at needs no card once it is gone; nobody may take the words
  // for the one before as their own.
  #drop(answer) {
    const here = new Set(answer.faces.map((face) => `face ${face.track}`));
    const now = performance.now();
    for (const [key, { said, since }] of this.shown) {
      if (key === "code" || here.has(key)) continue;
      const passing = ["looking", "refused", "saving"].includes(said.notice);
      const followed = here.size > 0 && now - since >= ENOUGH;
      if (passing || followed) this.shown.delete(key);
    }
  }

  forget() {
    this.shown.clear();
    this.#boxes([], [640, 480]);
    this.#cards();
  }

  #boxes(faces, [width, height]) {
    const svg = byId("boxes");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const boxes = faces.map(({ box: [left, top, right, bottom], notice }) => {
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("class", moodOf(notice));
      rect.setAttribute("x", (1 - right) * width); // as in a mirror
      rect.setAttribute("y", top * height);
      rect.setAttribute("width", (right - left) * width);
      rect.setAttribute("height", (bottom - top) * height);
      return rect;
    });
    svg.replaceChildren(...boxes);
  }

  #session({ session, device }) {
    byId("title").textContent = device.room || device.name;
    const { times } = this.texts.state;
    byId("session").textContent = session
      ? [session.title, session.group, fill(times, { start: this.time(session.starts), end: this.time(session.ends) })]
        .filter(Boolean).join(" · ")
      : "";
  }

  // What is shown when nobody stands there; "code" while a code is waited for.
  setPrompt(name) {
    this.prompt = name;
    this.#cards();
  }

  #cards() {
    const now = performance.now();
    for (const [key, { until }] of this.shown) if (until < now) this.shown.delete(key);
    const said = this.#worthSaying();
    const cards = said.map((one) => this.#card(moodOf(one.notice), this.words(one)));
    const prompt = this.texts.state[this.prompt] ?? "";
    if (cards.length === 0 && prompt) cards.push(this.#card("idle", { text: prompt, more: "" }));
    const key = JSON.stringify(said.map((one) => [one.notice, one.name, one.reason])) + prompt;
    if (key === this.drawn) return;
    this.drawn = key;
    byId("cards").replaceChildren(...cards);
    byId("cards").classList.toggle("several", cards.length > 1);
    const moods = said.map((one) => moodOf(one.notice)).filter((mood) => mood !== "look");
    byId("stage").dataset.mood = moods[0] ?? "";
    this.#speak(said);
  }

  // What is settled, from left to right as in a mirror; else the one thing that goes on.
  #worthSaying() {
    const all = [...this.shown.values()].sort((a, b) => b.left - a.left).map((one) => one.said);
    const settled = all.filter((one) => moodOf(one.notice) !== "look");
    const helpful = all.filter((one) => one.notice === "refused" && one.reason);
    return settled.length > 0 ? settled.slice(0, 4) : [...helpful, ...all].slice(0, 1);
  }

  #card(mood, { text, more }) {
    const card = document.createElement("div");
    card.className = `said ${mood}`;
    const sign = document.createElement("span");
    sign.className = "sign";
    sign.setAttribute("aria-hidden", "true");
    sign.textContent = SIGNS[mood];
    const words = document.createElement("div");
    const line = document.createElement("p");
    line.className = "text";
    line.textContent = text;
    words.append(line);
    if (more) {
      const second = document.createElement("p");
      second.className = "more";
      second.textContent = more;
      words.append(second);
    }
    card.append(...(mood === "idle" ? [words] : [sign, words]));
    return card;
  }

  // For screen readers: what is settled, once.
  #speak(said) {
    const settled = said.filter((one) => !["looking", "saving"].includes(one.notice));
    const text = settled.map((one) => Object.values(this.words(one)).join(" ").trim()).join(" ");
    if (text === this.spoken) return;
    this.spoken = text;
    byId("live").textContent = text;
  }

  // What stands over the picture: something is wrong, or there is nothing to do.
  setTrouble(text, more = "") {
    byId("trouble").hidden = !text;
    if (byId("trouble-text").textContent !== text) byId("trouble-text").textContent = text;
    if (byId("trouble-more").textContent !== more) byId("trouble-more").textContent = more;
  }

  setLink(text) {
    const link = byId("link");
    if (link.textContent === text) return;
    link.textContent = text;
    link.classList.toggle("off", Boolean(text));
  }

  showGone() {
    byId("gone-text").textContent = this.texts.state.revoked;
    byId("gone").hidden = false;
  }
}
