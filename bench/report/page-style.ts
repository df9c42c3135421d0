/** The style sheet of the report's page: light and dark by the reader's choice, plain on paper. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6775; --line: #dde3ea; --back: #ffffff; --card: #f6f8fa;
  --c0: #0b63ce; --c1: #c2410c; --c2: #15803d; --c3: #7c3aed; --c4: #be185d; --c5: #64748b;
  --s0: #f59e0b; --s1: #8b5cf6; --s2: #0b63ce; --s3: #14b8a6; --s4: #94a3b8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #9aa7b5; --line: #2c3642; --back: #10151b; --card: #171e26;
  --c0: #6cb2ff; --c1: #fb923c; --c2: #4ade80; --c3: #c4a5ff; --c4: #f472b6; --c5: #94a3b8;
  --s0: #fbbf24; --s1: #a78bfa; --s2: #6cb2ff; --s3: #2dd4bf; --s4: #64748b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 24px 20px 60px; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 36px 0 4px; }
p { margin: 4px 0; } .soft { color: var(--soft); }
.verdict { margin: 16px 0; padding: 12px 16px; border-left: 4px solid var(--c0); background: var(--card); border-radius: 4px; }
.verdict p { font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px; margin: 14px 0; }
figure { margin: 0; padding: 12px 14px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; break-inside: avoid; }
.shares { grid-column: 1 / -1; }
figcaption { font-weight: 600; margin-bottom: 6px; }
figure > svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg .mark-label { fill: var(--ink); font-weight: 600; }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); } .mark { stroke: var(--ink); stroke-dasharray: 3 4; }
.line { fill: none; stroke-width: 2; } .dashed { stroke-dasharray: 7 4; } .dotted { stroke-dasharray: 2 3; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 6px 0 0; padding: 0; font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; } .legend svg { width: 26px; height: 8px; } .legend i { width: 12px; height: 12px; border-radius: 3px; }
${[0, 1, 2, 3, 4, 5].map((i) => `path.c${i} { stroke: var(--c${i}); } circle.c${i} { fill: var(--c${i}); }`).join(' ')}
${[0, 1, 2, 3, 4].map((i) => `.s${i} { background: var(--s${i}); }`).join(' ')}
.bar { display: grid; grid-template-columns: minmax(90px, 210px) 1fr 84px; gap: 10px; align-items: center; font-size: 13px; margin: 3px 0; }
.bar span { overflow-wrap: anywhere; } .bar b { display: flex; height: 14px; border-radius: 3px; overflow: hidden; } .bar em { font-style: normal; text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child, td:nth-child(2), th:nth-child(2), td:last-child, th:last-child { text-align: left; }
tr.base td { color: var(--soft); } tr.failed td { color: var(--c1); } td:last-child { white-space: normal; min-width: 130px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 8px 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #ccc; --back: #fff; --card: #fff;
  --c0: #0b63ce; --c1: #c2410c; --c2: #15803d; --c3: #7c3aed; --c4: #be185d; --c5: #64748b; }
  body { max-width: none; padding: 0; font-size: 11px; } h2 { break-before: auto; break-after: avoid; } .plots { grid-template-columns: 1fr 1fr; } .legend { font-size: 9px; } .bar { font-size: 9px; margin: 0; }
  table { font-size: 9px; } tr { break-inside: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
