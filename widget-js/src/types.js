/**
 * The shapes that more than one module speaks of. No code lives here.
 *
 * @typedef {Window & typeof globalThis} Win
 *
 * @typedef {{
 *   name: string, greeting: string, primary_color: string, text_color: string,
 *   position: "bottom_right" | "bottom_left",
 *   contact_info_mode: "none" | "optional" | "required",
 *   collect_name: boolean, collect_email: boolean, collect_phone: boolean,
 * }} Config
 *
 * @typedef {{ title: string, url: string }} Source
 * @typedef {"up" | "down" | null} Rating
 * @typedef {{ name?: string, email?: string, phone?: string }} Contact
 *
 * @typedef {{
 *   key: string, id: string | null, seq: number, role: string, content: string,
 *   status: string, sources: Source[], feedback: Rating,
 * }} Message A line of the transcript. `seq` is a half number for lines that only this page knows.
 *
 * @typedef {{
 *   cid: string, content: string, sent?: boolean, held?: boolean, busy?: boolean, tries?: number,
 *   failed?: string,
 * }} Pending A message without an ack. While it is `held` it waits for another try.
 *
 * @typedef {{ id: string | null, text: string, done: boolean, stopping: boolean }} Turn
 *
 * @typedef {{ [name: string]: any, type: string }} Frame
 * @typedef {"idle" | "connecting" | "open" | "waiting" | "asleep" | "stopped"} Link
 *
 * @typedef {{
 *   open: boolean, link: Link, reason: string, offline: boolean, lost: boolean,
 *   v2: boolean, token: string | null, ready: boolean,
 *   messages: Message[], outbox: Pending[], turn: Turn | null, whole: boolean,
 *   submitted: boolean | null, contact: Contact | null, contactError: string, thanked: boolean,
 *   alert: string, unread: number, replays: number,
 * }} State
 *
 * @typedef {{
 *   get(name: string): string | null, set(name: string, value: string | null): void,
 * }} Box
 * @typedef {{ local: Box, tab: Box }} Storage
 *
 * @typedef {{
 *   win: Win, doc: Document, h: import("./view/dom.js").H, words: import("./words.js").Words,
 *   config: Config, actions: Actions,
 * }} View What every part of the view works with.
 *
 * @typedef {{
 *   win: Win, doc: Document, h: import("./view/dom.js").H, base: string, id: string,
 *   config: Config, storage: Storage, options: { [name: string]: string | undefined },
 *   stage: import("./stage.js").Stage, launcher: Launcher,
 *   emit(name: string, detail?: any): void,
 * }} Shell What the first file hands to the second.
 *
 * @typedef {ReturnType<typeof import("./view/launcher.js").createLauncher>} Launcher
 *
 * @typedef {{
 *   open(focuses: boolean): void, close(): void, toggle(focuses: boolean): void,
 *   send(text: string): void, prefill(text: string): void, identify(contact: Contact): void,
 *   reset(): void, setWords(words: import("./words.js").Words): void, destroy(): void,
 * }} Room What the second file makes of it: the chat.
 *
 * @typedef {{
 *   get(base: string, name: string): any, load(base: string, name: string): Promise<any>,
 * }} Loader
 *
 * @typedef {{
 *   open(): void, close(): void, send(text: string): boolean, retry(cid: string): void,
 *   edit(cid: string): string, stop(): void, rate(id: string, rating: Rating): void,
 *   restart(): void, submit(contact: Contact): void, touch(): void,
 * }} Actions What the view may ask for.
 */
export {};
