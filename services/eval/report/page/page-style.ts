/**
 * The style sheet of report and comparison. System fonts only; colors are variables with a light and a dark value, and
 * print takes the light ones. The eight series colors keep their order of lightness apart for the three common kinds of
 * color blindness (after Okabe and Ito, "Color universal design", 2008, the light ones darkened for white paper).
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #fdfdfc; --card: #ffffff; --text: #1c2024; --soft: #5b6470; --rule: #dde1e6; --grid: #e7eaee;
  --accent: #0b63b0; --wash: #f3f5f8;
  --removed: #9b1c1c; --removed-wash: #fdeaea; --added: #0f5c3a; --added-wash: #e3f5ea; --code-wash: #fff1c9;
  --s0: #0072b2; --s1: #d55e00; --s2: #00846a; --s3: #b0579a; --s4: #8a6a00; --s5: #3d9bd6; --s6: #5a3fa0; --s7: #6b7280;
  --sign: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1b1f24; --text: #e6e9ec; --soft: #a2abb5; --rule: #343b43; --grid: #2a3037;
    --accent: #7cbcf5; --wash: #20252b;
    --removed: #ffb1b1; --removed-wash: #4a2024; --added: #9be3bb; --added-wash: #173b29; --code-wash: #4a3d12;
    --s0: #56a8e0; --s1: #f0824a; --s2: #2fc19c; --s3: #dd8fc6; --s4: #d8b12f; --s5: #a5d8ff; --s6: #ab94ec; --s7: #98a2ae;
    --sign: #10151a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; overflow-wrap: break-word; max-width: 1120px; padding: 40px clamp(16px, 4vw, 40px) 80px; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", "PingFang SC",
    "Microsoft YaHei", sans-serif;
}
:lang(zh-Hant), :lang(zh-TW), :lang(zh-HK), :lang(yue) {
  font-family: system-ui, "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif;
}
h1 { margin: 0 0 4px; font-size: 1.75rem; line-height: 1.25; letter-spacing: -0.01em; }
h2 { margin: 56px 0 12px; font-size: 1.25rem; line-height: 1.3; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; }
p { margin: 0 0 12px; max-width: 72ch; }
a { color: var(--accent); }
.lead, .note, figcaption, .faint { color: var(--soft); }
.note { font-size: 0.875rem; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.875em; }
code { overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 16px 0 0; padding: 0; list-style: none; }
.warnings { margin: 24px 0 0; padding: 12px 16px 12px 36px; border-left: 4px solid var(--s1); background: var(--wash); }
.warnings li + li { margin-top: 4px; }

dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 6px 24px; margin: 24px 0 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
dl.facts ul { margin: 0; padding: 0; list-style: none; }

.scroll { overflow-x: auto; margin: 0 0 16px; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.9375rem; font-variant-numeric: tabular-nums lining-nums; }
th, td { padding: 6px 14px; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: baseline; }
th:first-child, td:first-child { padding-left: 0; }
thead th { color: var(--soft); font-size: 0.8125rem; font-weight: 600; white-space: nowrap; border-bottom-color: var(--soft); }
tbody th { font-weight: 500; }
tbody tr.group th { padding-top: 20px; font-weight: 700; border-bottom-color: var(--soft); }
.num { text-align: right; white-space: nowrap; }
td.num small, .interval { color: var(--soft); font-size: 0.8125rem; }
td.num small { display: block; }
[class^="verdict-"] { white-space: nowrap; }
.verdict-better { color: var(--added); font-weight: 600; }
.verdict-worse { color: var(--removed); font-weight: 600; }
.verdict-unclear { color: var(--soft); }
th.name { max-width: 20rem; overflow-wrap: anywhere; }

.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 36px 48px; }
.plots.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 312px)); gap: 36px; }
.plots + .plots { margin-top: 44px; }
figure { margin: 0; min-width: 0; }
figure h3 { margin: 0 0 10px; }
figcaption { margin-top: 6px; font-size: 0.875rem; }
svg.plot { display: block; width: 100%; height: auto; max-width: 560px; overflow: visible; font-family: inherit; }
.plot text { fill: var(--text); font-size: 13px; font-variant-numeric: tabular-nums; }
.plot .tick, .plot .quantity { fill: var(--soft); }
.plot .quantity { font-size: 12.5px; font-style: italic; }
.plot .faint, .plot .small { font-size: 11.5px; }
.plot .tiny { font-size: 10px; }
.plot .middle { text-anchor: middle; }
.plot .end { text-anchor: end; }
.plot .grid { stroke: var(--grid); stroke-width: 1; }
.plot .axis { stroke: var(--soft); stroke-width: 1; }
.plot .ideal { stroke: var(--soft); stroke-dasharray: 2 4; }
.plot .marker { stroke: var(--text); stroke-width: 1.5; }
.plot .line { fill: none; stroke: var(--c, var(--text)); stroke-width: 2; stroke-linejoin: round; }
.plot .whisker { stroke: var(--c, var(--text)); stroke-width: 1.25; opacity: 0.75; }
.plot .mark { fill: var(--c, var(--text)); stroke: var(--page); stroke-width: 1; }
.plot .mark.hollow { fill: var(--page); stroke: var(--c); stroke-width: 2; }
.plot .bar { fill: var(--c, var(--text)); }
.plot .pale { fill-opacity: 0.45; }
.plot text.sign { fill: var(--sign); font-weight: 600; }
.plot .dash1 { stroke-dasharray: 7 3; }
.plot .dash2 { stroke-dasharray: 2 3; }
.plot .dash3 { stroke-dasharray: 9 3 2 3; }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); }
.s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); } .s7 { --c: var(--s7); }

.filter {
  display: flex; flex-wrap: wrap; align-items: end; gap: 12px 16px; margin: 16px 0 20px; padding: 14px 16px;
  background: var(--wash); border-radius: 8px;
}
.filter[hidden] { display: none; }
.filter label { display: grid; gap: 3px; color: var(--soft); font-size: 0.8125rem; min-width: 0; }
.filter select, .filter input {
  height: 36px; padding: 0 8px; border: 1px solid var(--soft); border-radius: 5px; background: var(--card); color: var(--text);
  font: inherit; font-size: 0.9375rem; max-width: 15rem; min-width: 7rem;
}
.filter .search { flex: 1 1 12rem; }
.filter .search input { width: 100%; max-width: none; }
.filter :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.filter output { flex-basis: 100%; font-size: 0.875rem; color: var(--soft); }

.card { margin: 0 0 16px; padding: 16px 20px 18px; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
.card[hidden] { display: none; }
.card header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; margin-bottom: 10px; }
.card h3 { overflow-wrap: anywhere; min-width: 0; }
.card header .faint { min-width: 0; }
.card header .faint { font-size: 0.875rem; overflow-wrap: anywhere; }
.reasons { margin: 0 0 12px; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 4px 8px; }
.reasons li { min-width: 0; max-width: 100%; padding: 1px 9px; border: 1px solid var(--rule); border-radius: 99px; font-size: 0.8125rem; color: var(--soft); overflow-wrap: anywhere; }
.card audio { display: block; width: 100%; max-width: 480px; height: 40px; margin: 0 0 12px; }
.crop { display: flex; flex-direction: column-reverse; align-items: flex-start; gap: 6px; margin: 0 0 12px; }
.crop label { color: var(--soft); font-size: 0.8125rem; }
.crop img { display: block; width: auto; height: auto; max-width: 100%; max-height: 360px; border: 1px solid var(--rule); border-radius: 4px; background: #fff; }
.crop label:has(:checked) + img { max-height: none; }
.readings { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr); gap: 10px 18px; margin: 0; }
.readings dt { font-size: 0.875rem; color: var(--soft); overflow-wrap: anywhere; padding-top: 2px; }
.readings dt b { display: block; color: var(--text); font-weight: 600; }
.readings dd { margin: 0; min-width: 0; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; line-height: 1.7; }
.text:empty::before, .empty { content: "(empty)"; color: var(--soft); font-style: italic; }
del, ins { border-radius: 3px; padding: 1px 2px; }
del { color: var(--removed); background: var(--removed-wash); text-decoration: line-through; text-decoration-thickness: 1.5px; }
ins { color: var(--added); background: var(--added-wash); text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 3px; }
.swap { border-bottom: 0; white-space: normal; }
.swap del { border-radius: 3px 0 0 3px; }
.swap ins { border-radius: 0 3px 3px 0; }
.swap del, .swap ins { white-space: pre-wrap; }
.fold { padding: 0 6px; border-radius: 3px; background: var(--wash); color: var(--soft); font-size: 0.8125rem; white-space: nowrap; }
.code { padding: 0 3px; margin: 0 1px; border: 1px solid var(--soft); border-radius: 3px; background: var(--code-wash); color: var(--text);
  font: 600 0.6875rem/1.3 ui-monospace, Menlo, Consolas, monospace; white-space: nowrap; unicode-bidi: isolate; }
.failed { color: var(--removed); font-size: 0.875rem; margin: 0 0 4px; }
.more { margin-top: 12px; }
.more > summary { cursor: pointer; color: var(--accent); font-size: 0.875rem; }
.more .readings { margin-top: 10px; }
.changes { margin: 6px 0 0; padding: 0; list-style: none; font-size: 0.9375rem; }
.changes .arrow { color: var(--soft); padding: 0 6px; }
.key { font-size: 0.9375rem; }

@media (max-width: 560px) {
  body { padding-top: 24px; }
  dl.facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dl.facts dd { margin-bottom: 10px; }
  .readings { grid-template-columns: minmax(0, 1fr); gap: 2px; }
  .readings dt { padding-top: 8px; }
  .readings dt b { display: inline; margin-right: 8px; }
  .card { padding: 14px 14px 16px; }
  th, td { padding: 6px 10px; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #ffffff; --card: #ffffff; --text: #000000; --soft: #4b5563; --rule: #cccccc; --grid: #e2e2e2; --wash: #f3f3f3;
    --accent: #0b63b0;
    --removed: #9b1c1c; --removed-wash: #fdeaea; --added: #0f5c3a; --added-wash: #e3f5ea; --code-wash: #fff1c9;
    --s0: #0072b2; --s1: #d55e00; --s2: #00846a; --s3: #b0579a; --s4: #8a6a00; --s5: #3d9bd6; --s6: #5a3fa0; --s7: #6b7280;
    --sign: #ffffff;
  }
  body { max-width: none; padding: 0; font-size: 11pt; }
  nav, .filter, audio, .crop label { display: none; }
  .card, figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding: 3px 7px; }
  thead th, .interval, td.num small { font-size: 7.5pt; }
  .plots { grid-template-columns: 1fr 1fr; gap: 24px 28px; }
  .plots.small { grid-template-columns: 1fr 1fr 1fr; }
}
`;
