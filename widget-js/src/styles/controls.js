export const controls = /* css */ `
input, textarea { font: inherit; color: inherit; border: 0; background: none }
button:disabled, [aria-disabled] { cursor: default; opacity: .45 }
a { color: var(--_link); overflow-wrap: anywhere }
.tool, .send, .small { display: grid; place-items: center; flex: none }
.error, .hint, .state, .count, .status, .sources, .stop, .pill, .tools, figcaption { font-size: 13px; color: var(--_dim) }
.hint { text-align: center; padding-block-end: 12px }
.chip { min-height: 34px; padding: 5px 14px; border: 1px solid var(--_line); border-radius: 17px; color: var(--_link); font-size: 14px; overflow-wrap: anywhere }
.chip:hover:enabled { background: var(--_bubble) }
.root .error { color: var(--_bad) }
`;
