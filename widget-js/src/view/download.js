/** The conversation as a text file, in the visitor's language and time. */

import { linesOf } from "../conversation/messages.js";
import { wayOf } from "./delivery.js";
import { endOf } from "./message.js";

/** @import { Source, State, View } from "../types.js" */

/**
 * @param {View} view
 * @param {State} state
 * @param {string} locale
 * @returns {{ title: string, text: string }}
 */
export function transcriptOf({ win, words, config }, state, locale) {
  const title = words.transcriptOf.replace("{name}", () => config.name || win.location.host);
  const parts = linesOf(config, state).map((line) => {
    const { role, content, status, created_at: at, cid } = line;
    /** @type {Source[]} */
    const sources = line.sources ?? [];
    const time = at ? new Date(at).toLocaleString(locale) : "";
    const who = cid || role === "user" ? words.you : words.agent;
    return [
      time ? `[${time}] ${who}` : who,
      content,
      ...(cid ? [line.failed || words[wayOf(line, state)]] : []),
      ...(role === "assistant" ? [endOf(status, words)] : []),
      ...(sources.length ? [`${words.sources}:`] : []),
      ...sources.map(({ title, url }) => `- ${title ? `${title}: ` : ""}${url}`),
    ]
      .filter(Boolean)
      .join("\n");
  });
  if (!state.whole) parts.unshift(words.older);
  return { title, text: `${[title, ...parts].join("\n\n")}\n` };
}

/** @param {View} view @param {() => State} getState @param {() => string} localeNow */
export function createDownload(view, getState, localeNow) {
  const { win, h } = view;
  let address = "";

  function revoke() {
    if (address) win.URL.revokeObjectURL(address);
    address = "";
  }

  return {
    run() {
      const { title, text } = transcriptOf(view, getState(), localeNow());
      revoke();
      // Not taken back at once: some browsers read it later.
      address = win.URL.createObjectURL(new win.Blob([text], { type: "text/plain;charset=utf-8" }));
      const day = new Date().toLocaleDateString("sv");
      const download = `${title} ${day}.txt`.replace(/[\\/:*?"<>|]/g, " ");
      h("a", "", { href: address, download }).click();
    },
    destroy: revoke,
  };
}
