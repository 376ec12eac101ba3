/** @type {{ [code: string]: Partial<typeof import("./en.js").default> }} */
export const locales = { en: {} };
