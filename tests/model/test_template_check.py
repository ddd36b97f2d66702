"""Hostile chat templates are refused in seconds; ordinary ones are let through with remarks on what they do."""

import os
import time

import pytest

from taskfit.core.errors import ModelError
from taskfit.model.template import PLAIN, ChatTemplate
from taskfit.model.template_check import (
    DROPS_SYSTEM,
    NO_END,
    NOT_A_PREFIX,
    ONE_TURN,
    REFUSES_SYSTEM,
    TODAY,
    TWO_STARTS,
    check_template,
)

TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}"
OPEN = "{% if add_generation_prompt %}<assistant>{% endif %}"
GOOD = TURNS + OPEN

HOSTILE = {
    "class walk": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "class by item": "{{ ''['__class__'] }}",
    "class by filter": "{{ ''|attr('__class__') }}",
    "class by map": "{{ ['']|map(attribute='__class__')|list }}",
    "class by parts": "{% set n = '_' ~ '_class_' ~ '_' %}{{ (''|attr(n)).mro() }}",
    "globals of a helper": "{{ raise_exception.__globals__ }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "format": "{{ '{0.__class__.__mro__}'.format(1).x.y }}{{ ''.x.y }}",
    "behind a condition": "{% if messages|length > 1000 %}{{ self.__init__ }}{% endif %}",
    "change the messages": "{{ messages.append(1) }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "from import": "{% from 'os' import path %}",
    "extends": "{% extends '/etc/passwd' %}",
    "endless": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}"
    "{% endfor %}{% endfor %}",
    "range": "{{ range(10**9)|list }}",
    "folded bomb": "{{ 'A' * 10000000000 * 20 }}",
    "power": "{{ 10 ** (10 ** 10) }}",
    "bomb in a loop": "{% set ns = namespace(x='AAAA') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
    "{{ ns.x }}",
    "padding bomb": "{{ '%1000000000d' % 1 }}{{ 'a'.center(3000000000) }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "long": "{% for i in range(90000) %}long{% endfor %}",
    "no such filter": "{{ 1|nothing }}",
    "always raises": "{{ raise_exception('no') }}",
    "division": "{{ 1 / 0 }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_refused(name: str):
    begin = time.monotonic()
    with pytest.raises(ModelError, match="refused"):
        check_template(ChatTemplate(HOSTILE[name] + GOOD))
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("source", [OPEN, "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"])
def test_a_template_that_loses_what_is_said_is_refused(source: str):
    with pytest.raises(ModelError, match="leaves out the text"):
        check_template(ChatTemplate(source))


@pytest.mark.parametrize(
    ("source", "remark"),
    [
        ("{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + GOOD, REFUSES_SYSTEM),
        (GOOD.replace("in messages", "in messages if m.role != 'system'"), DROPS_SYSTEM),
        ("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}" + OPEN, NO_END),
        (TURNS + "{% if add_generation_prompt %}<bot>{% endif %}", NOT_A_PREFIX),
        ("{{ bos_token }}{{ bos_token }}" + GOOD, TWO_STARTS),
        ("{% if messages|length > 2 %}{{ raise_exception('one turn') }}{% endif %}" + GOOD, ONE_TURN),
        ("{{ strftime_now('%Y') }}" + GOOD, TODAY),
    ],
)
def test_says_what_an_odd_template_does(source: str, remark: object):
    assert check_template(ChatTemplate(source, {"bos_token": "<s>"})) == (remark,)


def test_nothing_is_said_of_a_good_template():
    assert check_template(ChatTemplate(GOOD)) == ()


def test_the_plain_layout_has_only_a_blank_line_after_an_answer():
    assert check_template(PLAIN) == (NO_END,)


def test_the_trial_sees_no_secrets(monkeypatch: pytest.MonkeyPatch):
    from taskfit.model import template_check

    seen = {}
    run = template_check.subprocess.run
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr(
        template_check.subprocess, "run", lambda *args, **given: seen.update(given) or run(*args, **given)
    )
    check_template(ChatTemplate(GOOD + " "))
    assert os.environ["OPENAI_API_KEY"] not in seen["env"].values()
