// Names by initials, and the PIN: by touch, by keyboard, and by ear.

import { Later, Revoked } from "./kiosk-link.js";
import { moodOf } from "./kiosk-screen.js";

const byId = (id) => document.getElementById(id);
const IDLE = 40000; // milliseconds after which the pad closes by itself
const STAYS = 1600; // that the answer can be read

export class Pad {
  constructor(link, screen, sound, { revoked }) {
    Object.assign(this, { link, screen, sound, revoked });
    this.dialog = byId("pad");
    this.who = null; // {subject} or {claim}
    this.busy = false;
    byId("pad-form").addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    byId("pad-close").addEventListener("click", () => this.close());
    byId("keys").addEventListener("click", (event) => this.#key(event.target.closest("button")));
    byId("pin").addEventListener("input", () => { byId("pin").value = byId("pin").value.replace(/\D/gu, ""); });
    this.dialog.addEventListener("input", () => this.#stayAwake());
    this.dialog.addEventListener("click", () => this.#stayAwake());
    this.dialog.addEventListener("close", () => { clearTimeout(this.idle); this.#clear(); });
  }

  get open() {
    return this.dialog.open;
  }

  // Ask for initials first.
  find() {
    this.#clear();
    byId("pad-find").hidden = false;
    byId("pad-pin").hidden = true;
    this.#show();
    byId("letters").focus();
  }

  // Ask for the PIN of somebody who was recognised.
  claim(said) {
    this.#clear();
    this.#askPin({ claim: said.claim }, said.name);
    this.#show();
    byId("pin").focus();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  #show() {
    if (!this.dialog.open) this.dialog.showModal();
    this.#stayAwake();
  }

  #stayAwake() {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.close(), IDLE);
  }

  #clear() {
    this.who = null;
    byId("letters").value = "";
    byId("pin").value = "";
    byId("found").replaceChildren();
    this.#said("", "");
  }

  #said(text, mood) {
    byId("pad-said").textContent = text;
    byId("pad-said").className = `pad-said ${mood}`;
  }

  #askPin(who, name) {
    this.who = who;
    byId("pad-find").hidden = true;
    byId("pad-pin").hidden = false;
    byId("pad-name").textContent = name;
    byId("pin").value = "";
  }

  #key(button) {
    if (!button || button.type === "submit") return;
    const pin = byId("pin");
    if (button.id === "erase") pin.value = pin.value.slice(0, -1);
    else if (pin.value.length < pin.maxLength) pin.value += button.dataset.digit;
  }

  async #submit() {
    if (this.busy) return;
    this.busy = true;
    try {
      await (this.who ? this.#tryPin() : this.#search());
    } catch (error) {
      if (error instanceof Revoked) this.revoked();
      else if (error instanceof Later) this.#said(this.screen.texts.state[error.trouble], "bad");
      else throw error;
    } finally {
      this.busy = false;
    }
  }

  async #search() {
    const found = await this.link.find(byId("letters").value);
    const { state } = this.screen.texts;
    byId("found").replaceChildren(...found.people.map((person) => this.#choice(person)));
    if (found.wait > 0) this.#said(this.screen.words({ notice: "wait", wait: found.wait }).text, "bad");
    else if (found.too_short) this.#said(state.too_short, "");
    else if (found.people.length === 0) this.#said(state.no_match, "");
    else this.#said(found.more ? state.more : "", "");
    byId("found").querySelector("button")?.focus();
  }

  #choice({ id, name }) {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => {
      this.#said("", "");
      this.#askPin({ subject: id }, name);
      byId("pin").focus();
    });
    row.append(button);
    return row;
  }

  async #tryPin() {
    const pin = byId("pin").value;
    if (!pin) return;
    const said = await this.link.pin(this.who, pin);
    const { text, more } = this.screen.words(said);
    const mood = moodOf(said.notice);
    this.#said(`${text} ${more}`.trim(), mood);
    this.sound.play(mood === "look" ? "known" : mood);
    byId("pin").value = "";
    if (["pin_wrong", "wait", "saving"].includes(said.notice)) {
      byId("pin").focus();
      return;
    }
    if (mood === "good" || mood === "late") this.screen.say(said);
    setTimeout(() => this.close(), mood === "bad" ? 2 * STAYS : STAYS);
  }
}
