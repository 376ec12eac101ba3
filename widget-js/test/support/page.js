/** A page with a script tag, and a clock, network and sockets that the test controls. */

import { JSDOM } from "jsdom";
import * as chatRuntime from "../../src/chat-runtime.js";
import { boot } from "../../src/embed/boot.js";
import { createChunks } from "../../src/embed/chunks.js";
import * as more from "../../src/more.js";
import { createClock } from "./clock.js";
import { fakeWebSocket, session } from "./socket.js";

export const CONFIG = {
  name: "Acme Support",
  greeting: "Hi, how can I help?",
  primary_color: "#6366f1",
  text_color: "#ffffff",
  position: "bottom_right",
  contact_info_mode: "none",
  collect_name: true,
  collect_email: true,
  collect_phone: true,
};

export const settle = () => new Promise((done) => setImmediate(done));

/** Wait for what takes as long as the disk does. */
export async function until(condition) {
  for (const end = Date.now() + 20_000; !condition() && Date.now() < end; ) await settle();
}

const moduleOf = (name) =>
  ({ chat: chatRuntime, more })[name] ??
  import(`../../src/locales/${name.replace(/[^\w-]/g, "")}.js`);

const ROLES = {
  button: "button",
  dialog: "[role=dialog]",
  log: "[role=log]",
  status: "[role=status]",
  alert: "[role=alert]",
  textbox: "textarea, input",
};

export function openPage({
  config = {},
  local = {},
  tab = {},
  media = {},
  answers = {},
  html = "",
  fetchChunk = async (_base, name) => moduleOf(name),
} = {}) {
  const dom = new JSDOM(`<!doctype html><html lang="en"><body>${html}</body></html>`, {
    url: "https://shop.example/",
    pretendToBeVisual: true,
  });
  const win = dom.window;
  const clock = createClock();
  const sockets = [];
  const requests = [];
  const errors = [];
  const warnings = [];
  const queries = [];
  Object.assign(win, {
    WebSocket: fakeWebSocket(sockets),
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
    requestAnimationFrame: clock.requestAnimationFrame,
    cancelAnimationFrame: clock.cancelAnimationFrame,
    reportError: (error) => errors.push(error),
    CSSStyleSheet: class {
      replaceSync() {}
    },
    matchMedia: (query) => ({
      get matches() {
        return Object.entries(media).some(([part, on]) => on && query.includes(part));
      },
      addEventListener: (_, listener) => queries.push(listener),
      removeEventListener: (_, listener) => queries.splice(queries.indexOf(listener), 1),
    }),
    // Asked if the page's own `fetch` fails.
    XMLHttpRequest: class {
      status = 0;
      open() {}
      send() {
        this.onloadend();
      }
    },
    fetch: async (url, { signal, ...init }) => {
      requests.push({ url, ...init });
      const kind = url.endsWith("/config") ? "config" : "embed";
      const answer = kind in answers ? answers[kind] : { status: 200 };
      // Only the signal ends a request that is not answered.
      if (answer === "never")
        await new Promise((_, fail) => {
          signal.onabort = () => fail(signal.reason);
        });
      if (!answer) throw new TypeError("Failed to fetch");
      return {
        ok: answer.status === 200,
        status: answer.status,
        json: async () => ({ ...CONFIG, ...config }),
      };
    },
  });
  win.ShadowRoot.prototype.adoptedStyleSheets = [];
  win.Math.random = () => 0.5;
  win.console.warn = (text) => warnings.push(text);
  Object.defineProperty(win, "crypto", { value: globalThis.crypto });
  for (const [key, value] of Object.entries(local)) win.localStorage.setItem(key, value);
  for (const [key, value] of Object.entries(tab)) win.sessionStorage.setItem(key, value);

  // The style sheet shows the header's close button only if the panel covers the launcher.
  const inSight = (each) =>
    !each.closest("[hidden]") && !each.matches(media["max-width"] ? ".open .launcher" : ".cross");

  const chunks = createChunks(fetchChunk);
  const page = {
    win,
    chunks,
    clock,
    sockets,
    requests,
    errors,
    warnings,
    /** Current listeners of media queries. */
    queries,
    /** Make the window narrow or wide. */
    narrow(on) {
      media["max-width"] = on;
      for (const listener of [...queries]) listener({ matches: on });
    },
    get socket() {
      return sockets[sockets.length - 1];
    },
    get hosts() {
      return [...win.document.querySelectorAll("loquent-widget")];
    },
    get root() {
      return page.hosts[0]?.shadowRoot;
    },
    /** Add a script tag; `cold`: only the first file is loaded yet. */
    async embed(id = "wid_one", data = {}, { cold = false } = {}) {
      if (!cold)
        for (const name of ["chat", "more"]) await chunks.load("https://chat.example", name);
      const script = win.document.createElement("script");
      script.type = "text/plain";
      script.src = "https://chat.example/api/widget/embed.js";
      Object.assign(script.dataset, { widget: id, ...data });
      win.document.head.append(script);
      Object.defineProperty(win.Document.prototype, "currentScript", {
        value: script,
        configurable: true,
      });
      boot(win, chunks);
      Object.defineProperty(win.Document.prototype, "currentScript", {
        value: null,
        configurable: true,
      });
      await settle();
    },
    /** Return the visible elements with a role and an accessible name. */
    all(role, name) {
      return [...(page.root?.querySelectorAll(ROLES[role]) ?? [])].filter(
        (each) => inSight(each) && (name === undefined || nameOf(each) === name),
      );
    },
    get(role, name) {
      const found = page.all(role, name);
      if (found.length !== 1) throw new Error(`${found.length} elements: ${role} "${name ?? ""}"`);
      return found[0];
    },
    text: (role) =>
      page
        .all(role)
        .map((each) => each.textContent)
        .join("|"),
    draw: () => clock.tick(200),
    click(name) {
      page.get("button", name).click();
      page.draw();
    },
    type(name, value) {
      const field = page.get("textbox", name);
      field.value = value;
      field.dispatchEvent(new win.Event("input", { bubbles: true }));
      return field;
    },
    key(target, key, more = {}) {
      const event = new win.KeyboardEvent("keydown", {
        ...{ key, bubbles: true, composed: true, cancelable: true },
        ...more,
      });
      target.dispatchEvent(event);
      page.draw();
      return event;
    },
    /** Type a message and press Enter. */
    write(text) {
      page.key(page.type("Message", text), "Enter");
    },
    /** Open the panel and accept the handshake. */
    start(frame = {}, ...more) {
      page.click("Open chat");
      page.socket.accept().say(session(frame), ...more);
      page.draw();
      return page.socket;
    },
    /** The texts of the bubbles in the log. */
    get lines() {
      const lines = page.get("log").querySelectorAll(".line:not(.growing)");
      return [...lines].map((each) => each.querySelector(".bubble").textContent);
    },
    go(online) {
      Object.defineProperty(win.navigator, "onLine", { value: online, configurable: true });
      win.dispatchEvent(new win.Event(online ? "online" : "offline"));
      page.draw();
    },
  };
  return page;
}

/** Return an element's accessible name, by the rules that our markup needs. */
export function nameOf(element) {
  const label = element.getAttribute("aria-label");
  if (label) return label;
  const root = element.getRootNode();
  const by = element.getAttribute("aria-labelledby");
  if (by) return root.getElementById(by).textContent;
  const tied = element.id && root.querySelector(`label[for="${element.id}"]`);
  return (tied || element).textContent;
}
