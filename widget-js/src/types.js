/**
 * Types that several modules share; no code.
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
 *   type?: string, done?: boolean, asked?: string, created_at?: string, card?: boolean, choices?: Choice[], action?: Action, outcome?: string,
 *   author?: { name: string } | null, kind?: string,
 * }} Message A line of the transcript. `seq` is not an integer for lines that only this page knows;
 *   their `ref` is the id of the answer that failed. `type`: it arrived live, not with the history.
 *   `kind`: "notice" for the line of a transition. `done`: the turn of this question has ended; `asked`: the key of the question of this answer.
 *
 * @typedef {{
 *   id: string, title: string, arguments: { [name: string]: unknown },
 *   status: "waiting" | "confirmed" | "declined" | "expired",
 * }} Action what the agent proposes to do, once the visitor has confirmed it
 *
 * @typedef {{ title: string, message: string }} Choice a button that sends `message`
 *
 * @typedef {{
 *   cid: string, content: string, sent?: boolean, held?: boolean, busy?: boolean, tries?: number,
 *   failed?: string, final?: boolean,
 * }} Pending A message without an ack. While `held`, it waits for the next try. `final`: a retry
 *   is pointless today.
 *
 * @typedef {{ id: string | null, text: string, done: boolean, stopping: boolean, asked?: string }} Turn
 * @typedef {{ id: string, rating: Rating, comment?: string, sent?: boolean }} PendingRating
 *   Feedback on an answer that the server has not confirmed yet.
 * @typedef {{ text: string, url: string | null, consent: boolean }} Notice
 *
 * @typedef {{
 *   phone: string | null, email: string | null, address: string | null,
 *   hours: { [day: string]: [string, string][] } | null,
 * }} ContactCard
 *
 * @typedef {{
 *   handler: "agent" | "team" | "person", status: string, person: { name: string } | null,
 *   can_ask_person: boolean, can_ask_agent: boolean, back_at: string | null,
 *   expected: "minutes" | "hour" | "hours" | "day" | null, reply_email: boolean, survey: boolean,
 * }} Talk Who has the conversation.
 *
 * @typedef {{ [name: string]: any, type: string }} Frame
 * @typedef {"idle" | "connecting" | "open" | "waiting" | "asleep" | "stopped"} Link
 *
 * @typedef {{
 *   open: boolean, link: Link, reason: string, offline: boolean, hidden: boolean, lost: boolean,
 *   v2: boolean, token: string | null, ready: boolean,
 *   messages: Message[], outbox: Pending[], turn: Turn | null, regenerating: string | null,
 *   pendingRatings: PendingRating[], starters: string[], notice: Notice | null, contactCard: ContactCard | null, talk: Talk | null, agreed: string | null,
 *   historyComplete: boolean,
 *   submitted: boolean | null, contact: Contact | null, contactError: string, contactSaved: boolean,
 *   alert: string, read: number, unread: number, replays: number,
 * }} State
 *
 * @typedef {{
 *   get(name: string): string | null, set(name: string, value: string | null): void,
 * }} Box
 * @typedef {{ local: Box, tab: Box }} Storage
 *
 * @typedef {{
 *   win: Win, doc: Document, h: import("./view/dom.js").H, config: Config,
 *   strings: import("./i18n/strings.js").Strings, actions: Actions,
 *   extras: import("./view/extras.js").Extras,
 *   later(run: () => void, ms: number): void, comment(id: string, next?: string): string,
 * }} View What every part of the view needs. `comment`: get or set the unsent comment on an answer.
 *
 * @typedef {{
 *   win: Win, doc: Document, h: import("./view/dom.js").H, base: string, id: string,
 *   config: Config, chunks: Chunks, storage: Storage, options: Options, page: import("./embed/page.js").PageWatch,
 *   shadowHost: import("./embed/shadow-host.js").ShadowHost, launcher: Launcher,
 *   emit(name: string, detail?: any): void, onToggle(open: boolean): void,
 *   toJson(value: any): string,
 * }} WidgetContext What the first file passes to the second. `onToggle`: the panel opened or closed.
 *
 * @typedef {{
 *   position?: Config["position"], offsetX?: number, offsetY?: number, zIndex?: number,
 *   launcherIcon?: string, launcherText?: string, teaser?: string, teaserDelay?: number, theme?: "auto" | "light" | "dark",
 *   locale?: string, open?: true, sound?: "on" | "off", texts?: { [name: string]: string },
 *   pageContext?: { [name: string]: any }, container?: string,
 * }} Options The page's options, validated.
 *
 * @typedef {ReturnType<typeof import("./view/launcher.js").createLauncher>} Launcher
 *
 * @typedef {{
 *   open(focuses: boolean): void, close(): void, isOpen(): boolean,
 *   send(text: string): void, prefill(text: string): void, identify(contact: Contact): void,
 *   deliver(): void, reset(elsewhere?: boolean): void,
 *   setStrings(strings?: Partial<import("./i18n/strings.js").Strings>): void, onStorage(name: string): void,
 *   destroy(): void,
 * }} ChatRuntime The running chat. `onStorage`: another tab wrote to the storage.
 *   `deliver`: connect, to send what an earlier page could not.
 *
 * @typedef {{
 *   get(base: string, name: string): any, load(base: string, name: string): Promise<any>,
 *   giveUp(base: string, name: string): void,
 * }} Chunks
 *
 * @typedef {FirstActions & LaterActions} Actions What the view can trigger.
 *
 * @typedef {{
 *   retry(cid: string): void, edit(cid: string): string, regenerate(id: string): void,
 *   rate(id: string, rating: Rating, comment?: string): void, restart(): void, followOutbox(): void,
 *   revise(frame: Frame): boolean,
 * }} LaterActions Those of the third file. `followOutbox`: drop failed messages that another tab has
 *   resent or removed. `revise`: update a message; returns whether it is known.
 *
 * @typedef {{
 *   open(): void, close(): void, send(text: string): boolean, stop(): void, agree(): void,
 *   submit(contact: Contact): void, touch(): void,
 *   transmit(frame: object): boolean, peek?: ((frame: Frame) => boolean) | null,
 * }} FirstActions `transmit`: send a frame; returns whether there is an open
 *   connection. `peek`: sees each frame first, and returns whether nobody else is to see it.
 */
export {};
