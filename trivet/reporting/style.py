"""How the pages look: on a phone, on a wide screen, by day and by night, on paper."""

CSS = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--line:#dfe4ea;--card:#fff;--back:#f3f5f8;--main:#1f6f6b;
--bar:#2f8f89;--track:#e4e9ee;--mark:#1b2430;--warn:#a4480f;--warnback:#fdf0e6;--hit:#e3f3f1;--radius:14px}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#a3afbc;--line:#2d3743;--card:#19212a;--back:#10161d;
--main:#6cc7c0;--bar:#4bb0a8;--track:#2a3541;--mark:#f2f5f8;--warn:#f2a46b;--warnback:#33241a;--hit:#173834}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--back);color:var(--ink);line-height:1.6;overflow-wrap:anywhere;
font:16px/1.6 system-ui,-apple-system,"Segoe UI","PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC",
"Noto Sans SC","Source Han Sans SC","Trivet Letters",sans-serif}
main{max-width:860px;margin:0 auto;padding:28px 16px 56px}
header{border-top:6px solid var(--main);background:var(--card);border-radius:var(--radius);padding:24px 28px;
box-shadow:0 1px 3px rgb(0 0 0/.08)}
.eyebrow{margin:0;color:var(--main);font-size:13px;font-weight:650;letter-spacing:.06em}
h1{margin:2px 0 14px;font-size:30px;line-height:1.25}
h2{margin:0 0 4px;font-size:19px}
h3{margin:0;font-size:16px}
section{margin-top:18px;background:var(--card);border-radius:var(--radius);padding:22px 28px;
box-shadow:0 1px 3px rgb(0 0 0/.08)}
.note{margin:0 0 14px;color:var(--soft);font-size:14px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:10px 24px;margin:0}
.facts dt{color:var(--soft);font-size:13px}
.facts dd{margin:0}
.decides{margin:18px 0 0;padding:10px 14px;border-radius:10px;background:var(--warnback);color:var(--warn);font-size:14px}
.chart{display:grid;grid-template-columns:minmax(96px,170px) 1fr auto;gap:10px 14px;align-items:center;margin:0 0 20px}
.chart svg{display:block;width:100%;height:16px}
.chart .n{font-variant-numeric:tabular-nums;font-weight:650;text-align:right}
.track{fill:var(--track)}.bar{fill:var(--bar)}.low{fill:var(--warn)}.mark{fill:var(--mark)}
.score{border-top:1px solid var(--line);padding:14px 0}
.score:last-child{padding-bottom:0}
.score p{margin:0;color:var(--soft);font-size:14px}
.score .gap{color:var(--warn)}
ul{margin:6px 0 0;padding:0;list-style:none}
ul.points li{padding:6px 0 6px 16px;border-left:3px solid var(--bar);margin-top:8px}
ul.points.work li{border-color:var(--warn)}
.quotes li{display:grid;grid-template-columns:58px 1fr;gap:10px;padding:5px 0}
.quotes a,.time{color:var(--main);font-variant-numeric:tabular-nums;font-size:14px;text-decoration:none}
.quotes a:hover,.quotes a:focus{text-decoration:underline}
.tag{display:inline-block;margin-left:8px;padding:0 8px;border-radius:99px;background:var(--track);color:var(--soft);
font-size:12px}
.tag.against{background:var(--warnback);color:var(--warn)}
table{width:100%;border-collapse:collapse;font-size:15px}
th{color:var(--soft);font-weight:500;font-size:13px}
th,td{text-align:left;padding:6px 10px 6px 0;border-bottom:1px solid var(--line)}
td.num,th.num{text-align:right;font-variant-numeric:tabular-nums}
.chips li{display:inline-block;margin:0 8px 8px 0;padding:3px 12px;border-radius:99px;background:var(--track)}
ol.talk{margin:0;padding:0;list-style:none}
ol.talk li{display:grid;grid-template-columns:58px 1fr;gap:10px;padding:5px 8px;border-radius:8px}
ol.talk li.cut{margin-top:16px}
ol.talk li.counted{background:var(--hit)}
ol.talk li:target{outline:2px solid var(--main)}
details{border-top:1px solid var(--line);padding:10px 0}
summary{cursor:pointer}
details dl{margin:8px 0 0;font-size:14px}
details dt{color:var(--soft)}
details dd{margin:0 0 6px;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12.5px}
footer{margin-top:22px;color:var(--soft);font-size:13px;text-align:center}
@media (max-width:560px){main{padding:0 0 40px}header,section{border-radius:0;padding:20px 18px}h1{font-size:25px}
.chart{grid-template-columns:1fr auto;gap:2px 12px}.chart .what{grid-column:1/-1;margin-top:8px;font-size:15px}
.quotes li,ol.talk li{grid-template-columns:48px 1fr}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#ccc;--card:#fff;--back:#fff;--main:#14524f;--bar:#2f8f89;
--track:#e4e9ee;--mark:#000;--warn:#8a3a08;--warnback:#fff;--hit:#eef6f5}
body{font-size:11pt}main{max-width:none;padding:0}header,section{box-shadow:none;padding:10pt 0;border-radius:0}
.score,li,tr,.chart{break-inside:avoid}h2,h3{break-after:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""
