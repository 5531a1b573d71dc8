"""Phrases of the reviews that a model is measured by; none of those in the other splits."""

from sentiment.data.synthetic.sample import Phrases

PHRASES: Phrases = {
    "setup": (
        "{title}上映很久了，我{when}才看。",
        "{director}的新片{title}，由{actor}和{actress}主演。",
        "我是在{where}看的这部{genre}。",
        "陪{who}看了一部{genre}，名叫{title}。",
        "说说{director}的{title}吧。",
        "{when}家里停电，我就出门看了{title}。",
    ),
    "plot": (
        "影片里的{job}住在{place}，每天写一页日记。",
        "{actor}扮演的{job}带着女儿离开了{place}。",
        "故事横跨二十年，从{place}讲到大城市。",
        "开场是{place}的清晨，一个{job}正在等船。",
        "{actress}后半段才出场。",
    ),
    "plain": (
        "就{aspect}而言，{well+}。",
        "这部作品很{adj+}，{aspect}尤其{well+}。",
        "我得承认它{adj+}。",
        "越看越{adj+}。",
        "{aspect}{well+}得很，{actor}也演得{well+}。",
        "{noun+}一个接着一个。",
        "灯亮起来的时候，我很{felt+}。",
        "有些段落特别{do+}。",
        "说真的，{adj+}，太{adj+}了！",
        ("我恨不得提前离场。", "我舍不得离场。"),
    ),
    "negation": (
        "在我看来，{aspect}并不{well-}。",
        "故事一点也不{adj-}，人物也不{adj-}。",
        "你很难说{aspect}{well-}。",
        "它没有{do-}，完全没有。",
        "里面没有什么{noun-}。",
        "我并没有觉得{felt-}。",
        "{actress}演得并不{well-}。",
        "这不是那种{adj-}的{genre}。",
        "绝对谈不上{adj-}。",
        "{aspect}没有一处{well-}。",
    ),
    "contrast": (
        "虽然一开始{adj-}，但是到了{place}那段就很{adj+}。",
        "{aspect}确实{well-}，可是这部{genre}依然{adj+}。",
        "尽管有几处{noun-}，片子还是{do+}。",
        "乍一看{adj-}，看进去却{adj+}。",
        "它不{adj-}，它是{adj+}。",
    ),
    "expectation": (
        "我原以为{title}会{adj-}，没想到它很{adj+}。",
        "看简介觉得{adj-}，看完觉得{adj+}。",
        "事先听说{aspect}{well-}，结果相当{well+}。",
        "和我想的{adj-}不同，它非常{adj+}。",
    ),
    "distractor": (
        "{who}认为它{adj-}，我不同意。",
        "不少人抱怨{aspect}{well-}，我却觉得{well+}。",
        "散场时{who}很{felt-}，而我很{felt+}。",
        "说它{do-}的人，我真不理解。",
    ),
    "verdict": (
        "总体评价：{adj+}。",
        "到最后，{title}留给我的印象就是{adj+}。",
        "总而言之，一部{adj+}的片子，{do+}。",
        "我的看法很简单：不{adj-}，很{adj+}。",
        ("时间都浪费了，别去。", "时间没有浪费，快去。"),
        ("我给一星。", "我给五星。"),
    ),
}
