"""Secrets: what is found, and which placeholders of manuals are not. None of these was ever valid."""

import random
import string

import pytest

from taskfit.data.secret import secrets_in

DICE = random.Random(7)


def made(count, letters=string.ascii_letters + string.digits):
    return "9" + "".join(DICE.choice(letters) for _ in range(count - 1))


BASE32 = string.ascii_uppercase + "234567"
FOUND = [
    ("openai", f"key sk-{made(48)}."),
    ("openai", f"key sk-proj-{made(60)}."),
    ("openai", f"key sk-ant-api03-{made(80)} x"),
    ("github", f"ghp_{made(36)}"),
    ("github", f"令牌：ghs_{made(36)}，请保密"),
    ("gitlab", f"glpat-{made(20)}"),
    ("aws", f"AKIA{made(16, BASE32).replace('9', '7')}"),
    ("google", f"AIza{made(35)}"),
    ("slack", f"xoxb-{made(11, string.digits)}-{made(12, string.digits)}-{made(24)}"),
    ("slack", f"https://hooks.slack.com/services/T{made(8)}/B{made(8)}/{made(24)}"),
    ("huggingface", f"hf_{made(34)}"),
    ("stripe", f"sk_live_{made(24)}"),
    ("alibaba", f"LTAI{made(20)}"),
    ("telegram", f"bot {made(9, string.digits)}:AA{made(33)}"),
    ("jwt", f"eyJ{made(20)}.eyJ{made(40)}.{made(43)}"),
    (
        "private_key",
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{made(400)}\n-----END RSA PRIVATE KEY-----",
    ),
    ("private_key", f"-----BEGIN PRIVATE KEY-----\n{made(64)}"),
    ("url_password", "postgres://admin:hunter2xx@db.acme.org/app"),
    ("assigned", f'api_key = "{made(32)}"'),
    ("assigned", f"'client_secret': '{made(40)}'"),
]
NONE = [
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx sk-your-api-key-goes-right-here task-oriented-dialogue-systems-2023",
    "risk-adjusted-return-on-capital-employed hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "AKIAIOSFODNN7EXAMPLE", "password = 'password'", 'api_key="EMPTY"', "token: 'sample_token_of_the_manual_1'",
    "https://user:password@example.com http://localhost:8080/@me", "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "sha = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_secrets_are_found(kind, text):
    assert [one.kind for one in secrets_in(text)] == [kind]


@pytest.mark.parametrize("text", NONE)
def test_placeholders_and_hashes_are_left_alone(text):
    assert [text[one.start : one.end] for one in secrets_in(text)] == []


def test_a_private_key_is_found_to_its_end():
    text = FOUND[15][1]
    (one,) = secrets_in(f"before {text} after")
    assert one.end == len("before ") + len(text)


def test_real_manuals_hold_no_secret(shared_data):
    for file in sorted((shared_data / "techdocs_bilingual").rglob("*.md")):
        assert [*secrets_in(file.read_text("utf-8"))] == [], file
