/** The contact form. Its error messages are our own, and name the field. */

import { set, setText } from "../view/dom.js";

/** @import { Config, Contact, State, View } from "../types.js" */

/** The fields, with their `autocomplete` values. */
const FIELDS = /** @type {const} */ ({ name: "name", email: "email", phone: "tel" });

/** Reject only what the server would certainly refuse. */
export const LOOKS_RIGHT = {
  name: /./,
  email: /^[^\s@]+@[^\s@]+$/,
  phone: /\p{Nd}.*\p{Nd}.*\p{Nd}/u,
};

/** Spaces and invisible characters, which are pasted with addresses. */
const BLANK = String.raw`[\s\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f]+`;
const AROUND = new RegExp(`^${BLANK}|${BLANK}$`, "g");

/** Return what was typed; full-width forms become ASCII. Names stay: a joiner may end one. @param {Field} field @param {string} text */
export function typedIn(field, text) {
  const bare = text.replace(AROUND, "");
  return field === "name" ? bare && text.trim() : bare.normalize("NFKC");
}

/** @typedef {keyof typeof FIELDS} Field */

/** @param {Config} config */
export const collected = (config) =>
  /** @type {Field[]} */ (Object.keys(FIELDS)).filter((field) => config[`collect_${field}`]);

/**
 * @param {View} view
 * @param {Contact} draft
 * @param {(contact: Contact) => void} onDraft
 */
export function createContactForm({ h, strings, config, actions }, draft, onDraft) {
  const required = config.contact_info_mode === "required";
  const fields = collected(config).map((field) => {
    const error = h("p", "error", { id: `${field}-error`, role: "alert" });
    const input = h("input", "", {
      id: field,
      type: FIELDS[field],
      autocomplete: FIELDS[field],
      maxlength: 254,
      "aria-required": required && "true",
      "aria-describedby": error.id,
      dir: "auto",
      oninput() {
        show("");
        onDraft({ [field]: input.value });
      },
    });
    input.value = draft[field] ?? "";
    /** @param {string} sentence */
    function show(sentence) {
      setText(error, sentence);
      set(input, "aria-invalid", sentence ? "true" : null);
    }
    const node = h("div", "row", {}, h("label", "", { for: field }, strings[field]), input, error);
    return { field, input, show, node };
  });
  const general = h("p", "error", { role: "alert" });
  const button = h("button", "main", {}, required ? strings.start : strings.save);
  const node = h(
    "form",
    "card",
    { novalidate: "", onsubmit: submit },
    h("p", "intro", {}, required ? strings.introRequired : strings.introOptional),
    ...fields.map((each) => each.node),
    general,
    button,
  );
  let shown = "";
  let sending = false;

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    if (sending) return;
    /** @type {Contact} */
    const contact = {};
    let wrong = null;
    for (const { field, input, show } of fields) {
      const value = typedIn(field, input.value);
      const missing = required && !value;
      const odd = value && !LOOKS_RIGHT[field].test(value);
      show(missing || odd ? `${strings[field]}: ${missing ? strings.missing : strings.odd}` : "");
      if (value) contact[field] = value;
      if (missing || odd) wrong ??= input;
    }
    const empty = !wrong && !Object.keys(contact).length;
    setText(general, empty ? strings.empty : "");
    shown = "";
    if (wrong) wrong.focus();
    else if (!empty) actions.submit(contact);
  }

  return {
    node,
    first: fields[0]?.input,
    /** @param {State} state */
    render({ contact, contactError }) {
      sending = !!contact;
      // Not `disabled`, which would move the focus out of the form.
      set(button, "aria-disabled", sending ? "true" : null);
      if (contactError === shown) return;
      shown = contactError;
      // The server's message, which is in English, names the invalid fields.
      const named = fields.filter(({ field }) => contactError.toLowerCase().includes(field));
      const ours = strings.errors?.contact_info_invalid;
      setText(general, named.length ? "" : contactError);
      named.forEach(({ field, input, show }, index) => {
        const sentence = `${strings[field]}: ${typedIn(field, input.value) ? strings.odd : strings.missing}`;
        if (ours) show(sentence);
        else show(index ? strings.odd : contactError);
      });
      // The page may have called `identify`: move the focus only if it is in the form.
      const { activeElement } = /** @type {ShadowRoot} */ (node.getRootNode());
      if (node.contains(activeElement)) named[0]?.input.focus();
    },
  };
}
