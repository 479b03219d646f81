// Short sounds, so that nobody has to look at the screen: another one for each kind of answer.

const TONES = {
  good: [[660, 0, 0.12], [990, 0.11, 0.22]],
  late: [[660, 0, 0.12], [660, 0.15, 0.2]],
  known: [[520, 0, 0.09]],
  ask: [[780, 0, 0.09], [780, 0.13, 0.09]],
  bad: [[300, 0, 0.18], [220, 0.17, 0.3]],
};
const KEPT = "kiosk-sound";

export class Sound {
  constructor() {
    this.on = window.localStorage.getItem(KEPT) !== "off";
    this.context = null;
    // browsers let a page make sounds only after it was touched
    window.addEventListener("pointerdown", () => this.#ready(), { passive: true });
    window.addEventListener("keydown", () => this.#ready());
  }

  #ready() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") this.context.resume();
    return this.context;
  }

  toggle() {
    this.on = !this.on;
    window.localStorage.setItem(KEPT, this.on ? "on" : "off");
    if (this.on) this.play("known");
  }

  play(kind) {
    if (!this.on || !(kind in TONES)) return;
    const context = this.#ready();
    if (context.state !== "running") return;
    for (const [pitch, after, length] of TONES[kind]) {
      const start = context.currentTime + after;
      const tone = new OscillatorNode(context, { type: "sine", frequency: pitch });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.22, start + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.001, start + length);
      tone.connect(volume).connect(context.destination);
      tone.start(start);
      tone.stop(start + length + 0.02);
    }
  }
}
