export const markdown = /* css */ `
.bubble > * + *, li > * + * { margin-block-start: 9px }
li > a, li > code, li > em, li > strong { margin: 0 }
.bubble, .bubble :is(p, li, td, th) { unicode-bidi: plaintext }
ul, ol { padding: 0 }
li { margin-inline-start: 22px }
li + li, li > ul, li > ol { margin-block-start: 4px }
blockquote { border-inline-start: 3px solid var(--_field); padding-inline-start: 12px; color: var(--_dim) }
hr { border: 0; border-block-start: 1px solid var(--_line) }
code { font: .88em/1.5 ui-monospace, monospace; background: #7f7f7f29; border-radius: 5px; padding: 2px 5px }
figure { border: 1px solid var(--_line); border-radius: 10px; overflow: hidden; background: var(--_surface) }
figcaption { display: flex; justify-content: space-between; align-items: center; padding: 2px 6px 2px 12px; border-block-end: 1px solid var(--_line) }
.copy { min-height: 26px; padding: 0 8px; border-radius: 6px; color: var(--_text) }
.copy:hover { background: var(--_bubble) }
pre { overflow-x: auto; padding: 10px 12px; text-align: left }
a code { background: none }
pre code { background: none; padding: 0; overflow-wrap: normal }
.bubble:has(.table, figure) { max-width: 100% }
.table { overflow-x: auto; background: linear-gradient(90deg, var(--_bubble) 24px, #0000) local, linear-gradient(-90deg, var(--_bubble) 24px, #0000) local, linear-gradient(90deg, #7f7f7f80, #0000 12px), linear-gradient(-90deg, #7f7f7f80, #0000 12px) }
table { border-collapse: collapse; font-size: 14px }
th, td { border: 1px solid var(--_line); padding: 5px 9px; overflow-wrap: normal }
th:not([align]) { text-align: start }
.sources { border-block-start: 1px solid var(--_line); padding-block-start: 6px }
.sources ul { list-style: none }
.sources li { margin-inline-start: 0 }
.sources a { display: inline-block; padding: 2px 0 }
`;
