"use strict";
// How the inbox calls: the number in the title and on the icon, a sound, and a desktop notification.

const inboxAlerts = (() => {
  const root = document.querySelector(".lq-inbox");
  const bell = root?.querySelector(".lq-bell");
  const ask = root?.querySelector(".lq-notify");
  const icon = document.querySelector("link[rel='icon']");
  const title = document.title;
  const SOUND = "loquent.sound";
  const FOCUS = "loquent.focus";
  const BEAT = 3_000;

  let isFirst = !navigator.locks;
  let audio;
  let count = 0;
  /** Conversations that have called; each calls once while its visitor waits. */
  const called = new Set();

  const wantsSound = () => localStorage.getItem(SOUND) !== "off";
  const sounds = () => audio?.state === "running";

  // --- number ---

  function show(number) {
    if (number === count) return;
    count = number;
    document.title = count ? `(${count}) ${title}` : title;
    if (navigator.setAppBadge) navigator.setAppBadge(count).catch(() => {});
    drawIcon();
  }

  const plain = icon?.href;

  async function drawIcon() {
    if (!icon) return;
    if (!count) {
      icon.href = plain;
      return;
    }
    const image = new Image();
    image.src = plain;
    try {
      await image.decode();
    } catch {
      return;
    }
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 64, 64);
    context.fillStyle = "#b42318";
    context.beginPath();
    context.arc(44, 44, 20, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#fff";
    context.font = "bold 28px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(count > 9 ? "9+" : String(count), 44, 46);
    if (count) icon.href = canvas.toDataURL("image/png");
  }

  // --- sound ---

  function drawBell() {
    const state = !wantsSound() ? "off" : sounds() ? "on" : "blocked";
    const words = { on: "Sound on", off: "Sound off", blocked: "Sound blocked" }[state];
    bell.dataset.state = state;
    bell.setAttribute("aria-pressed", String(state === "on"));
    bell.querySelector("span").textContent = words;
    bell.lastElementChild.textContent = state === "blocked" ? ": click to allow it" : "";
    bell.title = state === "blocked" ? "Click to allow it" : "";
  }

  /** Browsers allow sound only after a click or a key on the page. */
  async function unlock() {
    if (!wantsSound() || sounds()) return;
    audio ??= new AudioContext();
    audio.onstatechange = drawBell;
    await audio.resume().catch(() => {});
    drawBell();
  }

  function ring() {
    if (!wantsSound() || !sounds()) return;
    for (const [at, frequency] of [[0, 660], [0.16, 880]]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency;
      const start = audio.currentTime + at;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.2, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.32);
    }
  }

  // --- notification ---

  /** Whether this or another tab of the inbox has the focus. */
  function isSeen() {
    return document.hasFocus() || Date.now() - Number(localStorage.getItem(FOCUS)) < 2 * BEAT;
  }

  function noteFocus() {
    if (document.hasFocus()) localStorage.setItem(FOCUS, String(Date.now()));
  }

  function notify(id) {
    if (isSeen() || !("Notification" in window) || Notification.permission !== "granted") return;
    try {
      const shown = new Notification("A visitor is waiting", { body: "Open the inbox to answer.", tag: id });
      shown.onclick = () => {
        window.focus();
        onOpen(id);
        shown.close();
      };
    } catch {
      // Phones show notifications only from a service worker.
    }
  }

  let onOpen = () => {};

  function call(id) {
    if (!isFirst) return;
    ring();
    notify(id);
  }

  function drawAsk() {
    ask.hidden = !("Notification" in window) || Notification.permission !== "default";
  }

  function start({ open }) {
    onOpen = open;
    // One tab rings for all of them.
    navigator.locks?.request("loquent.alerts", () => {
      isFirst = true;
      return new Promise(() => {});
    });
    bell.addEventListener("click", async () => {
      const wasBlocked = wantsSound() && !sounds();
      if (!wasBlocked) localStorage.setItem(SOUND, wantsSound() ? "off" : "on");
      await unlock();
      drawBell();
      ring();
    });
    ask.addEventListener("click", async () => {
      await Notification.requestPermission();
      drawAsk();
    });
    for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, unlock, { capture: true });
    addEventListener("focus", noteFocus);
    addEventListener("blur", () => localStorage.removeItem(FOCUS));
    setInterval(noteFocus, BEAT);
    noteFocus();
    drawBell();
    drawAsk();
  }

  return {
    start,
    show,
    /** Calls for a conversation that waits for the team, or for this member: once per wait. */
    changed({ id, waiting, handler, assignee, status }, own) {
      const isOurs = handler === "team" || (handler === "person" && own.has(assignee));
      if (!waiting || !isOurs || status !== "open") called.delete(id);
      else if (!called.has(id)) {
        called.add(id);
        call(id);
      }
    },
  };
})();
