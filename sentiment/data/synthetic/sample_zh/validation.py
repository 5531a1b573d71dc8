"""Phrases of the reviews that a model is chosen by; none of those that it learns from."""

from sentiment.data.synthetic.sample import Phrases

PHRASES: Phrases = {
    "setup": (
        "{who}推荐了{title}，我{when}补上了。",
        "{title}的导演是{director}，主演是{actor}。",
        "{when}下着雨，我们决定去看一部{genre}。",
        "写几句关于{title}的话。",
        "这是{actor}第一次演{genre}。",
    ),
    "plot": (
        "一个{job}在{place}捡到一只箱子，故事由此开始。",
        "大部分场景都在{place}，只有结尾在城里。",
        "{actress}的角色是一个{job}，话很少。",
        "全片分成四章，每章一个季节。",
    ),
    "plain": (
        "我最想说的是{aspect}：{well+}。",
        "{aspect}和{aspect}都相当{well+}。",
        "坦白讲，片子很{adj+}。",
        "两个小时看下来，真是{adj+}。",
        "{actress}演得{well+}极了。",
        "里面的{noun+}太多了。",
        "看到最后我非常{felt+}。",
        "这样的故事{do+}。",
        ("散场前就有一半人走了。", "散场后一半人还坐着鼓掌。"),
    ),
    "negation": (
        "要说{aspect}{well-}，我可不同意。",
        "它一点都不{adj-}。",
        "我看的时候并没有觉得{adj-}。",
        "{aspect}并不显得{well-}。",
        "找遍全片也没有{noun-}。",
        "片子没有让我{felt-}。",
        "{actor}绝对不{well-}。",
        "算不上{adj-}，更算不上{do-}。",
    ),
    "contrast": (
        "{aspect}虽说{well-}，但片子本身很{adj+}。",
        "第一个小时{adj-}，第二个小时却很{adj+}。",
        "别看{aspect}{well-}，整体其实{adj+}。",
        "即使{aspect}不太{well+}，它还是{do+}。",
    ),
    "expectation": (
        "进场前以为是部{adj-}的{genre}，出场时发现它很{adj+}。",
        "海报看起来{adj-}，没想到内容{adj+}。",
        "我做好了看{noun-}的准备，看到的却全是{noun+}。",
    ),
    "distractor": (
        "{who}一直念叨{adj-}，我的看法正好相反。",
        "评论里说{aspect}{well-}，我看不是这样。",
        "旁边的人都很{felt-}，只有我很{felt+}。",
    ),
    "verdict": (
        "综上，{adj+}。",
        "如果只能用一个词形容{title}，那就是{adj+}。",
        "我的结论：这部{genre}{do+}。",
        ("不值得为它出门。", "值得专门为它出门。"),
        ("最多给两星。", "至少给四星。"),
    ),
}
