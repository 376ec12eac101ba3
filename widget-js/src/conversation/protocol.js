/** The wire, without I/O: what the server may say, and what we say. */

/** @import { Contact, Frame, Rating } from "../types.js" */

export const V2 = "loquent.v2";
export const MAX_CHARS = 4000;

/** What each frame must at least hold, by example. @type {{ [type: string]: { [field: string]: unknown } }} */
const SHAPES = {
  // @ts-expect-error no frame is called "constructor"
  __proto__: null,
  session: { session_token: "" },
  history: { messages: [] },
  ack: { client_message_id: "" },
  typing_start: {},
  delta: { offset: 0, content: "" },
  message: { content: "" },
  typing_stop: {},
  contact_info_saved: {},
  feedback_saved: {},
  error: { message: "" },
  pong: {},
};

/** @param {unknown} value */
const kindOf = (value) => (Array.isArray(value) ? "list" : typeof value);

/** @param {any} raw @param {{ [field: string]: unknown }} shape */
const fits = (raw, shape) =>
  !!raw && Object.keys(shape).every((field) => kindOf(raw[field]) === kindOf(shape[field]));

/** @param {any} raw a message, of base or of v2 */
const toMessage = (raw) => ({
  role: "assistant",
  id: null,
  seq: null,
  status: "complete",
  ...raw,
  sources:
    kindOf(raw.sources) === "list"
      ? raw.sources.filter((/** @type {any} */ each) => fits(each, { url: "" }))
      : [],
});

/** @param {any} raw a session; what is optional is left out where it is not what we know */
const toSession = (raw) => ({
  ...raw,
  starters: [raw.starters].flat().filter((text) => text && typeof text === "string"),
  notice: fits(raw.notice, { text: "" }) ? raw.notice : null,
});

/**
 * Reads one server frame. What is not a known frame gives null: a newer server must not break us.
 * @param {unknown} data
 * @returns {Frame | null}
 */
export function parseFrame(data) {
  try {
    const raw = JSON.parse(/** @type {string} */ (data));
    if (!fits(raw, { type: "" }) || !fits(raw, SHAPES[raw.type])) return null;
    if (raw.type === "message") return toMessage(raw);
    if (raw.type === "session") return toSession(raw);
    if (raw.type !== "history") return raw;
    const messages = raw.messages.filter((/** @type {any} */ each) => fits(each, SHAPES.message));
    return { complete: true, ...raw, messages: messages.map(toMessage) };
  } catch {
    return null;
  }
}

export const frames = {
  /** @param {string} content @param {string} [cid] */
  message: (content, cid) => ({
    type: "message",
    content,
    ...(cid ? { client_message_id: cid } : {}),
  }),
  /** @param {Contact} contact */
  contactInfo: (contact) => ({ ...contact, type: "contact_info" }),
  stop: () => ({ type: "stop" }),
  /** @param {string} messageId an answer, or what the server called one that never came */
  regenerate: (messageId) => ({ type: "regenerate", message_id: messageId }),
  /** @param {string} messageId @param {Rating} rating @param {string} [comment] */
  feedback: (messageId, rating, comment) => ({
    ...{ type: "feedback", message_id: messageId, rating },
    ...(comment ? { comment } : {}),
  }),
  newConversation: () => ({ type: "new_conversation" }),
  ping: () => ({ type: "ping" }),
};

/**
 * The entries of the subprotocol header; a token that could not stand there is left out.
 * @param {string | null} token
 */
export const subprotocols = (token) =>
  token && /^[\w.~-]{1,512}$/.test(token) ? [V2, `loquent.token.${token}`] : [V2];

/** A new idempotency key. @param {Crypto} crypto */
export const newMessageId = (crypto) => `c_${crypto.getRandomValues(new Uint32Array(4)).join("_")}`;

/** How many code points the server will count in this text. @param {string} content */
export const lengthOf = (content) => [...content.trim().normalize()].length;
