export const teaser = /* css */ `
.root .teaser { display: flex; align-items: flex-start; padding: 4px; animation: rise .2s }
.teaser button { padding: 6px 10px; border-radius: 8px; text-align: start; overflow-wrap: anywhere }
.teaser button:hover { background: var(--_bubble) }
.teaser .dismiss { flex: none; padding: 6px }
@media (forced-colors: active) { .teaser { border: 1px solid } }
`;
