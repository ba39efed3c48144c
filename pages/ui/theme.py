"""The style sheet that makes Streamlit look like Init Lab, in one place for all pages."""

from functools import cache

from pages.figures import palette
from pages.figures.palette import Palette

# Selectors are Streamlit 1.67's test ids and our own keys (st-key-…) and classes (lab-…).
_RULES = """
[data-testid=stMainBlockContainer]{padding:1rem 3rem 2rem;max-width:92.5rem;margin:0 auto 0 0}
[data-testid=stMainBlockContainer]>[data-testid=stVerticalBlock]{gap:.5rem}
[data-testid=stHeader]{height:0;min-height:0;background:none}
[data-testid=stSidebarHeader]{height:2.25rem;min-height:0;margin:0;padding-top:.75rem}
[data-testid=stSidebarUserContent]{padding:0 1.5rem 1.5rem}
[data-testid=stSidebar] [data-testid=stVerticalBlock]{gap:.6rem}
[data-testid=stSidebar][data-collapsed=true]{visibility:hidden}
[data-testid=stSidebar] hr{margin:.35rem 0}
[data-testid=stLayoutWrapper]:has(>.st-key-chart){height:clamp(19rem,calc(100svh - 17.5rem),40rem)!important;flex:0 0 auto!important}
.st-key-nav{border-bottom:0;row-gap:0}
.st-key-nav [data-testid=stPageLink] a{padding:.25rem .5rem}
.st-key-nav>:first-child{margin-left:-.5rem}
.stApp:not(:has([data-testid=stSidebar])) [data-testid=stMainBlockContainer]{margin:0 auto}
.lab-mark{font:600 1.25rem 'Source Serif',serif;margin:0;color:var(--ink)}
.lab-right{display:flex;gap:.9rem;font-size:14px;align-items:center;height:2.5rem;margin:0}
.st-key-nav [data-testid=stHtml]{line-height:0}
.lab-right a{color:var(--ink2)!important}
.lab-right b{color:var(--ink)}
.lab-context,.lab-hint,.lab-note{font-size:14px;line-height:1.45;color:var(--ink2);margin:0}
.lab-context b{color:var(--ink)}
.lab-hint{margin-top:-.35rem}
.lab-group{font-size:12px;font-weight:600;letter-spacing:.06em;text-transform:uppercase;color:var(--ink2);margin:.35rem 0 0;padding-top:.7rem;border-top:1px solid var(--line)}
.lab-headline{font:600 1.75rem/1.22 'Source Serif','Songti SC','Noto Serif CJK SC',serif;margin:.1rem 0;text-wrap:balance;color:var(--ink)}
.lab-lead{font-size:1.0625rem;line-height:1.55;max-width:46rem;margin:.2rem 0 .6rem}
.lab-verdict{font-size:17px;line-height:1.5;margin:0 0 .6rem}
.lab-verdict b{font-weight:600}
.lab-warn{color:var(--warning)}
.lab-refusal{font-size:14px;line-height:1.4;color:var(--warning);margin:-.2rem 0 0}
.lab-table{width:100%;border-collapse:collapse;font-size:15px;font-variant-numeric:tabular-nums lining-nums;border:0}
.lab-table th,.lab-table td{padding:.45rem 0 .45rem .5rem!important;text-align:right;border:0!important;border-bottom:1px solid var(--rule)!important;font-weight:400;color:var(--ink)}
.lab-table thead th{font-size:14px;color:var(--ink2);border-bottom:1px solid var(--ink)!important}
.lab-table th:first-child{text-align:left;padding-left:0!important}
.lab-table td.law{color:var(--law)}
.lab-table td.off{color:var(--ink2)}
.lab-table td.bad{color:var(--warning);font-weight:600}
.lab-table caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.lab-scroll{max-height:34rem;overflow:auto}
.lab-scroll thead th{position:sticky;top:0;background:var(--paper)}
.lab-note{margin-top:.5rem}
.lab-note a{color:var(--law)!important}
.lab-cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem 3rem}
.st-key-formula p{font-size:18px;line-height:1.6;margin:0}
.st-key-tab-body{padding-top:.25rem}
html:lang(zh) .lab-headline{font-family:'Source Sans','PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC',sans-serif;line-height:1.4}
html:lang(zh) .lab-note,html:lang(zh) .lab-hint,html:lang(zh) .lab-lead,html:lang(zh) .lab-verdict{line-height:1.65}
html:lang(zh) .lab-group{letter-spacing:0}
:focus-visible{outline:2px solid var(--law)!important;outline-offset:2px}
@media(max-width:1400px){.lab-headline{font-size:1.5rem}.lab-verdict{font-size:16px;line-height:1.4}.lab-table{font-size:14px}.lab-table th,.lab-table td{padding-top:.38rem!important;padding-bottom:.38rem!important}[data-testid=stMainBlockContainer]{padding:.6rem 2rem 1rem}}
@media(max-width:640px){.lab-headline{font-size:1.375rem}[data-testid=stMainBlockContainer]{padding:.5rem 1rem 2rem}.lab-wide{display:none}[data-testid=stLayoutWrapper]:has(>.st-key-chart){height:21.5rem!important}.st-key-nav{padding-left:2.5rem}}
@media(prefers-reduced-motion:reduce){*{transition:none!important;animation:none!important}}
"""


@cache
def style_sheet(look: Palette) -> str:
    """Return the sheet for one theme, as a style element."""
    line = "#C9C7C1" if look is palette.LIGHT else "#474C54"
    roles = ("paper", "ink", "ink2", "rule", "law", "warning")
    variables = ";".join(f"--{role}:{getattr(look, role)}" for role in roles)
    return f"<style>:root{{{variables};--line:{line}}}{_RULES}</style>"
