/** What a page may say to the widget, and hear from it. docs/widget.md describes each in words. */

export type LoquentTheme = "auto" | "light" | "dark";

export interface LoquentContact {
  name?: string | null;
  email?: string | null;
  phone?: string | null;
}

export interface LoquentMessage {
  /** Null where the server speaks the base protocol. */
  id: string | null;
  role: "user" | "assistant" | (string & {});
  content: string;
}

export interface LoquentError {
  /** A code of the protocol, or `unavailable`: the chat could not be loaded. */
  code: string;
  /** A sentence for the visitor. */
  message: string;
}

/** The events, with what their listeners get. */
export interface LoquentEvents {
  ready: undefined;
  open: undefined;
  close: undefined;
  message: LoquentMessage;
  unread: number;
  contact: undefined;
  error: LoquentError;
}

export type LoquentListener<E extends keyof LoquentEvents> = (detail: LoquentEvents[E]) => void;

/** The same as the data-attributes of the script tag. */
export interface LoquentSettings {
  position?: "bottom_right" | "bottom_left";
  /** Pixels to the edge of the window. */
  offsetX?: number | string;
  offsetY?: number | string;
  zIndex?: number | string;
  launcherText?: string;
  launcherIcon?: "chat" | "question" | "spark" | "support" | "mail";
  theme?: LoquentTheme;
  /** A BCP 47 language tag. */
  locale?: string;
  open?: boolean;
  sound?: "on" | "off";
  /** Texts by their names, or that as JSON. */
  texts?: { [name: string]: string } | string;
  /** What staff see beside the conversation, or that as JSON. */
  pageContext?: { [name: string]: unknown } | string;
}

export interface LoquentOptions extends LoquentSettings {
  /** The server, such as `https://chat.example.com`. */
  host: string;
  /** The widget's public identifier, `wid_…`. */
  widget: string;
}

interface LoquentMethods {
  open(): void;
  close(): void;
  toggle(): void;
  send(text: string): void;
  prefill(text: string): void;
  identify(contact: LoquentContact): void;
  reset(): void;
  setLocale(tag: string): void;
  setTheme(theme: LoquentTheme): void;
  setPageContext(context: { [name: string]: unknown }): void;
  /** Gives a function that ends it. */
  on<E extends keyof LoquentEvents>(event: E, listener: LoquentListener<E>): () => void;
  off<E extends keyof LoquentEvents>(event: E, listener: LoquentListener<E>): void;
  destroy(): void;
}

/** One widget on the page. */
export interface LoquentWidget extends LoquentMethods {}

/** A call as the queue takes it: the method's name, then what it is called with. */
export type LoquentCall =
  | {
      [M in keyof LoquentMethods]: [M, ...Parameters<LoquentMethods[M]>];
    }[keyof LoquentMethods]
  | ["mount", LoquentMountOptions];

/** `host` may be left out where a script tag has loaded the widget. */
export type LoquentMountOptions = Omit<LoquentOptions, "host"> & { host?: string };

/** `window.Loquent`: its methods mean the first widget of the page. */
export interface LoquentSdk extends LoquentMethods {
  get(widget?: string): LoquentWidget | null;
  mount(options: LoquentMountOptions): LoquentWidget | null;
  push(...calls: LoquentCall[]): void;
}

/** Puts a widget on the page; one that is there already is given back as it is. */
export function createLoquent(options: LoquentOptions): LoquentWidget;

declare global {
  interface Window {
    /** A queue until the script has loaded. */
    Loquent: LoquentSdk | LoquentCall[];
  }
}
