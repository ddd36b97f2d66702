"""Sentences of general text, written for this purpose in both languages; they stand in no training set of ours."""

from taskfit.core.text import Text

SENTENCES = (
    Text(
        "The river rises in spring when the snow in the mountains melts, and the lower fields stand under water for a week.",
        "春天山上的雪融化，河水上涨，低处的田地会被淹上一个星期。",
    ),
    Text(
        "She closed the shop at six, counted the coins twice, and wrote the sum into a small green book.",
        "她六点关了店门，把硬币数了两遍，然后把总数记在一本绿色的小本子上。",
    ),
    Text(
        "Water boils at a lower temperature on a high mountain because the air presses on it less.",
        "高山上气压较低，所以水不到一百度就会沸腾。",
    ),
    Text(
        "Most of the passengers had fallen asleep by the time the train crossed the long bridge.",
        "火车驶过那座长桥时，大多数乘客已经睡着了。",
    ),
    Text(
        "To make the dough, mix flour, salt and warm water, then let it rest under a cloth for an hour.",
        "和面时把面粉、盐和温水拌匀，再盖上布醒一个小时。",
    ),
    Text(
        "The committee will meet again on Thursday to decide whether the old library should be repaired or replaced.",
        "委员会将于周四再次开会，决定旧图书馆是修缮还是重建。",
    ),
    Text(
        "If you lose the key, ask the porter at the gate; he keeps a second one in his drawer.",
        "如果钥匙丢了，就去问门口的门卫，他的抽屉里还有一把备用的。",
    ),
    Text(
        "Bees see colours that we cannot, and many flowers carry patterns that only they can follow.",
        "蜜蜂能看见人看不到的颜色，许多花瓣上有只有它们能辨认的纹路。",
    ),
    Text(
        "My grandfather built this table from an oak that fell in the great storm of his youth.",
        "这张桌子是祖父用一棵橡树做的，那棵树倒在他年轻时的一场大风里。",
    ),
    Text(
        "The price of bread rose by a tenth last year, while wages in the town hardly changed.",
        "去年面包的价格涨了一成，而镇上的工资几乎没有变化。",
    ),
    Text(
        "Turn left after the church, follow the wall to the well, and you will see the blue door.",
        "过了教堂向左转，沿着围墙走到水井旁，就能看见那扇蓝色的门。",
    ),
    Text(
        "He apologised for being late, but nobody believed the story about the flooded tunnel.",
        "他为迟到道了歉，但没有人相信隧道进水的说法。",
    ),
    Text(
        "A triangle with sides of three, four and five units has a right angle between the two shorter ones.",
        "边长为三、四、五的三角形，两条短边之间的夹角是直角。",
    ),
    Text(
        "The doctor advised her to rest, drink plenty of water and come back if the fever did not fall.",
        "医生让她休息、多喝水，如果烧还不退就再来一趟。",
    ),
    Text(
        "At low tide children walk across the sand to the island and hurry back before the sea returns.",
        "退潮时孩子们踩着沙滩走到小岛上，又赶在涨潮之前跑回来。",
    ),
    Text(
        "The letter had been opened and sealed again so carefully that only its smell gave it away.",
        "那封信被人拆开后又小心地封好，只有气味露出了破绽。",
    ),
    Text(
        "Iron rusts faster near the coast, where the wind carries salt over the roofs and fences.",
        "海边的风把盐分吹到屋顶和栅栏上，铁在那里锈得更快。",
    ),
    Text(
        "Before the first lesson the teacher asked each of us to write down one thing we wanted to learn.",
        "第一节课之前，老师让我们每个人写下一件最想学会的事。",
    ),
    Text(
        "The museum keeps its oldest maps in a dark room, because light would slowly bleach the ink.",
        "博物馆把最古老的地图放在暗室里，因为光线会使墨迹慢慢褪色。",
    ),
    Text(
        "Two brothers shared the farm for thirty years without ever agreeing on when to cut the hay.",
        "兄弟俩共同经营农场三十年，却从来没有在何时割草上达成一致。",
    ),
    Text(
        "Save the file first, close the window, and only then unplug the cable from the machine.",
        "请先保存文件，再关闭窗口，最后才拔下机器上的连接线。",
    ),
    Text(
        "The moon is smaller than the earth, yet it looks as large as the sun because it is so much nearer.",
        "月亮比地球小得多，但因为离我们近，看上去和太阳一样大。",
    ),
    Text(
        "Nobody in the village remembers who planted the lime trees along the road to the mill.",
        "村里没有人记得磨坊路边的那排椴树是谁种下的。",
    ),
    Text(
        "When the lights went out, the orchestra simply played on until the end of the movement.",
        "灯忽然灭了，乐队却一直演奏到这个乐章结束。",
    ),
)
