/** The launcher's icons: stroked paths in a 24 × 24 square. */

/** @type {{ [name: string]: string }} */
export const ICONS = {
  chat: "M21 11.5a8.5 8.5 0 0 1-12.3 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5z",
  question: "M8 8.5a4 4 0 1 1 5.8 3.6c-1.2.6-1.8 1.4-1.8 2.9M12 19.5h.01",
  spark: "M12 3c.6 5.4 3.6 8.4 9 9-5.4.6-8.4 3.6-9 9-.6-5.4-3.6-8.4-9-9 5.4-.6 8.4-3.6 9-9z",
  support:
    "M4 15v-3a8 8 0 0 1 16 0v3M4 14h3v5H5.5A1.5 1.5 0 0 1 4 17.5zm16 0h-3v5h1.5a1.5 1.5 0 0 0 1.5-1.5zm-1.5 5c0 1.5-1.5 2-4.5 2",
  mail: "M3 6h18v12H3zm0 1 9 6.5L21 7",
};
