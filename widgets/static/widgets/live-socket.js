"use strict";
// A staff page's socket, which reconnects by itself.

const LOQUENT_MAX_DELAY = 30_000;

/**
 * Opens the socket at `path`. `take(frame)` gets each frame; `say(kind, words)` what to show of the
 * connection; `lost()` runs when it is interrupted; `gone` is what to say once access has ended.
 */
function loquentSocket({ path, take, say, lost, gone }) {
  let attempt = 0;
  let timer = 0;
  let isOver = false;
  let socket;

  function open() {
    clearTimeout(timer);
    const url = new URL(path, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const current = new WebSocket(url);
    socket = current;
    current.onmessage = (event) => {
      const frame = JSON.parse(event.data);
      if (frame.type === "live") {
        attempt = 0;
        say("live", "Live");
      }
      take(frame);
    };
    current.onclose = (event) => {
      if (socket !== current) return;
      lost();
      if (event.code === 4403) {
        isOver = true;
        say("ended", gone);
        return;
      }
      say("away", "Reconnecting…");
      // Full jitter, and after a restart within five seconds at random.
      const most = event.code === 1012 ? 5_000 : Math.min(LOQUENT_MAX_DELAY, 1_000 * 2 ** attempt);
      attempt += 1;
      timer = setTimeout(open, Math.random() * most);
    };
  }

  const again = () => {
    if (socket.readyState === WebSocket.CLOSED && !isOver) open();
  };
  addEventListener("online", again);
  addEventListener("pageshow", again);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) again();
  });

  say("away", "Connecting…");
  open();
  return {
    /** Sends a frame if the socket is open; returns whether it is. */
    send(frame) {
      const isOpen = socket.readyState === WebSocket.OPEN;
      if (isOpen) socket.send(JSON.stringify(frame));
      return isOpen;
    },
  };
}
