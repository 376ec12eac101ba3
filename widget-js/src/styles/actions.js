export const actions = /* css */ `
.does { font-weight: 600; margin-block-end: 8px }
.asking dl > div { display: flex; flex-wrap: wrap; gap: 0 10px; margin: 0 }
.asking dt { min-width: 35%; line-height: 24px }
.asking dd { margin: 0; min-width: 0 }
.decide { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 12px }
.decide > * { flex: 1 0 auto; width: auto; max-width: 100%; min-height: 40px; height: auto; padding: 5px 16px; font-size: 15px }
.decide .chip { border-radius: 10px }
.said { font-size: 14px; color: var(--_dim) }
.said:empty { display: none }
.decide:not([hidden]) ~ .said { margin-block-start: 8px }
`;
