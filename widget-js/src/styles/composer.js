export const composer = /* css */ `
.composer { padding: 4px 12px 12px }
.field { display: flex; align-items: flex-end; padding: 4px; border: 1px solid var(--_field); border-radius: 22px }
.field:focus-within { border-color: var(--_link); box-shadow: 0 0 0 1px var(--_link) }
textarea { flex: 1; min-width: 0; resize: none; padding: 6px 12px; font-size: 16px; line-height: 24px; max-height: 132px }
textarea:focus-visible { outline: none }
textarea:placeholder-shown { direction: inherit }
::placeholder { color: var(--_dim); opacity: 1 }
.send { width: 36px; height: 36px; border-radius: 50% }
.send, .main { background: var(--_fill); color: var(--_on) }
.send:disabled { background: var(--_bubble); color: var(--_dim); opacity: 1 }
.main { display: block; width: 100%; height: 42px; padding: 0 12px; border-radius: 10px; font-size: 16px; font-weight: 600 }
.count { padding: 4px 12px 0; text-align: end }
.consent { max-height: 60%; overflow: auto; padding: 14px 16px 16px; border-block-start: 1px solid var(--_line); font-size: 14px }
.consent .main { margin-block-start: 10px }
`;
