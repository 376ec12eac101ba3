/** The actions that only parts of the third file trigger. */

import { removePending } from "./messages.js";
import { readOutbox } from "./outbox.js";

/** @import { Box, LaterActions } from "../types.js" */
/** @typedef {ReturnType<typeof import("./conversation.js").createConversation>} Conversation */

/** @param {string} messageId the id of an answer, or of one that never arrived */
export const regenerateFrame = (messageId) => ({ type: "regenerate", message_id: messageId });

export const newConversationFrame = () => ({ type: "new_conversation" });

/** @param {Conversation} conversation gets the actions @param {Box} local */
export function addActions(conversation, local) {
  const { getState, update, flush, resend, transmit } = conversation;
  /** @type {LaterActions} */
  const actions = {
    retry: (cid) => resend(cid, { tries: 0, failed: undefined }),
    edit(cid) {
      const { outbox } = getState();
      update({ outbox: removePending(outbox, cid) });
      return outbox.find((each) => each.cid === cid)?.content ?? "";
    },
    regenerate(messageId) {
      if (!getState().regenerating && transmit(regenerateFrame(messageId)))
        update({ regenerating: messageId, alert: "" });
    },
    rate(id, rating, comment) {
      const others = getState().pendingRatings.filter((each) => each.id !== id);
      update({ pendingRatings: [...others, { id, rating, comment }], alert: "" });
      flush();
    },
    restart: () => void transmit(newConversationFrame()),
    revise(frame) {
      const { messages } = getState();
      if (!messages.some(({ id }) => id && id === frame.id)) return false;
      const { type, ...change } = frame;
      update({
        messages: messages.map((each) => (each.id === frame.id ? { ...each, ...change } : each)),
      });
      return true;
    },
    followOutbox() {
      const left = new Set(readOutbox(local).map(({ cid }) => cid));
      const before = getState().outbox;
      const outbox = before.filter(({ cid, failed }) => !failed || left.has(cid));
      // Write only if something changed: each write notifies the other tab, which would reply.
      if (outbox.length < before.length) update({ outbox });
    },
  };
  Object.assign(conversation, actions);
}
