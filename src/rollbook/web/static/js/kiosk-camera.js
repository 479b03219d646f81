// The camera: opened, watched, and opened again when it goes away, freezes or wakes from sleep.

const WIDTH = 640;
const QUALITY = 0.7;
const FROZEN = 4000; // milliseconds without a new picture
const AGAIN = 2500;

// What is wrong, as the codes of the page's texts; empty while pictures come.
function troubleOf(error) {
  if (["NotAllowedError", "SecurityError"].includes(error.name)) return "refused";
  if (["NotFoundError", "OverconstrainedError"].includes(error.name)) return "no_camera";
  return "taken";
}

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.trouble = "starting";
    this.stream = null;
    this.opening = false;
    this.shownAt = 0;
    this.triedAt = -AGAIN;
    navigator.mediaDevices?.addEventListener("devicechange", () => { this.triedAt = -AGAIN; });
    this.#count();
  }

  // Note when a new picture came, so that one that stands still is noticed.
  #count() {
    const video = this.video;
    if ("requestVideoFrameCallback" in video) {
      const next = () => { this.shownAt = performance.now(); video.requestVideoFrameCallback(next); };
      video.requestVideoFrameCallback(next);
    } else {
      video.addEventListener("timeupdate", () => { this.shownAt = performance.now(); });
    }
  }

  // Return whether there are pictures; starts what is needed, and never waits for long.
  async ready() {
    if (!navigator.mediaDevices?.getUserMedia) {
      this.trouble = "insecure";
      return false;
    }
    if (this.#alive()) return true;
    const now = performance.now();
    if (!this.opening && now - this.triedAt >= AGAIN) {
      this.triedAt = now;
      this.close();
      await this.#open();
    }
    return this.#alive();
  }

  #alive() {
    const track = this.stream?.getVideoTracks()[0];
    if (!track || track.readyState !== "live" || this.video.videoWidth === 0) return false;
    if (performance.now() - this.shownAt > FROZEN) {
      this.trouble = "unplugged";
      return false;
    }
    return true;
  }

  async #open() {
    this.opening = true;
    try {
      const video = { width: { ideal: WIDTH }, height: { ideal: 480 }, facingMode: "user" };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      const [track] = this.stream.getVideoTracks();
      track.addEventListener("ended", () => { this.trouble = "unplugged"; this.triedAt = -AGAIN; });
      this.video.srcObject = this.stream;
      await this.video.play();
      this.shownAt = performance.now();
      this.trouble = "";
    } catch (error) {
      this.trouble = troubleOf(error);
    } finally {
      this.opening = false;
    }
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  get size() {
    return [this.canvas.width, this.canvas.height];
  }

  // Return what the camera shows now as a JPEG picture of at most 640 pixels.
  picture() {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, WIDTH / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
    }
    this.canvas.getContext("2d", { alpha: false }).drawImage(this.video, 0, 0, width, height);
    return new Promise((resolve) => { this.canvas.toBlob(resolve, "image/jpeg", QUALITY); });
  }
}
