"use strict";
// The playground beside an agent's form: a conversation by settings that nobody has saved.
(() => {
  const CUT = {
    length: "The answer was cut off at the maximum answer length.",
    filter: "The provider's content filter cut off the answer.",
    unknown: "The provider cut off the answer.",
  };
  const { AWAY, make, sentenceOf, token } = loquentAgent;

  function playground(section) {
    const form = document.getElementById("textagent_form");
    const lines = section.querySelector(".lq-lines");
    const scroller = section.querySelector(".lq-scroller");
    const hint = section.querySelector(".lq-nothing");
    const field = section.querySelector("textarea");
    const send = section.querySelector("[type=submit]");
    const stop = section.querySelector("[data-stop]");
    const notes = section.querySelector(".lq-try-notes");
    /** @type {{ role: string, content: string }[]} */
    let messages = [];
    let controller = null;

    // Only an agent with test questions has this link, and only those who may add some.
    const tests = document.querySelector("[data-test-questions]");

    const toEnd = () => scroller.scrollTo(0, scroller.scrollHeight);

    function add(role, text) {
      hint.hidden = true;
      const line = make("li", `lq-line ${role === "user" ? "lq-question" : "lq-answer"}`);
      const bubble = make("div", "lq-bubble", text);
      bubble.dir = "auto";
      line.append(bubble);
      lines.append(line);
      toEnd();
      return { line, bubble };
    }

    function busy(isBusy) {
      send.hidden = isBusy;
      stop.hidden = !isBusy;
      lines.toggleAttribute("aria-busy", isBusy);
      if (isBusy) lines.setAttribute("aria-busy", "true");
    }

    const seconds = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

    function sum(line, end) {
      const parts = [end.model];
      const outcome = { no_answer: "No answer found", refused: "Declined by the provider" }[end.outcome];
      if (outcome) line.append(make("p", "lq-badge lq-warn", outcome));
      if (end.first_token_ms !== null) parts.push(`first word after ${seconds(end.first_token_ms)}`);
      parts.push(`${seconds(end.duration_ms)} in total`);
      if (end.input_tokens !== null || end.output_tokens !== null)
        parts.push(`${end.input_tokens ?? "?"} + ${end.output_tokens ?? "?"} tokens`);
      if (end.sources.length) {
        const box = make("div", "lq-sources");
        box.append(make("span", "lq-quiet", "Sources"));
        const list = make("ul");
        for (const source of end.sources) {
          const item = make("li");
          const link = make(/^https?:\/\//.test(source.url) ? "a" : "span", "", source.title);
          if (link.tagName === "A") {
            link.href = source.url;
            link.target = "_blank";
            link.rel = "noopener noreferrer";
          }
          item.append(link);
          list.append(item);
        }
        box.append(list);
        line.append(box);
      }
      if (end.retrieved.length) {
        const box = make("details", "lq-sources");
        box.append(make("summary", "lq-quiet", `Knowledge found (${end.retrieved.length})`));
        const list = make("ul");
        for (const { title, score, words, meaning, cited } of end.retrieved) {
          const scores = [`score ${score}`, `words ${words}`];
          if (meaning !== null) scores.push(`meaning ${meaning}`);
          if (cited) scores.push("cited");
          list.append(make("li", "", `${title}: ${scores.join(", ")}`));
        }
        box.append(list);
        line.append(box);
      }
      if (end.calls.length || end.proposal) {
        const box = make("div", "lq-sources");
        box.append(make("span", "lq-quiet", "Actions: nothing was sent, because this is a test"));
        const list = make("ul");
        for (const { title, request } of end.calls) list.append(make("li", "", `${title}: ${request}`));
        if (end.proposal) {
          const { title, arguments: values } = end.proposal;
          const shown = Object.entries(values).map(([name, value]) => `${name} ${value}`).join(", ");
          list.append(make("li", "", `${title}: visitors would confirm ${shown || "this"} first.`));
        }
        box.append(list);
        line.append(box);
      }
      const technical = make("details", "lq-meta");
      technical.append(make("summary", "", "Details"), make("p", "", parts.join(" · ")));
      line.append(technical);
      if (end.cut) line.append(make("p", "lq-try-error", CUT[end.cut]));
      notes.replaceChildren(...end.notes.map((note) => make("li", "", note)));
      notes.hidden = !end.notes.length;
    }

    /** Offer to fill in a test question, on a page of its own: this one is not saved. */
    function offerTest(line, question, previous, end) {
      if (!tests) return;
      const best = end.retrieved.find(({ cited }) => cited) ?? end.retrieved[0];
      const answers = end.outcome !== "no_answer";
      const fields = {
        csrfmiddlewaretoken: token(), action: "draft", question, previous,
        expect: answers ? "entry" : "none", entry: answers && best ? best.entry : "",
      };
      const keep = make("form", "lq-meta");
      keep.method = "post";
      keep.target = "_blank";
      keep.action = `${tests.href}#lq-add`;
      for (const [name, value] of Object.entries(fields)) {
        const field = make("textarea");
        Object.assign(field, { name, value, hidden: true });
        keep.append(field);
      }
      const button = make("button", "lq-text-button", "Keep as a test question");
      keep.append(button);
      line.append(keep);
    }

    async function* objectsOf(body) {
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const parts = (rest + value).split("\n");
        rest = parts.pop();
        for (const part of parts) if (part) yield JSON.parse(part);
      }
    }

    async function ask(text) {
      const previous = messages.findLast(({ role }) => role === "user")?.content ?? "";
      messages.push({ role: "user", content: text });
      add("user", text);
      const { line, bubble } = add("assistant", "");
      line.append(make("p", "lq-meta lq-wait", "Waiting for the answer…"));
      const body = new FormData(form);
      body.set("agent", section.dataset.agent);
      body.set("messages", JSON.stringify(messages.slice(-40)));
      controller = new AbortController();
      busy(true);
      let answer = "";
      let problem = "";
      let end = null;
      try {
        const response = await fetch(section.dataset.url, {
          method: "POST", body, signal: controller.signal, headers: { "X-CSRFToken": token() },
        });
        if (!response.ok || response.redirected) problem = await sentenceOf(response);
        else {
          for await (const object of objectsOf(response.body)) {
            if (object.type === "delta") {
              line.querySelector(".lq-wait")?.remove();
              answer += object.text;
              loquentMarkdown.renderMarkdown(bubble, answer, "Copy", true);
              toEnd();
            } else if (object.type === "restart") {
              answer = "";
              bubble.replaceChildren();
            } else if (object.type === "end") end = object;
            else problem = object.message;
          }
          if (!end && !problem) problem = AWAY;
        }
      } catch (error) {
        if (error.name === "AbortError") line.append(make("p", "lq-meta", "Stopped."));
        else problem = AWAY;
      }
      line.querySelector(".lq-wait")?.remove();
      if (answer) {
        loquentMarkdown.renderMarkdown(bubble, answer, "Copy");
        messages.push({ role: "assistant", content: answer });
      } else {
        bubble.remove();
        // What got no answer may be asked again, without typing it again.
        messages.pop();
        if (problem && !field.value) field.value = text;
      }
      if (end) {
        sum(line, end);
        offerTest(line, text, previous, end);
      }
      if (problem) line.append(make("p", "lq-try-error", problem));
      controller = null;
      busy(false);
      toEnd();
    }

    section.querySelector(".lq-try").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text || controller) return;
      field.value = "";
      ask(text);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      section.querySelector(".lq-try").requestSubmit();
    });
    stop.addEventListener("click", () => {
      controller?.abort();
      field.focus();
    });
    section.querySelector("[data-restart]").addEventListener("click", () => {
      controller?.abort();
      messages = [];
      lines.replaceChildren();
      hint.hidden = false;
      field.focus();
    });
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".lq-playground .copy");
    if (!button) return;
    await navigator.clipboard.writeText(button.closest("figure").querySelector("code").textContent);
    button.textContent = "Copied";
  });

  const tried = document.querySelector(".lq-playground");
  if (tried) playground(tried);
})();
