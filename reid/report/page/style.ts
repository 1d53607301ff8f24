import { cssGradient, HEAT } from '../drawing/colour-map.js';

/** Colours by what they are for; the dark ones are lighter and calmer, not inverted. */
const LIGHT = `--paper:#fff;--band:#f5f6f7;--ink:#1d2126;--pale:#5c646d;--rule:#dfe3e7;--accent:#2a62ad;--right:#147a3d;--wrong:#c2303a;
--s0:#2a62ad;--s1:#c8621a;--s2:#1f8a6d;--s3:#8350b5;--s4:#c23b74;--s5:#6b6f2a;--heat:#d9772b;--faint:#aab2ba`;
const DARK = `--paper:#16191d;--band:#1e2227;--ink:#e4e7ea;--pale:#9ba4ae;--rule:#32383f;--accent:#7fb0ef;--right:#4fc27d;--wrong:#f07178;
--s0:#7fb0ef;--s1:#f0a35e;--s2:#5cc8a8;--s3:#bd97e6;--s4:#f088b0;--s5:#c3c66b;--heat:#c9661b;--faint:#5f6973`;

/** The page's style. No class of it comes from data. */
export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
@media print{:root{color-scheme:light;${LIGHT}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.page{max-width:1120px;margin:0 auto;padding:clamp(20px,5vw,56px) clamp(16px,4vw,40px)}
h1{font-size:clamp(1.6rem,4vw,2.2rem);line-height:1.2;font-weight:650;letter-spacing:-.015em;margin:0 0 .3em}
h2{font-size:1.3rem;line-height:1.3;font-weight:620;letter-spacing:-.01em;margin:0 0 1.1rem;padding-top:1.1rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;font-weight:620;margin:2rem 0 .3rem}
h2+h3{margin-top:0}
p{margin:0 0 .8rem;max-width:44rem}
section{margin-top:clamp(2.4rem,5vw,3.6rem);scroll-margin-top:1rem}
.subtitle{color:var(--pale);margin:0}
.note,figcaption small{color:var(--pale);font-size:.84rem;line-height:1.45}
bdi{unicode-bidi:isolate}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:1.4rem 0 0;padding:0;font-size:.9rem}
a{color:var(--accent);text-decoration-thickness:1px;text-underline-offset:.18em}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
.keys{display:flex;flex-wrap:wrap;gap:1.2rem clamp(1.6rem,5vw,3.4rem);margin:2rem 0 0}
.keys div{display:flex;flex-direction:column-reverse}
.keys dt{color:var(--pale);font-size:.88rem}
.keys dd{margin:0;font-size:clamp(1.7rem,5vw,2.4rem);line-height:1.15;font-weight:600;letter-spacing:-.02em;white-space:nowrap}
.keys dd small{font-size:.5em;font-weight:500;color:var(--pale);letter-spacing:0;margin-left:.12em}
.wide{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.92rem;line-height:1.4}
th,td{padding:.42rem .8rem;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap;vertical-align:baseline}
th{font-weight:500;color:var(--pale)}
thead th{font-size:.84rem}
th:first-child,td:first-child{padding-left:0;text-align:left}
tbody th{color:var(--ink);font-weight:400}
tr.own th,tr.own td{font-weight:620}
.figures{width:100%;table-layout:fixed;min-width:34rem}
.figures th:first-child{width:30%;white-space:normal}
.beside{display:grid;grid-template-columns:minmax(0,1fr);gap:2rem 3rem}
@media (min-width:68rem){.beside{grid-template-columns:minmax(0,1.3fr) minmax(0,1fr)}}
table+.note,.wide+.note{margin-top:.6rem}
.facts{width:100%;max-width:44rem}
.facts th,.facts td{text-align:left;white-space:normal;padding:.3rem 1rem .3rem 0}
.facts th{width:18rem;color:var(--pale);font-weight:400}
.columns .facts th{width:14rem}
.columns{columns:2 26rem;column-gap:3rem}
.columns table{break-inside:auto}
.columns tr{break-inside:avoid}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:2rem 2.4rem}
figure{margin:0;min-width:0}
.chart{max-width:33rem}
.chart>figcaption,.heat-table>figcaption{font-weight:600;font-size:.95rem;margin-bottom:.35rem}
.chart svg{display:block;width:100%;height:auto;overflow:visible}
.chart .note{margin:.4rem 0 0}
.frame{fill:none;stroke:var(--rule);stroke-width:1}
svg text{font-size:11.5px;fill:var(--pale)}
.labels text{fill:var(--ink)}
.grid path{stroke:var(--rule);stroke-width:1;fill:none;shape-rendering:crispEdges}
.base{stroke:var(--pale);stroke-width:1;fill:none;shape-rendering:crispEdges}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.raw{stroke-width:1;opacity:.4}
.area{fill-opacity:.28;stroke-width:1.4;stroke-linejoin:round}
path.mark{stroke:var(--ink);stroke-width:1;stroke-dasharray:3 3;fill:none}
text.mark{fill:var(--ink)}
.points circle{fill:var(--c,var(--faint));stroke:var(--paper);stroke-width:.6}
.points .ring{fill:var(--paper);stroke:var(--c,var(--faint));stroke-width:1.8}
.points{transition:opacity .12s}
svg:has(.points:hover) .points:not(:hover){opacity:.12}
${[0, 1, 2, 3, 4, 5].map((i) => `.line.s${i}{stroke:var(--s${i})}.area.s${i}{stroke:var(--s${i});fill:var(--s${i})}.swatch.s${i}{background:var(--s${i})}`).join('')}
.line.s1:not(.raw){stroke-dasharray:7 3}.line.s2:not(.raw){stroke-dasharray:2 3.5}.line.s4:not(.raw){stroke-dasharray:7 3 2 3}
.dot{stroke:var(--paper);stroke-width:1}
.dot.best,.swatch.tone.best{fill:var(--s1);background:var(--s1)}
.dot.kept,.swatch.tone.kept{fill:var(--s0);background:var(--s0)}
.dot.dropped,.swatch.tone.dropped{fill:var(--faint);background:var(--faint)}
.swatch.tone.lost{background:var(--wrong)}
.swatch.tone{width:.6rem;height:.6rem;border-radius:50%}
.way{fill:none;stroke-width:1.2;stroke-linejoin:round;stroke-linecap:round;stroke:var(--faint)}
.way.kept{stroke:var(--s0)}
.way.best{stroke:var(--s1);stroke-width:2.2}
.cross{fill:none;stroke:var(--wrong);stroke-width:1.6}
.command{white-space:pre-wrap;background:var(--band);margin:.6rem 0 0;padding:.8rem 1rem;border-radius:4px;font:.86rem/1.5 ui-monospace,Menlo,Consolas,monospace}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1rem;margin:.4rem 0 0;padding:0;font-size:.84rem;color:var(--pale)}
.legend li{display:flex;align-items:center;gap:.4rem}
.swatch{width:1.1rem;height:3px;border-radius:2px}
.swatch.area{width:.8rem;height:.8rem;opacity:.55}
.swatch.line.s1{background:repeating-linear-gradient(90deg,var(--s1) 0 7px,transparent 7px 10px)}
.swatch.line.s2{background:repeating-linear-gradient(90deg,var(--s2) 0 2px,transparent 2px 5px)}
.swatch.line.s4{background:repeating-linear-gradient(90deg,var(--s4) 0 7px,transparent 7px 9px,var(--s4) 9px 11px,transparent 11px 13px)}
.heat-table table{font-size:.88rem}
.heat-table td{min-width:3.6rem;border:1px solid var(--paper);background:color-mix(in oklab,var(--heat) calc(var(--v)*.62),var(--band))}
.heat-table thead td,.heat-table .none{background:none}
.heat-table .none{color:var(--pale)}
.heat-table th{border:0}
.heat-table thead th:first-child{white-space:normal;min-width:4rem}
.heat-table th[scope=colgroup]{text-align:center}
.heat-table .note{margin-top:.5rem}
.ranked{display:grid;grid-template-columns:minmax(64px,88px) 1fr;gap:0 clamp(10px,2vw,20px);padding:1rem 0;border-top:1px solid var(--rule)}
h3+.ranked,.note+.ranked{border-top:0}
.ranked header{grid-column:1/-1;margin-bottom:.5rem;font-size:.92rem}
.ranked header b{font-weight:620}
.ranked header span{color:var(--pale)}
.ranked ol{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(64px,1fr));gap:10px 8px}
.item{font-size:.74rem;line-height:1.35;color:var(--pale);max-width:96px}
.item img{display:block;width:100%;height:auto;border-radius:3px;outline:2.5px solid var(--faint);outline-offset:-1px}
.item.right img{outline-color:var(--right)}
.item.wrong img{outline-color:var(--wrong)}
.item figcaption{margin-top:.4rem}
.item b{font-weight:600;color:var(--ink)}
.item.right .mark{color:var(--right)}
.item.wrong .mark{color:var(--wrong)}
.item .mark{font-weight:700}
.place{display:flex;justify-content:space-between;gap:.3em;white-space:nowrap}
@media (min-width:60rem){.ranked ol{grid-template-columns:repeat(10,minmax(0,1fr))}}
.looks{border-collapse:separate;border-spacing:0}
.looks th,.looks td{border:0;padding:0 10px 14px 0;text-align:left;vertical-align:bottom;font-size:.8rem;white-space:normal}
.looks thead th{padding-bottom:6px;max-width:112px;font-weight:500}
.looks img{display:block;width:112px;height:auto;border-radius:3px}
.looks tbody th{font-weight:400;width:12rem;min-width:8.5rem;vertical-align:top;color:var(--pale);padding-right:16px}
.looks tbody th b{display:block;font-weight:600;color:var(--ink)}
.ramp{display:flex;align-items:center;gap:.6rem;font-size:.8rem;color:var(--pale)}
.ramp i{width:10rem;height:.6rem;border-radius:2px;background:${cssGradient(HEAT)}}
.plate img{display:block;max-width:100%;height:auto;background:#fff;border-radius:3px}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--pale);font-size:.84rem}
@media (max-width:34rem){
svg text{font-size:12.8px}
th,td{padding-left:.5rem;padding-right:.5rem}
.facts th,.columns .facts th{width:45%}
.figures{min-width:0;font-size:.8rem}
.figures th,.figures td{padding:.4rem 0 .4rem .3rem}
.figures thead th{font-size:.68rem}
.figures th:first-child{width:21%;padding-left:0}
.ranked{grid-template-columns:64px minmax(0,1fr);grid-template-rows:auto auto}
.ranked header{grid-column:2;grid-row:1;align-self:center;margin:0}
.ranked>.item{grid-column:1;grid-row:1;margin-bottom:.8rem}
.ranked ol{grid-column:1/-1;grid-template-columns:repeat(5,minmax(0,1fr))}
.looks img{width:84px}
.looks tbody th{width:6rem;min-width:6rem;padding-right:10px}
.heat-table td{min-width:2.7rem}
.heat-table table{font-size:.78rem}
}
@media print{
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:10.5pt}
.page{max-width:none;padding:0}
nav{display:none}
h2,h3{break-after:avoid}
.chart,.ranked,.looks tr,.heat-table,.keys{break-inside:avoid}
.wide{overflow:visible}
.charts{grid-template-columns:1fr 1fr}
.beside .chart{max-width:20rem}
.ranked{grid-template-columns:62px minmax(0,1fr)}
.ranked ol{grid-template-columns:repeat(10,minmax(0,1fr));gap:8px 5px}
.item{font-size:.6rem}
.looks img{width:84px}
.looks tbody th{min-width:6rem;width:7rem}
}
`;
