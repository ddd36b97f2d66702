"""What answers say: repetition, refusals, cut ends, echoes, languages, noise, forms; in English and Chinese."""

import pytest

from doctor_rows import clean, found, lines, talk

NAMES = (
    *("repetition", "refusals", "impossible", "cut_off", "echoes", "languages", "noise", "chinese_forms"),
    *("answer_format", "lengths", "length_outliers", "length_mix"),
)


@pytest.mark.parametrize("name", NAMES)
def test_sound_answers_are_left_alone(name):
    assert {one: finding.what.en for one, finding in found(name, clean(120)).items()} == {}


@pytest.mark.parametrize(
    "answer",
    [
        "the cat sat on the mat and " * 12,
        "我们需要注意的是安全问题。" * 9,
        "yes no " * 40,
        "word " * 20 + "end of it all, the very end",
    ],
)
def test_answers_that_repeat_themselves_are_found(answer):
    finding = found("repetition", [*clean(), talk(1, "go on", answer)])["repetition"]
    assert lines(finding) == [1]
    assert finding.fix == {"drop_repetition": {"grams": 0.3, "ratio": 5.0}}


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I cannot help with that request.",
        "As an AI language model, I have no feelings.",
        "I am just an AI, I can't eat.",
        "Unfortunately, I am unable to open links.",
        "作为一个人工智能助手，我没有感情。",
        "很抱歉，我无法提供实时信息。",
        "对不起，作为语言模型，我不能浏览网页。",
        "我只是一个由开发者训练的语言模型。",
    ],
)
def test_refusals_and_self_talk_are_found(answer):
    finding = found("refusals", [*clean(), talk(1, "do it", answer)])["refusals"]
    assert lines(finding) == [1]
    assert (
        finding.severity,
        found("refusals", [*clean(), talk(1, "do it", answer)], refused=0.5)["refusals"].severity,
    ) == (
        "warn",
        "info",
    )


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry to hear that your cat is ill. Rest will help.",
        "AI is a field of computer science.",
        "人工智能是计算机科学的一个分支。",
        "抱歉的意思是对别人感到歉意。",
        "I cannot recommend this restaurant enough: the soup is superb.",
    ],
)
def test_words_that_only_look_like_refusals_are_left_alone(answer):
    assert found("refusals", [*clean(), talk(1, "say it", answer)]) == {}


@pytest.mark.parametrize(
    "answer",
    [
        "No article was provided, please send it.",
        "Please provide the text you want summarised.",
        "您没有提供需要翻译的句子。",
    ],
)
def test_answers_that_miss_an_input_are_found(answer):
    assert lines(found("refusals", [*clean(), talk(1, "Summarise the article.", answer)])["missing_input"]) == [1]
    long = talk(1, "Summarise the article. " + "It says much. " * 60, answer)
    assert "missing_input" not in found("refusals", [*clean(), long])


@pytest.mark.parametrize(
    ("asked", "impossible"),
    [
        ("Describe the following image.", True),
        ("Draw a picture of a cat.", True),
        ("Summarise https://example.com/news/1", True),
        ("Remind me to call my mother.", True),
        ("请画一张猫的图片", True),
        ("描述下面的图片", True),
        ("What is the plot of the novel?", False),
        ("Draw a conclusion from these facts.", False),
        ("Extract the domain of this URL: https://example.com/a", False),
        ("这张桌子多少钱？", False),
    ],
)
def test_tasks_that_words_cannot_do(asked, impossible):
    findings = found("impossible", [*clean(), talk(1, asked, "Well, here is an answer.")])
    assert ([lines(one) for one in findings.values()] == [[1]]) is impossible
    assert "impossible" not in found("impossible", [talk(1, asked, "ok", tools=("{}",))])


@pytest.mark.parametrize(
    ("answer", "cut"),
    [
        ("There are three colours that I like: red, green, and", True),
        ("今天我们去公园，看到了花、树、草，还有很多美丽的小鸟，它们在唱歌，", True),
        ("The best way to learn is to practise every day (", True),
        ("word " * 50 + "and this long last line simply stops where the tokens of the model ran", True),
        ("There are three colours that I like: red, green and blue.", False),
        ("Do it today, it is worth it! #health #sport #everyday #life", False),
        ("def add(a, b):\n    return a + b\n\nprint(add(1, 2),", False),
        ("今天我们去公园，看到了花、树、草，还有很多美丽的小鸟。", False),
        ("1. Red\n2. Green\n3. Blue\n4. Yellow\n5. Orange\n6. Black", False),
    ],
)
def test_answers_that_end_in_the_middle(answer, cut):
    assert ("cut_off" in found("cut_off", [*clean(), talk(1, "go", answer)])) is cut


