/** The wire protocol without I/O: parse server frames, build client frames. */

/** @import { Contact, Frame, Rating } from "../types.js" */

export const V2 = "loquent.v2";

/** The fields that each frame needs, with an example value of their type. @type {{ [type: string]: { [field: string]: unknown } }} */
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
  conversation: { handler: "" },
  staff_typing: { name: "" },
  reply_email_saved: {},
  survey_saved: {},
  error: { message: "" },
  pong: {},
};

/** @param {unknown} value */
const kindOf = (value) => (Array.isArray(value) ? "list" : typeof value);

/** @param {any} raw @param {{ [field: string]: unknown }} shape */
const fits = (raw, shape) =>
  !!raw && Object.keys(shape).every((field) => kindOf(raw[field]) === kindOf(shape[field]));

/** Return the items of a list that have a shape. @param {any} list @param {{ [field: string]: unknown }} shape */
const itemsOf = (list, shape) =>
  kindOf(list) === "list" ? list.filter((/** @type {any} */ each) => fits(each, shape)) : [];

/** @param {any} raw a message, of base or of v2 */
const toMessage = (raw) => ({
  role: "assistant",
  id: null,
  seq: null,
  status: "complete",
  ...raw,
  sources: itemsOf(raw.sources, { url: "" }),
  choices: itemsOf(raw.choices, { title: "", message: "" }),
});

/** @param {any} raw a session; optional fields of an unknown form are dropped */
const toSession = (raw) => ({
  ...raw,
  starters: [raw.starters].flat().filter((text) => text && typeof text === "string"),
  notice: fits(raw.notice, { text: "" }) ? raw.notice : null,
});

/**
 * Parse one server frame. Return null for unknown frames, which a newer server may send.
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
  /** @param {string} messageId @param {Rating} rating @param {string} [comment] */
  feedback: (messageId, rating, comment) => ({
    ...{ type: "feedback", message_id: messageId, rating },
    ...(comment ? { comment } : {}),
  }),
  ping: () => ({ type: "ping" }),
};

/**
 * Return the entries of the subprotocol header, without a token that is not valid there.
 * @param {string | null} token
 */
export const subprotocols = (token) =>
  token && /^[\w.~-]{1,512}$/.test(token) ? [V2, `loquent.token.${token}`] : [V2];

/** Return a new idempotency key. @param {Crypto} crypto */
export const newMessageId = (crypto) => `c_${crypto.getRandomValues(new Uint32Array(4)).join("_")}`;
