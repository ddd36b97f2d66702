"""E-mail addresses, phones, identity and bank numbers, addresses on the net, licence plates; with their checksums."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.checking import Chunk, Hit, Means, RowCheck, Whole, percent
from taskfit.data.finding import STEP, RowFinding, Severity, Tally, counted
from taskfit.data.joined_texts import joined_texts
from taskfit.data.personal import IDENTITY, KINDS, personal_in

AROUND = 20
RULES = {
    "email": Text("name@domain; reserved domains (example.com) aside", "name@domain；不含示例域名（example.com）"),
    "phone": Text(
        "an international number with +, a Chinese mobile or landline number, a North American one; free calls and 555-01xx aside",
        "带 + 的国际号码、中国手机或固定电话、北美号码；免费电话与 555-01xx 除外",
    ),
    "ip": Text(
        "a public IPv4 or IPv6 address; versions and addresses with only small numbers aside",
        "公网 IPv4 或 IPv6 地址；版本号与仅含小数字的地址除外",
    ),
    "plate": Text("province, letter, five or six characters", "省份简称、字母及五至六位字符"),
    "resident": Text(
        "18 characters with a region, a birth date and a right check digit (GB 11643)",
        "18 位，含地区、出生日期与正确校验码（GB 11643）",
    ),
    "ssn": Text("ddd-dd-dddd in the ranges that are given out", "ddd-dd-dddd，且在发放范围内"),
    "card": Text("13 to 19 digits in a range of a card issuer, with a right Luhn digit", "13 至 19 位，属发卡号段且通过 Luhn 校验"),
    "bank_card": Text("16 to 19 digits that begin with 62, with a right Luhn digit", "62 开头的 16 至 19 位，且通过 Luhn 校验"),
    "iban": Text("the length of its country, and 1 modulo 97", "长度符合所属国家且模 97 余 1"),
}  # fmt: skip


@dataclass(frozen=True)
class PersonalData(RowCheck):
    """Each kind of personal data; numbers that identify somebody block."""

    title: ClassVar[Text] = Text("personal data", "个人信息")

    def find(self, chunk: Chunk, means: Means) -> Iterable[Hit]:  # noqa: ARG002
        """Yield the kinds of personal data of each row; shown without what makes it somebody's."""
        told = set[tuple[str, int]]()
        whole, last = chunk.shared(joined_texts), 0
        for one in personal_in(whole.text):
            row = whole.row(one.start)
            if (one.kind, row) not in told:
                told.add((one.kind, row))
                before = whole.text[max(whole.starts[row], last, one.start - AROUND) : one.start]
                yield one.kind, row, f"{before}{hidden(whole.text[one.start : one.end])}"
            last = one.end

    def finish(self, part: Tally, whole: Whole) -> Iterator[RowFinding]:
        """Yield one finding for each kind."""
        for kind, title in KINDS.items():
            count = part[kind]
            if not count:
                continue
            share = percent(count / max(1, whole.rows))
            what = Text(f"{title.en}: {counted(count)} ({share})", f"{title.zh}：{count:,} 行（{share}）")
            severity: Severity = "block" if kind in IDENTITY else "warn"
            told = Text("any blocks", "有即阻止") if kind in IDENTITY else Text("any warns", "有即警告")
            rule = Text(f"{RULES[kind].en}; {told.en}", f"{RULES[kind].zh}；{told.zh}")
            fix = {"mask_personal": {"kinds": [kind]}}
            shown = part.shown(kind)
            yield RowFinding(f"personal_{kind}", severity, what, count, shown, rule=rule, fix=fix, effort=STEP)


def hidden(words: str) -> str:
    """Return the first characters of what shall not be shown in a report."""
    return f"{words[:4]}…"
