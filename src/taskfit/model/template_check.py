"""The check of a chat template at intake: foreign code, tried out once in a child process with limits, before it is used."""

import json
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from taskfit.core.errors import ModelError
from taskfit.core.sandbox import child
from taskfit.core.text import Text
from taskfit.model.template import ChatTemplate
from taskfit.model.template_tools import probes

SECONDS = 20.0
SANDBOX = "taskfit.model.template_sandbox"

_SYSTEM, _USER, _ANSWER = "SYSTEM-2c81", "USER-90d4", "ANSWER-7f3a"


def check_template(template: ChatTemplate) -> tuple[Text, ...]:
    """Return remarks on what the template does with a conversation; raise ModelError when it must not be used.

    Refused: reaching for files or Python's internals, endless loops, too much memory, templates that cannot write a
    question and its answer. The child has 3 processor seconds, 512 MB, no files to write and no environment variables.
    """
    return _checked(template.source, tuple(sorted(template.variables.items())))


@lru_cache(maxsize=64)
def _checked(source: str, variables: tuple[tuple[str, str], ...]) -> tuple[Text, ...]:
    found = _try_in_child({"source": source, "variables": dict(variables), "talks": _talks()})
    if "refused" in found:
        raise _refused(str(found["refused"]))
    return _remarks(ChatTemplate(source, dict(variables)), found["texts"])


def _talks() -> dict[str, object]:
    system, user, answer = (
        {"role": role, "content": content}
        for role, content in (("system", _SYSTEM), ("user", _USER), ("assistant", _ANSWER))
    )
    return {
        "question": {"messages": [user], "answer_next": True},
        "answered": {"messages": [user, answer], "answer_next": False},
        "several": {"messages": [user, answer] * 8 + [user], "answer_next": True},
        "system": {"messages": [system, user], "answer_next": True},
        **probes(),  # branches that only tools or thoughts reach are foreign code, too
    }


def _try_in_child(order: Mapping[str, object]) -> dict[str, Any]:
    command, kept = child(SANDBOX)  # surrogates in a template stay escaped in JSON
    try:
        done = subprocess.run(
            command, input=json.dumps(order).encode(), capture_output=True, timeout=SECONDS, env=kept, check=False
        )
    except subprocess.TimeoutExpired:
        raise _refused(f"no end after {SECONDS:.0f} s") from None
    ready, _, answer = done.stdout.partition(b"\n")
    if ready != b"ready":
        raise RuntimeError(f"the template check did not start: {done.stderr.decode(errors='replace')[-500:]}")
    try:
        found = json.loads(answer)
    except ValueError:  # killed by a limit before it could say anything
        raise _refused(f"too much time or memory (the trial ended with {done.returncode})") from None
    assert isinstance(found, dict)
    return found


def _remarks(template: ChatTemplate, texts: Mapping[str, Mapping[str, str]]) -> tuple[Text, ...]:
    question = _written(texts["question"], _USER, "a question")
    answered = _written(texts["answered"], _ANSWER, "an answer")
    remarks = [_on_system(texts["system"])]
    if not answered.rpartition(_ANSWER)[2].strip():
        remarks.append(NO_END)
    if not answered.startswith(question):
        remarks.append(NOT_A_PREFIX)
    start = template.variables.get("bos_token", "")
    if start and question.startswith(start * 2):
        remarks.append(TWO_STARTS)
    if "error" in texts["several"]:
        remarks.append(ONE_TURN)
    if "strftime_now" in template.source:
        remarks.append(TODAY)
    return tuple(remark for remark in remarks if remark is not None)


def _written(tried: Mapping[str, str], word: str, what: str) -> str:
    if "error" in tried:
        raise _refused(f"it cannot write {what}: {tried['error']}")
    if word not in tried["text"]:
        raise _refused(f"it leaves out the text of {what}")
    return tried["text"]


def _on_system(tried: Mapping[str, str]) -> Text | None:
    if "error" in tried:
        return REFUSES_SYSTEM
    return None if _SYSTEM in tried["text"] else DROPS_SYSTEM


def _refused(reason: str) -> ModelError:
    return ModelError(
        Text(f"the chat template is refused: {reason}", f"拒绝使用该对话模板：{reason}"),
        todo=Text(
            "look at the template before you trust this model; a chat_template.jinja of your own takes its place",
            "请先检查该模板再决定是否信任此模型；可用自己的 chat_template.jinja 代替它",
        ),
    )


REFUSES_SYSTEM = Text(
    "the chat template refuses a system turn: its text is put before the first user turn",
    "对话模板不接受 system 消息：其内容会放到第一条用户消息之前",
)
DROPS_SYSTEM = Text(
    "the chat template drops the system turn without a word: its text is put before the first user turn",
    "对话模板会悄悄丢弃 system 消息：其内容会放到第一条用户消息之前",
)
NO_END = Text(
    "the chat template writes no end-of-turn mark after an answer: a model trained with it learns to stop only "
    "from an end-of-text token added by the trainer",
    "对话模板在回答之后不写结束标记：只有训练时另加结束符，模型才能学会停止",
)
NOT_A_PREFIX = Text(
    "with this chat template the open prompt is not the beginning of the answered conversation (it changes earlier "
    "text or adds to the answer): the start of the answer must be looked for",
    "使用该对话模板时，待回答的提示不是已回答对话的开头（它改动前文或在回答前添加内容）：需要另行定位回答的起点",
)
TWO_STARTS = Text("the chat template writes the beginning-of-text token twice", "对话模板把文本起始符写了两次")
ONE_TURN = Text("the chat template cannot write a conversation of several turns", "对话模板无法写出多轮对话")
TODAY = Text(
    "the chat template writes the current date into the prompt: results may differ from day to day",
    "对话模板会把当前日期写入提示：不同日期的结果可能不同",
)
