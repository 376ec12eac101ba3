/** Fit the panel into the part of the page that a phone's keyboard leaves visible. */

/** @import { Win } from "../types.js" */

/** @param {Win} win @param {HTMLElement} root @returns {() => void} ends it */
export function watchViewport(win, root) {
  const seen = win.visualViewport;
  if (!seen) return () => {};
  function fit() {
    root.style.setProperty("--_height", `${seen?.height}px`);
    root.style.setProperty("--_top", `${seen?.offsetTop}px`);
  }
  fit();
  seen.addEventListener("resize", fit);
  seen.addEventListener("scroll", fit);
  return () => {
    seen.removeEventListener("resize", fit);
    seen.removeEventListener("scroll", fit);
  };
}
