"use strict";
// The page in the preview's frame: it embeds the real widget by its script tag, and answers for the
// server with the settings that the form sends. It knows the tag, /config, the documented frames of
// the socket and window.Loquent; nothing of the widget's inside.
{
  const { embed, id } = document.currentScript.dataset;
  const here = window.location.origin;
  const isFramed = window.parent !== window;
  let settings = null;
  let isTouched = false;

  // The form is being typed in: until somebody turns to the preview it must not take the focus.
  const focus = HTMLElement.prototype.focus;
  HTMLElement.prototype.focus = function (...args) {
    if (isTouched) focus.apply(this, args);
  };
  for (const kind of ["pointerdown", "keydown"]) {
    window.addEventListener(kind, () => { isTouched = true; }, { capture: true });
  }

  const fetchIt = window.fetch.bind(window);
  window.fetch = (input, options) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input, here);
    if (!pathname.endsWith(`/${id}/config`)) return fetchIt(input, options);
    return Promise.resolve(Response.json(settings));
  };

  const ANSWER = "This is the preview. Your visitors get the assistant's answers here.";
  let number = 0;

  class PreviewSocket extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;

    constructor(url, protocols = []) {
      super();
      this.url = String(url);
      this.protocol = [protocols].flat()[0] ?? "";
      this.readyState = 0;
      this.bufferedAmount = 0;
      this.binaryType = "blob";
      setTimeout(() => {
        this.readyState = 1;
        this.tell(new Event("open"));
        this.frame({
          type: "session", session_token: "wst_preview", contact_info_submitted: false,
          resumed: false, starters: settings.starters ?? [], notice: settings.notice ?? null,
        });
      });
    }

    tell(event) {
      this[`on${event.type}`]?.(event);
      this.dispatchEvent(event);
    }

    frame(data) {
      if (this.readyState === 1) this.tell(new MessageEvent("message", { data: JSON.stringify(data) }));
    }

    send(text) {
      const frame = JSON.parse(text);
      if (frame.type === "ping") this.frame({ type: "pong" });
      if (frame.type === "contact_info") this.frame({ type: "contact_info_saved" });
      if (frame.type !== "message") return;
      const created_at = new Date().toISOString();
      const message_id = crypto.randomUUID();
      this.frame({
        type: "ack", client_message_id: frame.client_message_id ?? null,
        id: crypto.randomUUID(), seq: ++number, created_at,
      });
      this.frame({ type: "typing_start", message_id });
      setTimeout(() => {
        this.frame({
          type: "message", role: "assistant", content: ANSWER, id: message_id, seq: ++number,
          created_at, status: "complete", sources: [],
        });
        this.frame({ type: "typing_stop" });
      }, 600);
    }

    close(code = 1000) {
      if (this.readyState === 3) return;
      this.readyState = 3;
      setTimeout(() => this.tell(new CloseEvent("close", { code, wasClean: true })));
    }
  }
  window.WebSocket = PreviewSocket;

  function show({ config, theme }) {
    settings = config;
    document.documentElement.dataset.scheme = theme;
    // What an earlier preview left behind would come back as a conversation.
    for (const storage of [localStorage, sessionStorage]) {
      for (const key of Object.keys(storage)) {
        if (key.startsWith("loquent:") && key.includes(id)) storage.removeItem(key);
      }
    }
    window.Loquent = window.Loquent ?? [];
    window.Loquent.push(["setTheme", theme], ["open"]);
    const script = document.createElement("script");
    script.src = embed;
    script.dataset.widget = id;
    // The form takes the old frame away once the new one has drawn.
    script.onload = () => setTimeout(() => window.parent.postMessage({ type: "shown" }, here), 250);
    document.body.append(script);
  }

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== here || settings) return;
    if (event.data?.type === "show") show(event.data);
  });
  if (isFramed) window.parent.postMessage({ type: "ready" }, here);
}
