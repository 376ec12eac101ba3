/** Play two tones, synthesized by the browser, when an answer arrives out of sight. */

/** @import { WidgetContext } from "../types.js" */

const TONES = [660, 880];
const GAP = 0.12;
const LENGTH = 0.3;
/** Milliseconds: how long a tab waits at most for another one to show the answer or play first. */
const SPREAD = 300;

/** @typedef {ReturnType<typeof createSound>} Sound */

/** @param {WidgetContext} context */
export function createSound({ win, storage: { local }, options }) {
  /** @type {AudioContext | null} */
  let audio = null;
  let timer = 0;

  const isOn = () => (local.get("sound") ?? options.sound) !== "off";

  function play() {
    // Without a user gesture the sound would be delayed until it is pointless.
    if (win.navigator.userActivation?.hasBeenActive === false) return;
    try {
      audio ??= new win.AudioContext();
      audio.resume().catch(() => {});
      const { destination, currentTime } = audio;
      TONES.forEach((pitch, index) => {
        const at = currentTime + index * GAP;
        const tone = /** @type {AudioContext} */ (audio).createOscillator();
        const volume = /** @type {AudioContext} */ (audio).createGain();
        tone.frequency.value = pitch;
        volume.gain.setValueAtTime(0.1, at);
        volume.gain.exponentialRampToValueAtTime(0.001, at + LENGTH);
        tone.connect(volume).connect(destination);
        tone.start(at);
        tone.stop(at + LENGTH);
      });
    } catch {}
  }

  return {
    isOn,
    toggle: () => local.set("sound", isOn() ? "off" : "on"),

    /** An answer arrived: play in one tab only, and in none if one of them shows it.
     * @param {string} id @param {boolean} seen */
    onAnswer(id, seen) {
      win.clearTimeout(timer);
      if (seen) local.set("heard", id);
      else {
        timer = win.setTimeout(() => {
          if (local.get("heard") === id) return;
          local.set("heard", id);
          if (isOn()) play();
        }, win.Math.random() * SPREAD);
      }
    },

    destroy() {
      win.clearTimeout(timer);
      audio?.close().catch(() => {});
      audio = null;
    },
  };
}
