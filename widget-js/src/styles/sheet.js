export const sheet = /* css */ `
.sheet { position: absolute; inset: 0; overflow: auto; background: var(--_surface); padding: 8px 16px 16px; overscroll-behavior: contain }
.top { display: flex; align-items: center; gap: 4px; position: sticky; top: -8px; margin: -8px -16px 8px; padding: 8px; background: var(--_surface); z-index: 1 }
.top .tool:focus-visible { outline-color: var(--_link) }
[dir=rtl] .back svg { transform: scaleX(-1) }
h3 { font-size: 15px }
h3:focus-visible { outline: none }
.line > .card { align-self: stretch; margin-block: 10px 0 }
.sheet .card { border: 0; padding: 0; margin: 0 }
.card { overflow-wrap: anywhere }
.card .card { border: 0; padding: 0; margin: 12px 0 0 }
dl > div { margin-block-end: 10px }
dt, .hours { font-size: 14px }
dt { color: var(--_dim) }
dd > :is(a, span) { display: inline-block; min-height: 28px; white-space: pre-line }
.hours { list-style: none }
.hours li { display: flex; justify-content: space-between; gap: 12px; margin: 0 }
.hours span { margin: 0; overflow-wrap: normal }
.hours span:first-child { flex: none }
.hours span + span { text-align: end }
[aria-current] { font-weight: 600 }
.earlier { list-style: none }
.earlier li { margin: 0; border-block-end: 1px solid var(--_line) }
.earlier button { display: block; width: 100%; padding: 10px 4px; text-align: start }
.earlier button:hover { background: var(--_bubble) }
.earlier span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.earlier span + span { font-size: 13px; color: var(--_dim) }
.kept { text-align: center; margin-block: 8px 16px }
.day { align-self: center; margin-block-end: 16px; font-size: 13px; line-height: 20px; color: var(--_dim) }
.line::before { content: attr(data-time); content: attr(data-time) / ""; position: absolute; top: -13px; inset-inline-start: 4px; font-size: 11px; line-height: 12px; color: var(--_dim); opacity: 0 }
.user::before { inset-inline: auto 4px }
.line:has(> .day)::before { top: 23px }
.line:is(:hover, :focus, :focus-within)::before { opacity: 1 }
@media (hover: none) { .line::before { opacity: 1 } }
.choices { align-self: stretch; align-items: flex-start; margin-block: 8px 0 }
.line:focus-visible { border-radius: 8px }
@media (pointer: coarse) {
  .small, .chip, .tool, .copy, .menu button { min-width: 40px; min-height: 40px }

  dd a { min-height: 40px; line-height: 40px }
}
.growing > .chip { margin-block-start: 8px }
@media (forced-colors: active) {
  .user .bubble { border: 1px solid; border-inline-end-width: 5px }
  .logo { border: 1px solid }
  i { background: CanvasText; forced-color-adjust: none }
  [aria-current] { outline: 1px solid; outline-offset: 1px }
}
`;
