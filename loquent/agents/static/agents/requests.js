"use strict";
// What the scripts of an agent's page have in common.
const loquentAgent = (() => {
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const AWAY = "The server can't be reached. Please try again.";
  // Refused before the page's own code, with a page instead of JSON.
  const UNREADABLE = {
    403: "The server refused this request. Reload the page, then try again.",
    413: "This is too large to send.",
  };
  /** Return the sentence of an answer that isn't a yes; `labelOf` names its fields. */
  async function sentenceOf(response, labelOf = (name) => name) {
    if (response.redirected) return "You are logged out. Log in in another tab, then try again.";
    try {
      const { message, fields } = await response.json();
      const lines = Object.entries(fields ?? {}).map(([name, texts]) => `${labelOf(name)}: ${texts.join(" ")}`);
      return lines.join("\n") || message;
    } catch {
      return UNREADABLE[response.status] ?? AWAY;
    }
  }
  const post = (url, body) =>
    fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token() } });
  return { AWAY, make, post, sentenceOf, token };
})();
