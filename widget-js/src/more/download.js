/** Download the conversation as a text file, in the visitor's language and time zone. */

import { transcriptLines } from "../conversation/messages.js";
import { deliveryOf } from "../view/delivery.js";
import { endOf } from "../view/message.js";
import { dateLocale } from "./dates.js";

/** @import { Source, State, View } from "../types.js" */

/**
 * @param {View} view
 * @param {State} state
 * @param {string} locale
 * @returns {{ title: string, text: string }}
 */
export function transcriptOf({ win, strings, config }, state, locale) {
  const { host } = win.location;
  const dates = dateLocale(win, locale);
  const today = new Date().toLocaleDateString(dates, { dateStyle: "long" });
  const title = strings.transcriptOf.replace("{name}", () => config.name || host);
  const parts = transcriptLines(config, state).map((line) => {
    const { role, kind, author, content, status, created_at: at, cid } = line;
    /** @type {Source[]} */
    const sources = line.sources ?? [];
    const time = at ? new Date(at).toLocaleString(dates) : "";
    const speaker = cid || role === "user" ? strings.you : strings.agent;
    const who = author?.name ? `${author.name}:` : kind === "notice" ? "" : speaker;
    return [
      time ? `[${time}] ${who}`.trim() : who,
      content,
      ...(cid ? [line.failed || strings[deliveryOf(line, state)]] : []),
      ...(role === "assistant" ? [endOf(status, strings)] : []),
      ...(sources.length ? [`${strings.sources}:`] : []),
      ...sources.map(({ title, url }) => `- ${title ? `${title}: ` : ""}${url}`),
    ]
      .filter(Boolean)
      .join("\n");
  });
  if (!state.historyComplete) parts.unshift(strings.older);
  return { title, text: `${[`${title}\n${host}, ${today}`, ...parts].join("\n\n")}\n` };
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
      // Revoke it later: some browsers read it after the click.
      address = win.URL.createObjectURL(new win.Blob([text], { type: "text/plain;charset=utf-8" }));
      const day = new Date().toLocaleDateString("sv");
      const download = `${title} ${day}.txt`.replace(/[\\/:*?"<>|]/g, " ");
      h("a", "", { href: address, download }).click();
    },
    destroy: revoke,
  };
}
