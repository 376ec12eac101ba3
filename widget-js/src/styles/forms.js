export const forms = /* css */ `
.tools { display: flex; flex-wrap: wrap; align-items: center; margin-block: -8px 12px }
.line .tools { margin-block: 4px 0 }
.small { width: 28px; height: 28px; border-radius: 8px }
.small svg { width: 16px }
.down svg { transform: rotate(180deg) }
.small:hover:enabled { background: var(--_bubble) }
.small[aria-pressed=true] { color: var(--_link) }
.small[aria-pressed=true] path { fill: currentColor }
.asks { gap: 6px }
.ask { flex: 1 0 calc(100% - 46px); font-size: 14px; color: var(--_text) }
.asks > [aria-pressed] { display: flex; gap: 6px; width: auto; padding: 0 8px; border: 1px solid var(--_line) }
.asks > [aria-pressed]::after { content: attr(aria-label) }
.comment { flex: 1 0 100%; padding-block-start: 8px }
.reasons { display: flex; flex-wrap: wrap; gap: 6px; margin-block-end: 8px }
.comment textarea { display: block; width: 100%; border: 1px solid var(--_field); border-radius: 10px; margin-block-end: 8px; color: var(--_text) }
.comment textarea:focus-visible { outline: 2px solid var(--_link) }
.card { border: 1px solid var(--_line); border-radius: 16px; padding: 16px; margin-block-end: 16px }
.intro, .row { margin-block-end: 12px; font-size: 14px }
label { display: block; font-weight: 600; margin-block-end: 4px }
input { display: block; width: 100%; height: 42px; padding: 0 12px; border-radius: 10px; font-size: 16px }
input { border: 1px solid var(--_field) }
input:focus-visible { outline-offset: -1px }
[aria-invalid] { border-color: var(--_bad) }
.card .error { margin-block: 5px }
`;
