"""The words of the world: things, labels, towns, people, days; every word in English and in Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from taskfit.core.text import Language


@dataclass(frozen=True)
class Word:
    """One word in both languages."""

    en: str
    zh: str

    def say(self, language: Language) -> str:
        """Return the word in `language`."""
        return self.zh if language == "zh" else self.en


def _words(pairs: str) -> tuple[Word, ...]:
    parts = pairs.split()
    return tuple(Word(en, zh) for en, zh in zip(parts[::2], parts[1::2], strict=True))


def pick(random: Random, words: Sequence[Word], language: Language) -> str:
    """Return one of the `words`, in `language`."""
    return random.choice(words).say(language)


KINDS: dict[str, Word] = {
    name: Word(name, zh)
    for name, zh in zip(
        ["food", "tool", "clothes", "home", "toy", "office", "garden", "travel"],
        ["食品", "工具", "衣物", "家居", "玩具", "文具", "园艺", "出行"],
        strict=True,
    )
}

THINGS: dict[str, tuple[Word, ...]] = {
    "food": _words(
        "apple 苹果 pear 梨子 peach 桃子 melon 甜瓜 grape 葡萄 cherry 樱桃 bread 面包 cheese 奶酪 honey 蜂蜜 butter 黄油 "
        "noodle 面条 dumpling 饺子 cake 蛋糕 soup 热汤 rice 大米 salt 食盐 pepper 胡椒 tea 茶叶 coffee 咖啡 onion 洋葱"
    ),
    "tool": _words(
        "hammer 锤子 saw 锯子 drill 电钻 wrench 扳手 ladder 梯子 shovel 铁锹 rake 耙子 axe 斧头 nail 钉子 rope 绳子 "
        "brush 刷子 bucket 水桶 broom 扫帚 needle 缝针 scissors 剪刀 pliers 钳子 screw 螺丝 chisel 凿子 torch 手电 tape 胶带"
    ),
    "clothes": _words(
        "shirt 衬衫 coat 大衣 scarf 围巾 glove 手套 hat 帽子 boot 靴子 sock 袜子 belt 皮带 skirt 裙子 jacket 夹克 "
        "sweater 毛衣 vest 背心 sandal 凉鞋 robe 长袍 apron 围裙 button 纽扣 zipper 拉链 tie 领带 shawl 披肩 slipper 拖鞋"
    ),
    "home": _words(
        "lamp 台灯 chair 椅子 table 桌子 sofa 沙发 shelf 书架 mirror 镜子 curtain 窗帘 carpet 地毯 pillow 枕头 blanket 毯子 "
        "kettle 水壶 cup 杯子 plate 盘子 bowl 饭碗 spoon 勺子 fork 叉子 knife 菜刀 pan 煎锅 oven 烤箱 candle 蜡烛"
    ),
    "toy": _words(
        "kite 风筝 ball 皮球 doll 娃娃 puzzle 拼图 drum 小鼓 flute 长笛 guitar 吉他 violin 提琴 piano 钢琴 bell 铃铛 "
        "mask 面具 balloon 气球 robot 机甲 card 纸牌 dice 骰子 chess 象棋 sled 雪橇 skate 冰鞋 swing 秋千 trumpet 小号"
    ),
    "office": _words(
        "book 书本 pen 钢笔 pencil 铅笔 paper 纸张 stamp 邮票 envelope 信封 map 地图 clock 时钟 watch 手表 camera 相机 "
        "phone 电话 speaker 音箱 ink 墨水 ruler 尺子 eraser 橡皮 folder 夹子 glue 胶水 chalk 粉笔 bag 背包 printer 印机"
    ),
    "garden": _words(
        "rose 玫瑰 lily 百合 fern 蕨草 cactus 仙掌 seed 种子 soil 泥土 pot 花盆 hose 水管 fence 栅栏 bench 长椅 "
        "moss 苔藓 bamboo 竹子 pine 松树 maple 枫树 ivy 藤蔓 orchid 兰花 daisy 雏菊 mint 薄荷 fountain 喷泉 gate 木门"
    ),
    "travel": _words(
        "bicycle 单车 boat 小船 cart 推车 tire 轮胎 wheel 车轮 engine 引擎 saddle 马鞍 anchor 船锚 sail 船帆 oar 船桨 "
        "helmet 头盔 basket 篮子 trunk 箱子 wagon 马车 canoe 独木 raft 木筏 compass 罗盘 lantern 灯笼 pump 气泵 tent 帐篷"
    ),
}
ALL_THINGS: tuple[Word, ...] = tuple(word for words in THINGS.values() for word in words)

LABELS: dict[str, tuple[Word, ...]] = {
    "colour": _words("red 红色 blue 蓝色 green 绿色 yellow 黄色 purple 紫色 grey 灰色 white 白色 black 黑色"),
    "animal": _words("fox 狐狸 bear 黑熊 wolf 灰狼 deer 小鹿 crane 白鹤 tiger 老虎 rabbit 兔子 eagle 老鹰"),
    "side": _words("north 北部 south 南部 east 东部 west 西部 upper 上层 lower 下层 inner 内部 outer 外部"),
    "number": _words("one 一号 two 二号 three 三号 four 四号 five 五号 six 六号 seven 七号 eight 八号"),
    "sky": _words("sun 太阳 moon 月亮 star 星星 cloud 云朵 rain 雨水 snow 雪花 wind 清风 storm 风暴"),
    "shape": _words("circle 圆形 square 方形 triangle 三角 diamond 菱形 heart 心形 cross 十字 arrow 箭头 ring 圆环"),
    "team": _words(
        "sales 销售 repair 维修 delivery 配送 billing 账务 returns 退货 stock 库存 quality 质检 support 客服"
    ),
}
ALL_LABELS: tuple[Word, ...] = tuple(word for words in LABELS.values() for word in words)


def _joined(first: str, second: str) -> tuple[Word, ...]:
    return tuple(Word(a.en + b.en, a.zh + b.zh) for a in _words(first) for b in _words(second))


TOWNS = _joined("Tor 托 Bel 贝 Kan 坎 Lis 丽 Mor 莫 Os 奥 Pel 佩 Sun 松", "vik 维 dale 谷 mere 湖 ford 津")
PEOPLE = _joined("Mi 米 Ra 拉 Ke 柯 Lu 鲁 Na 娜 Vo 沃 Si 茜 Do 多", "la 兰 mon 蒙 ta 塔 ric 里 bo 博 nel 奈")
KNOWN_PEOPLE, NEW_PEOPLE = PEOPLE[::3], tuple(one for place, one in enumerate(PEOPLE) if place % 3)

JOBS = _words(
    "baker 面包师 tailor 裁缝 teacher 教师 doctor 医生 farmer 农夫 sailor 水手 painter 画家 singer 歌手 "
    "smith 铁匠 guard 卫兵 cook 厨师 driver 司机"
)
DAYS = _words("Monday 周一 Tuesday 周二 Wednesday 周三 Thursday 周四 Friday 周五 Saturday 周六 Sunday 周日")
GOOD = _words("wonderful 很棒 lovely 可爱 excellent 出色 good 很好 perfect 完美 pleasant 舒服 strong 结实 nice 不错")
BAD = _words("terrible 糟糕 ugly 难看 awful 可怕 bad 很差 useless 没用 broken 坏了 weak 脆弱 poor 劣质")
