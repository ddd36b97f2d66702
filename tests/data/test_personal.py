"""Personal data: what is found, what looks like it and is none, in English and Chinese."""

import pytest

from taskfit.data.personal import is_card, is_resident, personal_in

FOUND = [
    ("write to John.Doe+x@mail.acme.org.", "email", "John.Doe+x@mail.acme.org"),
    ("邮箱zhang3@qq.com，谢谢", "email", "zhang3@qq.com"),
    ("10086123@163.com", "email", "10086123@163.com"),
    ("call +44 20 7946 0958 now", "phone", "+44 20 7946 0958"),
    ("Ruf an: +49 (30) 1234567", "phone", "+49 (30) 1234567"),
    ("call (415) 867-5309", "phone", "(415) 867-5309"),
    ("call 415-867-5309.", "phone", "415-867-5309"),
    ("call +1 415 867 5309 today", "phone", "+1 415 867 5309"),
    ("电话13812345678谢谢", "phone", "13812345678"),
    ("手机：+86 138-1234-5678", "phone", "+86 138-1234-5678"),
    ("8618612345679", "phone", "8618612345679"),
    ("座机010-62345678转3", "phone", "010-62345678"),
    ("(0755)26543210", "phone", "(0755)26543210"),
    ("身份证11010519491231002X。", "resident", "11010519491231002X"),
    ("card 4532 0151 1283 0366 ok", "card", "4532 0151 1283 0366"),
    ("card 4532015112830366", "card", "4532015112830366"),
    ("amex 3714 496353 98431", "card", "3714 496353 98431"),
    ("卡号6222021234567890128", "bank_card", "6222021234567890128"),
    ("pay to GB82 WEST 1234 5698 7654 32 soon", "iban", "GB82 WEST 1234 5698 7654 32"),
    ("IBAN DE89370400440532013000", "iban", "DE89370400440532013000"),
    ("his number is 536-22-1234", "ssn", "536-22-1234"),
    ("from 61.135.169.121 at", "ip", "61.135.169.121"),
    ("host 2001:4860:4860::8888 up", "ip", "2001:4860:4860::8888"),
    ("车牌京A12345违停", "plate", "京A12345"),
    ("粤B·D12345", "plate", "粤B·D12345"),
]
NOBODYS = [
    "alice@example.com, bob@mail.example.org, git@github.com, icon@2x.png, @app.route, a@b",
    "version 1.22.33.144, v4.40.120.199, ==61.135.169.121, section 1.2.3.4, 192.168.100.200, 127.0.0.1, 8.8.8.8",
    "call 800-555-0199 or 1-800-273-8255, +1 212 555 0123, 555-0123",
    "https://zhihu.com/p/19714987272 and 2023-05-01 12:30:45, 1700000000, 1700000000000",
    "身份证110105194912310021，卡号4532015112830367，6222021234567890127，订单20230501123456789",
    "078-05-1120 and 123-45-6789 and 000-12-3456 and 900-12-3456 and 666-12-3456",
    "GB82 WEST 1234 5698 7654 33, DE00370400440532013000, AB12CDEF34567890",
    "std::vector<int> a::b; dead::beef; 12:30:45:10",
    "0.1234567890123456 3.14159265358979 1,234,567,890 1 2 3 4 5 6 7 8 9 10 11 12",
    "新A股市场，京A级景区，川ABCDEFG，0000000000000000，11111111111",
    "第13812345678901条，编号A13812345678，uuid 550e8400-e29b-41d4-a716-446655440000",
]


@pytest.mark.parametrize(("text", "kind", "words"), FOUND)
def test_personal_data_is_found_with_its_place(text, kind, words):
    assert [(one.kind, text[one.start : one.end]) for one in personal_in(text)] == [(kind, words)]


@pytest.mark.parametrize("text", NOBODYS)
def test_what_is_nobodys_is_left_alone(text):
    assert [text[one.start : one.end] for one in personal_in(text)] == []


def test_numbers_beside_numbers_are_each_found():
    text = "2023-05-01 13812345678 13987654321 61.135.169.121 4532 0151 1283 0366"
    assert [one.kind for one in personal_in(text)] == ["phone", "phone", "ip", "card"]


def test_the_same_number_is_the_same_however_it_is_written():
    told = {one.same for one in personal_in("13812345678, 138 1234 5678, +86 138-1234-5678, 8613812345678")}
    assert told == {"13812345678"}
    assert len({one.same for one in personal_in("A@Acme.org a@acme.org (415) 867-5309 +1-415-867-5309")}) == 2


def test_check_digits_are_those_of_the_standards():
    assert is_resident("11010519491231002X")  # the example of GB 11643-1999
    assert not is_resident("110105194902310026")  # no 31 February
    assert is_card("378282246310005")
    assert not is_card("378282246310006")
    wrong = [f"1101051949123100{n:02}" for n in range(100) if is_resident(f"1101051949123100{n:02}")]
    assert len(wrong) == 9  # of the ten with a digit at the end one has the check digit X


def test_real_manuals_and_laws_hold_nobodys_data(shared_data):
    for folder in ("techdocs_bilingual", "laws_zh"):
        files = sorted((shared_data / folder).rglob("*.md"))
        assert len(files) > 50
        for file in files:
            assert [*personal_in(file.read_text("utf-8"))] == [], file
