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
 *   status: string, sources: Source[], feedback: Rating, comment?: string, ref?: string | null,
 *   type?: string, created_at?: string,
 * }} Message A line of the transcript. `seq` is a half number for lines that only this page knows;
 *   their `ref` is what the server calls the answer that failed. `type`: it came while we were here.
 *
 * @typedef {{
 *   cid: string, content: string, sent?: boolean, held?: boolean, busy?: boolean, tries?: number,
 *   failed?: string,
 * }} Pending A message without an ack. While it is `held` it waits for another try.
 *
 * @typedef {{ id: string | null, text: string, done: boolean, stopping: boolean }} Turn
 * @typedef {{ id: string, rating: Rating, comment?: string, sent?: boolean }} Opinion
 *   What the server is still to hear about an answer.
 * @typedef {{ text: string, url: string | null, consent: boolean }} Notice
 *
 * @typedef {{ [name: string]: any, type: string }} Frame
 * @typedef {"idle" | "connecting" | "open" | "waiting" | "asleep" | "stopped"} Link
 *
 * @typedef {{
 *   open: boolean, link: Link, reason: string, offline: boolean, hidden: boolean, lost: boolean,
 *   v2: boolean, token: string | null, ready: boolean,
 *   messages: Message[], outbox: Pending[], turn: Turn | null, redo: string | null,
 *   opinions: Opinion[], starters: string[], notice: Notice | null, agreed: string | null,
 *   whole: boolean,
 *   submitted: boolean | null, contact: Contact | null, contactError: string, thanked: boolean,
 *   alert: string, read: number, unread: number, replays: number,
 * }} State
 *
 * @typedef {{
 *   get(name: string): string | null, set(name: string, value: string | null): void,
 * }} Box
 * @typedef {{ local: Box, tab: Box }} Storage
 *
 * @typedef {{
 *   win: Win, doc: Document, h: import("./view/dom.js").H, strings: import("./i18n/strings.js").Strings,
 *   config: Config, actions: Actions, later(run: () => void, ms: number): void,
 *   comment(id: string, next?: string): string,
 * }} View What every part of the view works with. `comment`: what is being typed about an answer.
 *
 * @typedef {{
 *   win: Win, doc: Document, h: import("./view/dom.js").H, base: string, id: string,
 *   config: Config, storage: Storage, options: Options, page: import("./embed/page.js").PageWatch,
 *   shadowHost: import("./embed/shadow-host.js").ShadowHost, launcher: Launcher,
 *   emit(name: string, detail?: any): void, onToggle(open: boolean): void,
 * }} WidgetContext What the first file hands to the second. `onToggle`: the panel opened or closed.
 *
 * @typedef {{
 *   position?: Config["position"], offsetX?: number, offsetY?: number, zIndex?: number,
 *   launcherIcon?: string, launcherText?: string, theme?: "auto" | "light" | "dark",
 *   locale?: string, open?: true, sound?: "on" | "off", texts?: { [name: string]: string },
 *   pageContext?: { [name: string]: any },
 * }} Options What the page chose, read and found good.
 *
 * @typedef {ReturnType<typeof import("./view/launcher.js").createLauncher>} Launcher
 *
 * @typedef {{
 *   open(focuses: boolean): void, close(): void, isOpen(): boolean,
 *   send(text: string): void, prefill(text: string): void, identify(contact: Contact): void,
 *   deliver(): void, reset(elsewhere?: boolean): void, setStrings(strings: import("./i18n/strings.js").Strings): void, onStorage(name: string): void,
 *   destroy(): void,
 * }} ChatRuntime What the second file makes of it: the chat. `onStorage`: another tab wrote to the storage.
 *   `deliver`: connect, for what an earlier page could not send.
 *
 * @typedef {{
 *   get(base: string, name: string): any, load(base: string, name: string): Promise<any>,
 *   giveUp(base: string, name: string): void,
 * }} Chunks
 *
 * @typedef {{
 *   open(): void, close(): void, send(text: string): boolean, retry(cid: string): void,
 *   edit(cid: string): string, stop(): void, regenerate(id: string): void, agree(): void,
 *   rate(id: string, rating: Rating, comment?: string): void,
 *   restart(): void, submit(contact: Contact): void, touch(): void,
 * }} Actions What the view may ask for.
 */
export {};
