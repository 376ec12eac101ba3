export const people = /* css */ `
.by { display: flex; max-width: 88%; overflow-wrap: anywhere; align-items: center; gap: 6px; margin-block-end: 4px; font-size: 13px; color: var(--_dim) }
.mark { padding: 0 5px; border: 1px solid var(--_line); border-radius: 5px; font-size: 11px; line-height: 16px; font-weight: 600 }
.initials { display: grid; place-items: center; flex: none; width: 24px; height: 24px; border-radius: 50%; font-size: 11px; font-weight: 600 }
.head > [class*=hue] { font-size: 14px; box-shadow: 0 0 0 2px var(--_on) }
[class*=hue] { background: #4a5568; color: #fff }
.hue1 { background: #9b2c5d }
.hue2 { background: #2b6091 }
.hue3 { background: #276749 }
.hue4 { background: #6b46a8 }
.hue5 { background: #8a4b16 }
.notice { align-items: center }
.notice .bubble { background: none; padding: 0 8px; color: var(--_dim); font-size: 13px; text-align: center; border: 0 }
.names p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.desk { display: flex; flex-wrap: wrap; align-items: center; justify-content: center; gap: 4px 12px; padding: 2px 16px 4px }
.says { font-size: 13px; color: var(--_dim); text-align: center }
.desk .chip { min-height: 30px; padding: 3px 14px }
.scroller > .card .row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-block: 10px 0 }
.scores { display: flex; gap: 8px }
.scores .chip { flex: 1; min-width: 40px; padding: 5px 0; font-weight: 600 }
.scores [aria-pressed=true] { background: var(--_fill); color: var(--_on); border-color: var(--_fill) }
.scores [aria-pressed=true]:hover { background: var(--_fill) }
.ends { display: flex; justify-content: space-between; font-size: 13px; color: var(--_dim); padding-block: 2px }
@media (pointer: coarse) {
  .desk .chip { min-height: 40px }
}
@media (forced-colors: active) {
  .initials, .mark { border: 1px solid }
  .scores [aria-pressed=true] { outline: 2px solid Highlight }
}
`;
