"""Personal data in texts, English and Chinese: one scan finds candidates, shapes and checksums decide.

What is reserved for examples (example.com, 555-01xx, private addresses) is nobody's and is not found.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from taskfit.core.text import Text
from taskfit.data.entity import Entity

KINDS = {
    "email": Text("e-mail addresses", "电子邮箱"),
    "phone": Text("phone numbers", "电话号码"),
    "ip": Text("IP addresses", "IP 地址"),
    "plate": Text("Chinese licence plates", "车牌号"),
    "resident": Text("Chinese resident ids", "居民身份证号"),
    "ssn": Text("US social security numbers", "美国社会保障号"),
    "card": Text("payment cards", "支付卡号"),
    "bank_card": Text("Chinese bank cards (UnionPay)", "银行卡号（银联）"),
    "iban": Text("bank accounts (IBAN)", "银行账号（IBAN）"),
}
IDENTITY = ("resident", "ssn", "card", "bank_card", "iban")
"""Numbers that belong to one person and open something: these block."""

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# The first character is a set, so that the scan skips all others at the speed of a loop in C; what it is decides what
# may follow. Numbers are only candidates here: `_NUMBERS` looks at them again.
_SCAN = re.compile(
    rf"[@:0-9{_PROVINCES}]"
    r"(?:(?<=@)(?P<domain>(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24})(?![A-Za-z0-9_-])"
    r"|(?<=:)(?P<ip6>(?::|[0-9A-Fa-f]{1,4}:)[0-9A-Fa-f:]*)"
    rf"|(?<=[{_PROVINCES}])(?P<plate>[A-HJ-NP-Z][·•. ]?(?:[DF][0-9A-HJ-NP-Z][0-9]{{4}}|[0-9]{{5}}[DF]"
    r"|[0-9A-HJ-NP-Z]{4}[0-9A-HJ-NP-Z挂学警港澳]))(?![A-Za-z0-9])"
    r"|(?<=(?<![A-Za-z0-9])[A-Z]{2}[0-9])(?P<iban>[0-9](?: ?[A-Z0-9]){11,30})(?![A-Za-z0-9])"
    r"|(?<![0-9A-Za-z._-][0-9])(?P<ip4>[0-9]{0,2}(?:\.[0-9]{1,3}){3})(?![0-9A-Za-z_]|\.[0-9])"
    r"|(?<![0-9A-Za-z_][0-9])(?P<number>(?:[ .()（）-]{0,2}[0-9]){6,}))"
)
_CODES = (
    r"7|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[124]|9[0-58]|21[1236-8]|2[2-6][0-9]|29[0179]|35[0-9]|37[0-8]"
    r"|38[0-35-79]|42[013]|50[0-9]|59[0-9]|67[02-9]|68[0-9]|69[0-2]|85[02356]|88[06]|96[0-8]|97[0-9]|99[234568]"
)
_NUMBERS = re.compile(
    r"(?<![0-9A-Za-z._-])(?P<address>[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?![0-9A-Za-z_]|\.[0-9])"
    r"|(?<![0-9A-Za-z])(?P<resident>[1-9][0-9]{5}(?:19|20)[0-9]{6}[0-9]{3}[0-9Xx])(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z-])(?P<ssn>(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4})(?![0-9A-Za-z-])"
    r"|(?<![0-9A-Za-z_./-])(?P<mobile>(?:(?:\+|00)?86[ -]?)?"
    r"1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])(?P<cut>[ -]?)[0-9]{4}(?P=cut)[0-9]{4})(?![0-9A-Za-z_]|[.-][0-9])"
    r"|(?<![0-9A-Za-z._-])(?:(?P<card>[0-9]{13,19}|[0-9]{4}(?P<gap>[ -])[0-9]{4}(?P=gap)[0-9]{4}(?:(?P=gap)[0-9]{1,4}){1,2}"
    r"|3[47][0-9]{2}(?P<wide>[ -])[0-9]{6}(?P=wide)[0-9]{5}))(?![0-9A-Za-z_]|[.-][0-9])"
    r"|(?<![0-9A-Za-z_.-])(?P<landline>(?:(?:\+|00)86[ -]?)?"
    r"(?:[(（]0(?:10|2[0-9]|[3-9][0-9]{2})[)）][ -]?|0(?:10|2[0-9]|[3-9][0-9]{2})-)[2-9][0-9]{6,7}(?:-[0-9]{1,4})?)(?![0-9A-Za-z_-])"
    r"|(?<![0-9A-Za-z_.+-])(?P<nanp>(?:\+1[ .-]?|1[.-])?(?:\([2-9][0-9]{2}\)[ -]?|(?<=\+1)[2-9][0-9]{2}"
    r"|[2-9][0-9]{2}(?P<dash>[.-])|(?<=\+1 )[2-9][0-9]{2} )(?!555[ .-]?01)[2-9][0-9]{2}(?(dash)(?P=dash)|[ .-]?)[0-9]{4})(?![0-9A-Za-z_]|[.-][0-9])"
    rf"|(?<![0-9A-Za-z_+])(?P<abroad>\+(?:{_CODES})(?:[ .-]?(?:\([0-9]{{1,4}}\)|[0-9]{{1,12}})){{1,6}})(?![0-9A-Za-z_])"
)
_LOCAL = re.compile(r"(?:[A-Za-z0-9_+%][A-Za-z0-9._%+-]*)\Z")
_NOBODY = {"git", "hg", "noreply", "no-reply", "donotreply", "username", "user", "example", "your", "name"}
_NO_DOMAIN = {"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "py", "html", "json", "md", "local", "invalid"}
_EXAMPLES = re.compile(
    r"(?:^|\.)(?:example[a-z-]*\.[a-z]+|(?:domain|email|test|(?:your-?)?(?:domain|company)|website|x+)\.com)$"
)
_FREE_CALLS = ("800", "888", "877", "866", "855", "844", "833", "822", "900")
_VERSION = re.compile(
    r"(?:\bv(?:ersion|er)?|[版本号]|\brelease|\bbuild|==|>=|<=|~=|[/@-])[ .:：]{0,2}\Z", re.IGNORECASE
)
_KNOWN_SSN = {"078-05-1120", "219-09-9999", "123-45-6789"}
_IBAN = dict(
    re.findall(
        r"([A-Z]{2})([0-9]{2})",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 "
        "EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 "
        "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 "
        "NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 "
        "TN24 TR26 UA29 VA22 VG24 XK20",
    )
)
_WEIGHTS = tuple(2**place % 11 for place in range(17, 0, -1))


def personal_in(text: str) -> Iterator[Entity]:
    """Yield what is personal in a text, in order; nothing of it twice."""
    last = 0
    found = sorted(_all_in(text), key=lambda one: (one.start, -one.end))
    for one in found:
        if one.start >= last:
            last = one.end
            yield one


def _all_in(text: str) -> Iterator[Entity]:
    for seen in _SCAN.finditer(text):
        made = _JUDGES[seen.lastgroup or ""](text, seen)
        if made is None:
            continue
        yield from (made,) if isinstance(made, Entity) else made


def _email(text: str, seen: re.Match[str]) -> Entity | None:
    local = _LOCAL.search(text, max(0, seen.start() - 64), seen.start())
    domain = seen["domain"].casefold()
    if local is None or local[0].casefold() in _NOBODY or domain.rpartition(".")[2] in _NO_DOMAIN:
        return None
    if _EXAMPLES.search(domain):
        return None
    return Entity("email", local.start(), seen.end(), f"{local[0]}@{domain}".casefold())


def _ip4(text: str, seen: re.Match[str]) -> Entity | None:
    try:
        address = IPv4Address(seen[0])
    except AddressValueError:
        return None
    # Numbers of versions and sections are small; addresses of anybody hardly ever are in all four places.
    if not address.is_global or address.is_multicast or max(address.packed) <= 20:
        return None
    if _VERSION.search(text, max(0, seen.start() - 12), seen.start()) and not text.endswith("//", 0, seen.start()):
        return None
    return Entity("ip", *seen.span(), str(address))


def _ip6(text: str, seen: re.Match[str]) -> Entity | None:
    first = text[max(0, seen.start() - 5) : seen.start()]
    group = re.search(r"(?<![0-9A-Za-z:])[23][0-9A-Fa-f]{3}\Z", first)
    if group is None:
        return None
    start = seen.start() - 4
    try:
        address = IPv6Address(text[start : seen.end()])
    except AddressValueError:
        return None
    return Entity("ip", start, seen.end(), str(address)) if address.is_global else None


def _plate(text: str, seen: re.Match[str]) -> Entity | None:  # noqa: ARG001
    if sum(one.isdigit() for one in seen[0]) < 3:
        return None
    return Entity("plate", *seen.span(), re.sub(r"[·•. ]", "", seen[0]))


def _iban(text: str, seen: re.Match[str]) -> Entity | None:
    start = seen.start() - 2
    packed = text[start : seen.end()].replace(" ", "")
    size = int(_IBAN.get(packed[:2], "0"))
    if not size or len(packed) < size:
        return None
    words = packed[:size]
    turned = "".join(str(int(one, 36)) for one in words[4:] + words[:4])
    end = next(end for end in range(start + size, seen.end() + 1) if text[start:end].replace(" ", "") == words)
    return Entity("iban", start, end, words) if int(turned) % 97 == 1 else None


def _numbers(text: str, seen: re.Match[str]) -> Iterator[Entity]:
    # A plus, a bracket or 86 may stand before the first digit, an X and a boundary behind the last one.
    at, end = max(0, seen.start() - 2), min(len(text), seen.end() + 2)
    while one := _NUMBERS.search(text, at, end):
        made = _number(text, one)
        at = one.end() if made else one.start() + 1
        if made:
            yield made


def _number(text: str, one: re.Match[str]) -> Entity | None:
    if one["address"]:
        return _ip4(text, one)
    shape = next(name for name in _SHAPES if one[name] is not None)
    digits = re.sub(r"[^0-9Xx]", "", one[0]).upper()
    kind = _SHAPES[shape](digits)
    same = digits.removeprefix("00").removeprefix("86") if shape in ("mobile", "landline") else digits
    return Entity(kind, *one.span(), same.removeprefix("1") if shape == "nanp" else same) if kind else None


def is_resident(number: str) -> bool:
    """Return whether 18 characters are a Chinese resident id: region, birth date, check digit (GB 11643, mod 11-2)."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(one) for weight, one in zip(_WEIGHTS, number[:17], strict=True))
    region = number[0] in "12345678" and number[1] in "1234567"
    return region and date(1900, 1, 1) <= born <= date.today() and "10X98765432"[total % 11] == number[17]


