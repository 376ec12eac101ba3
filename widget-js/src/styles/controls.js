export const controls = /* css */ `
input, textarea { font: inherit; color: inherit; border: 0; background: none }
button:disabled, [aria-disabled] { cursor: default; opacity: .45 }
a { color: var(--link); overflow-wrap: anywhere }
.tool, .send, .thumb { display: grid; place-items: center; flex: none }
.error, .hint, .state, .count, .status, .sources, .stop, .pill, figcaption { font-size: 13px; color: var(--dim) }
.hint { text-align: center; padding-block-end: 12px }
.root .error { color: var(--bad) }
`;
