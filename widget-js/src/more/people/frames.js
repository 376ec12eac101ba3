/** The frames of conversations with people. */

/** @param {"ask_person" | "ask_agent"} type */
export const asking = (type) => ({ type });

/** @param {string} email */
export const replyEmail = (email) => ({ type: "reply_email", email });

/** @param {number} seq */
export const seenUpTo = (seq) => ({ type: "seen", seq });

/** @param {number} score @param {string} [comment] */
export const survey = (score, comment) => ({
  ...{ type: "survey", score },
  ...(comment ? { comment } : {}),
});