def test_answers_that_repeat_the_question_are_found():
    text = "The quick brown fox jumps over the lazy dog near the old river bank."
    rows = [
        *clean(),
        talk(1, "Why is the sky blue?", "Why is the sky blue?"),
        talk(
            2,
            "Explain to me why the sky is blue on a clear day.",
            "Explain to me why the sky is blue on a clear day. It is.",
        ),
        talk(3, f"Say what you think of this.\n{text}", text.replace("quick", "swift")),
        talk(4, f"Correct the grammar.\n{text}", text),
        talk(5, f"请翻译下面的句子。\n{text}", text),
        talk(6, "为什么天是蓝的？", "为什么天是蓝的？"),
    ]
    assert lines(found("echoes", rows)["echoes"]) == [1, 2, 3, 6]


def test_answers_in_another_language_are_found():
    rows = [
        *clean(),
        talk(1, "请介绍一下你的家乡有什么特色", "My home town is known for its old bridges and quiet rivers."),
        talk(2, "Tell me about your home town.", "我的家乡有很多古老的桥和安静的河流，每年春天都有很多游客来参观。"),
        talk(3, "请把这句话翻译成英文：你好，很高兴认识你", "Hello, it is very nice to meet you."),
        talk(
            4,
            "Translate into Chinese: my home town has old bridges.",
            "我的家乡有很多古老的桥和安静的河流，每年春天都有游客。",
        ),
        talk(5, "写一个打招呼的函数", "def greet(name):\n    print('hello', name)\n    return None"),
    ]
    finding = found("languages", rows, warn=0.01)["language_mismatch"]
    assert (lines(finding), finding.severity) == ([1, 2], "warn")


def test_noise_and_endless_words_are_found():
    rows = [
        *clean(),
        talk(1, "show", "-----===+++***///\\\\\\|||###@@@!!!???...,,,"),
        talk(2, "encode", "QUJD" * 400),
        talk(3, "公式", "好" * 1200),
    ]
    findings = found("noise", rows)
    assert (lines(findings["noise"]), lines(findings["unbroken_text"])) == ([1], [2])


def test_mixed_forms_of_chinese_are_told():
    rows = [
        *clean(80),
        talk(1, "說一說這個問題", "我們應該認真對待這個問題。"),
        talk(2, "写一句话", "今天天气很好,我们去公园。"),
        talk(3, "写数字", "价格是１２３元。"),
    ]
    findings = found("chinese_forms", rows)
    assert {name: lines(one) for name, one in findings.items()} == {
        "traditional": [1],
        "half_marks": [2],
        "wide_letters": [3],
    }
    assert {one.severity for one in findings.values()} == {"info"}


def test_answers_that_leave_the_common_form_are_told():
    rows = [talk(n, f"q {n}", f"Answer: {n}") for n in range(90)] + [
        talk(n, f"q {n}", f"It is {n}.") for n in range(90, 96)
    ]
    finding = found("answer_format", rows)["answer_format"]
    assert (finding.count, lines(finding)) == (6, list(range(90, 96)))
    chinese = [talk(n, f"问{n}", f"答案：{n}") for n in range(90)] + [
        talk(n, f"问{n}", f"是{n}号") for n in range(90, 96)
    ]
    assert found("answer_format", chinese)["answer_format"].count == 6
    assert found("answer_format", rows[:90]) == {}


def test_lengths_far_from_the_others_are_listed():
    rows = [
        *clean(150),
        talk(1, "q " * 5000, clean(2)[0].answer),
        talk(2, "why?", "word " * 3000),
    ]
    findings = found("length_outliers", rows)
    assert (findings["prompt_lengths"].count, findings["answer_lengths"].count) == (2, 1)
    assert sorted(lines(findings["prompt_lengths"])) == [1, 2]
    assert lines(found("lengths", rows)["long_rows"]) == [1, 2]


def test_very_short_answers_among_long_ones_are_told():
    long = "This answer has many words, so that all of them together rule the loss. " * 5
    rows = [talk(n, f"is {n} even?", "yes" if n % 2 else long) for n in range(100)]
    finding = found("length_mix", rows)["mixed_lengths"]
    assert (finding.count, finding.severity) == (50, "warn")
    assert found("length_mix", [talk(n, f"is {n} even?", "yes") for n in range(100)]) == {}


def test_few_rows_that_own_the_tokens_are_told():
    rows = [talk(n, f"q {n}", "a few words here") for n in range(199)] + [talk(199, "q", "many words " * 400)]
    finding = found("length_mix", rows)["token_imbalance"]
    assert (finding.count, lines(finding)[0]) == (2, 199)
