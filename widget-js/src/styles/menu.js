export const menu = /* css */ `
.menu { position: absolute; top: calc(100% - 6px); inset-inline-end: 12px; min-width: 200px; max-width: calc(100% - 24px); padding: 6px; border-radius: 12px; background: var(--_surface); color: var(--_text); box-shadow: 0 0 0 1px var(--_line), 0 8px 28px #0003 }
.menu button { display: flex; align-items: center; justify-content: space-between; gap: 16px; width: 100%; min-height: 38px; padding: 6px 10px; border-radius: 8px; font-size: 14px; text-align: start }
.menu button:hover:enabled { background: var(--_bubble) }
.switch::after {
  content: ""; flex: none; width: 32px; height: 18px; border-radius: 9px; outline: 1px solid transparent;
  background: radial-gradient(circle at 9px, var(--_surface) 6px, var(--_field) 7px);
}
.switch[aria-pressed=true]::after { background: radial-gradient(circle at 9px, var(--_surface) 6px, var(--_link) 7px); transform: scaleX(-1) }
[dir=rtl] .switch::after { transform: scaleX(-1) }
[dir=rtl] .switch[aria-pressed=true]::after { transform: none }
@media (forced-colors: active) {
  .menu { border: 1px solid }
  .switch::after { background: ButtonFace; outline-color: ButtonText; forced-color-adjust: none }
  .switch[aria-pressed=true]::after { background: Highlight }
}
`;
