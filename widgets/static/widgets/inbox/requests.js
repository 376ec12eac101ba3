"use strict";
// The inbox's requests: fragments from the admin, and what a member does, over the REST API.

const inboxRequests = (() => {
  const MOST_ROWS = 500;
  const root = document.querySelector(".lq-inbox");
  const token = root?.querySelector("[name='csrfmiddlewaretoken']").value;

  /** A request that got no answer, or one that says why it failed. */
  class RequestError extends Error {
    constructor(status, data) {
      super(sentence(status, data));
      this.status = status;
      this.data = data ?? {};
    }

    /** Whether the same request may succeed later. */
    get isTemporary() {
      return this.status === 0 || this.status === 429 || this.status >= 500;
    }
  }

  function sentence(status, data) {
    if (status === 0) return "No connection to the server.";
    if (status === 401 || status === 403) return data?.message ?? "You are logged out. Reload the page to log in.";
    const fields = Object.values(data?.fields ?? {}).flat();
    return fields[0] ?? data?.message ?? `The server answered ${status}.`;
  }

  /** Returns the document of a fragment. */
  async function fragment(url) {
    let response;
    try {
      response = await fetch(url, { headers: { Accept: "text/html" }, redirect: "error" });
    } catch {
      throw new RequestError(0);
    }
    if (!response.ok) throw new RequestError(response.status);
    return new DOMParser().parseFromString(await response.text(), "text/html");
  }

  /** Sends JSON to the REST API, in the conversation's organization; returns the answer. */
  async function send(method, path, body, organization, { headers: more = {}, keepalive = false } = {}) {
    const headers = { Accept: "application/json", "X-CSRFToken": token, ...more };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (organization) headers["X-Organization-Id"] = organization;
    let response;
    try {
      response = await fetch(`/api/v1/${path}`, { method, headers, keepalive, body: body && JSON.stringify(body) });
    } catch {
      throw new RequestError(0);
    }
    const data = response.status === 204 ? {} : await response.json().catch(() => ({}));
    if (!response.ok) throw new RequestError(response.status, data);
    return data;
  }

  /** Returns all rows of a list, page by page. */
  async function all(path, organization) {
    const rows = [];
    let next = path;
    while (next && rows.length < MOST_ROWS) {
      const answer = await send("GET", next, undefined, organization);
      rows.push(...answer.results);
      next = answer.next ? path.split("?")[0] + new URL(answer.next).search : "";
    }
    return rows;
  }

  return { fragment, send, all, RequestError };
})();
