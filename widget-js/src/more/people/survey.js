/** The visitor's rating of a conversation, once, after a person resolved it. */

import { deliveryOf } from "../../view/delivery.js";
import { buttonOf, remove, set, setText } from "../../view/dom.js";
import { survey } from "./frames.js";
import { placeAtEnd } from "./place.js";

/** @import { Frame, State, View } from "../../types.js" */
/** @import { Around } from "./people.js" */

const SCORES = [1, 2, 3, 4, 5];
/** What was typed is kept with the unsent comments. */
const DRAFT = "survey";

/** @param {View} view @param {Around} around */
export function createSurvey(view, around) {
  const { h, strings, actions } = view;
  const { redraw } = around;
  let score = 0;
  /** What is to be sent. @type {ReturnType<typeof survey> | null} */
  let wanted = null;
  let sent = false;
  let saved = false;
  const title = h("p", "intro", { id: "survey" }, strings.survey);
  const buttons = SCORES.map((each) => {
    const name = strings.surveyScore.replace("{n}", `${each}`);
    const button = buttonOf(h, "chip", `${each}`, () => {
      score = each;
      redraw();
    });
    set(button, "aria-label", name);
    return button;
  });
  const ends = h(
    "div",
    "ends",
    { "aria-hidden": "true" },
    h("span", "", {}, strings.surveyBad),
    h("span", "", {}, strings.surveyGood),
  );
  const scores = h("div", "scores", { role: "group", "aria-labelledby": title.id }, ...buttons);
  const field = h("textarea", "", {
    ...{ id: "survey-comment", rows: 2, maxlength: 2000, dir: "auto" },
    oninput: () => view.comment(DRAFT, field.value),
  });
  field.value = view.comment(DRAFT);
  const status = h("span", "status", { role: "status" });
  const error = h("p", "error", { role: "alert" });
  const more = h(
    "form",
    "comment",
    { onsubmit: submit },
    h("label", "", { for: field.id }, strings.comment),
    field,
    h("button", "chip", {}, strings.commentSend),
    status,
  );
  const ask = h("div", "", {}, title, scores, ends, more, error);
  const thanks = h("p", "", { role: "status" });
  const node = h("section", "card survey", { "aria-labelledby": title.id }, ask, thanks);

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    setText(error, "");
    wanted ??= survey(score, field.value.trim());
    redraw();
  }

  return {
    /** @param {Frame} frame */
    peek({ type, message, client_message_id: cid }) {
      if (type === "session") sent = saved = false;
      if (type === "survey_saved") {
        wanted = null;
        saved = true;
        view.comment(DRAFT, "");
        redraw();
      }
      if (type !== "error" || cid || !wanted || !sent) return false;
      wanted = null;
      setText(error, message);
      redraw();
      return true;
    },
    /** @param {State} state */
    render(state) {
      // A visitor who leaves without "Send" has rated, too.
      if (!state.open && score && !saved && !error.firstChild && state.talk?.survey)
        wanted ??= survey(score, field.value.trim());
      if (!wanted) sent = false;
      else if (!sent && state.ready) sent = actions.transmit(wanted);
      buttons.forEach((each, index) => {
        set(each, "aria-pressed", `${SCORES[index] === score}`);
      });
      if (more.hidden !== !score) {
        more.hidden = !score;
        around.follow();
      }
      setText(status, wanted ? strings[deliveryOf({ sent }, state)] : "");
      ask.hidden = saved;
      setText(thanks, saved ? strings.commentSaved : "");
      if (state.talk?.status !== "resolved" && !wanted) saved = false;
      if (saved || wanted || state.talk?.survey) placeAtEnd(around, node);
      else remove(node);
    },
  };
}