def is_card(number: str) -> bool:
    """Return whether digits are the number of a payment card: the Luhn check, and a range that is given out."""
    doubled = sum(sum(divmod(2 * int(one), 10)) for one in number[-2::-2])
    return (sum(map(int, number[::-2])) + doubled) % 10 == 0 and _issued(number)


def _issued(number: str) -> bool:
    size, four = len(number), int(number[:4])
    if len(set(number)) < 4:
        return False
    if number[0] == "4":
        return size in (13, 16, 19)
    if 5100 <= four < 5600 or 2221 <= four <= 2720 or 3528 <= four < 3590:
        return size == 16
    if four == 6011 or 6440 <= four < 6600:
        return size in (16, 19)
    if four // 100 in (34, 37):
        return size == 15
    if four // 100 in (36, 38, 39) or 3000 <= four < 3060:
        return size == 14
    return four // 100 == 62 and 16 <= size <= 19


def _card(digits: str) -> str:
    if not is_card(digits):
        return ""
    return "bank_card" if digits.startswith("62") else "card"


def _ssn(digits: str) -> str:
    return "" if f"{digits[:3]}-{digits[3:5]}-{digits[5:]}" in _KNOWN_SSN else "ssn"


def _nanp(digits: str) -> str:
    area = digits.removeprefix("1")[:3]
    return "" if area in _FREE_CALLS or len(set(digits)) < 4 else "phone"


def _abroad(digits: str) -> str:
    return "phone" if 9 <= len(digits) <= 15 and len(set(digits)) > 3 else ""


_SHAPES: dict[str, Callable[[str], str]] = {
    "resident": lambda digits: "resident" if is_resident(digits) else _card(digits) if digits[-1] != "X" else "",
    "card": _card,
    "ssn": _ssn,
    "mobile": lambda digits: "phone" if len(set(digits)) > 3 else "",
    "landline": lambda digits: "phone",  # noqa: ARG005
    "nanp": _nanp,
    "abroad": _abroad,
}
_JUDGES: dict[str, Callable[[str, re.Match[str]], Entity | Iterator[Entity] | None]] = {
    "domain": _email,
    "ip6": _ip6,
    "ip4": _ip4,
    "plate": _plate,
    "iban": _iban,
    "number": _numbers,
}
