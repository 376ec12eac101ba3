/** The widget's API for pages. docs/widget.md describes it. */

export type LoquentTheme = "auto" | "light" | "dark";

export interface LoquentContact {
  name?: string | null;
  email?: string | null;
  phone?: string | null;
}

export interface LoquentMessage {
  /** Null if the server uses the base protocol. */
  id: string | null;
  role: "user" | "assistant" | (string & {});
  content: string;
}

export interface LoquentError {
  /** A code of the protocol, or `unavailable`: the chat could not be loaded. */
  code: string;
  /** A message for the visitor. */
  message: string;
}

/** The events and their details. */
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

/** The same options as the data attributes of the script tag. */
export interface LoquentSettings {
  position?: "bottom_right" | "bottom_left";
  /** Pixels to the edge of the window. */
  offsetX?: number | string;
  offsetY?: number | string;
  zIndex?: number | string;
  launcherText?: string;
  /** A line beside the button, shown once per visitor. At most 80 characters. */
  teaser?: string;
  /** Seconds until the teaser is shown, 1 to 3600 (10). */
  teaserDelay?: number;
  launcherIcon?: "chat" | "question" | "spark" | "support" | "mail";
  theme?: LoquentTheme;
  /** A BCP 47 language tag. */
  locale?: string;
  open?: boolean;
  sound?: "on" | "off";
  /** Texts by name, or a JSON string of them. */
  texts?: { [name: string]: string } | string;
  /** Shown to staff beside the conversation. An object, or a JSON string of it. */
  pageContext?: { [name: string]: unknown } | string;
  /** A CSS selector of the element that holds the chat. */
  container?: string;
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
  /** Returns a function that removes the listener. */
  on<E extends keyof LoquentEvents>(event: E, listener: LoquentListener<E>): () => void;
  off<E extends keyof LoquentEvents>(event: E, listener: LoquentListener<E>): void;
  destroy(): void;
}

/** One widget on the page. */
export interface LoquentWidget extends LoquentMethods {}

/** A queued call: the method's name, then its arguments. */
export type LoquentCall =
  | {
      [M in keyof LoquentMethods]: [M, ...Parameters<LoquentMethods[M]>];
    }[keyof LoquentMethods]
  | ["mount", LoquentMountOptions]
  | ["consent", boolean];

/** `host` is optional if a script tag has loaded the widget. */
export type LoquentMountOptions = Omit<LoquentOptions, "host"> & {
  host?: string;
  /** Wait for `consent(true)`. */
  consent?: "required";
};

/** `window.Loquent`: its methods act on the first widget of the page. */
export interface LoquentSdk extends LoquentMethods {
  get(widget?: string): LoquentWidget | null;
  mount(options: LoquentMountOptions): LoquentWidget | null;
  /** Show the widgets that need consent, or remove them and what they stored. */
  consent(given: boolean): void;
  push(...calls: LoquentCall[]): void;
}

/** Add a widget to the page, or return the existing one unchanged. */
export function createLoquent(options: LoquentOptions): LoquentWidget;

declare global {
  interface Window {
    /** A queue until the script has loaded, then the API. */
    Loquent: LoquentSdk | LoquentCall[];
  }
}
