"""Why something that was made is not among the rows."""

from taskfit.core.text import Text

REASONS: dict[str, Text] = {
    "no_answer": Text("the model gave no answer", "模型没有给出回答"),
    "cut": Text("the answer was cut at the limit of tokens", "回答因达到长度上限而被截断"),
    "unreadable": Text("the answer does not have the form asked for", "回答不符合要求的格式"),
    "too_short": Text("the instruction is too short", "指令过短"),
    "too_long": Text("the instruction is too long", "指令过长"),
    "beyond_text": Text(
        "asks for what words alone cannot do (images, files, maps ...)", "要求文字之外的能力（图片、文件、地图等）"
    ),
    "a_program": Text("begins with 'write a program'", "以“编写一个程序”开头"),
    "odd_start": Text("begins with a mark or with letters of another script", "以标点或其他文字开头"),
    "similar": Text("too similar to an earlier instruction (ROUGE-L)", "与已有指令过于相似（ROUGE-L）"),
    "same_as_input": Text("the output repeats the input", "输出与输入相同"),
    "empty_output": Text("the output is empty", "输出为空"),
    "no_input": Text("a class without an input that it belongs to", "只有类别，没有对应的输入"),
    "unfinished": Text("ends with a colon: something is missing", "以冒号结尾，内容不完整"),
    "repeated_input": Text("the same input again", "输入重复"),
    "contradiction": Text("the same input with different outputs", "同一输入有不同的输出"),
    "no_instance": Text("no example of the instruction could be read", "未能读出该指令的任何实例"),
    "no_gain": Text("the new instruction asks for the same as the old one", "新指令与原指令要求相同"),
    "refusal": Text("the answer is a refusal", "回答是拒绝"),
    "says_nothing": Text("the answer holds no words", "回答没有实质内容"),
    "prompt_leak": Text("the instruction speaks of the prompt it was made by", "指令中混入了提示词"),
    "copy": Text("only a copy of what it was made from", "只是原文的复制"),
    "lost_number": Text("a number of the original is missing or new", "与原文的数字不一致"),
    "marked_places": Text(
        "its entities are marked at places that other words do not have", "实体按位置标注，改写后位置失效"
    ),
    "wrong_language": Text("written in another language than asked for", "语言与要求不符"),
    "not_in_document": Text("the quoted passage does not stand in the document", "引用的内容不在文档中"),
    "about_the_text": Text("speaks of 'the text' that the reader does not see", "提到读者看不到的“原文”"),
    "tie": Text("the judge finds both answers equally good", "评审认为两个回答一样好"),
    "order_decides": Text("the judge's choice changes with the order of the answers", "评审的选择随回答顺序而改变"),
    "equal_answers": Text("both answers are the same", "两个回答相同"),
    "low_score": Text("the judge's score is too low", "评审分数过低"),
    "no_score": Text("the judge gave no score that can be read", "评审没有给出可读的分数"),
}
