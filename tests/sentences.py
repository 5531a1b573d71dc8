"""Reviews in Arabic, Turkish and Japanese: a few hundred of each, no sentence of test in train."""

import random

from sentiment.data.synthetic.templates import Lexicon, Template, choice, halves, worded

ARABIC = Lexicon(
    facts={},
    words={
        "aspect": ("الفيلم", "السيناريو", "التمثيل", "الإخراج", "التصوير", "الحوار", "المونتاج")
    },
    opinions={
        "adj": (
            ("ممل", "سيئ", "ضعيف", "مخيب", "رديء", "سخيف", "باهت", "بطيء"),
            ("رائع", "ممتع", "جميل", "مؤثر", "مدهش", "مشوق", "ممتاز", "عميق"),
        )
    },
)
TURKISH = Lexicon(
    facts={},
    words={"aspect": ("film", "oyunculuk", "senaryo", "müzik", "kurgu", "yönetmenlik", "konu")},
    opinions={
        "adj": (
            ("sıkıcı", "kötü", "berbat", "yavan", "bayat", "yapay", "anlamsız", "vasat"),
            ("güzel", "etkileyici", "eğlenceli", "başarılı", "iyi", "sıcak", "harika", "akıcı"),
        )
    },
)
JAPANESE = Lexicon(
    facts={},
    words={"aspect": ("映像", "音楽", "脚本", "演技", "結末", "台詞", "演出")},
    opinions={  # Without the ending: い, かった, くない.
        "adj": (
            ("つまらな", "ひど", "くだらな", "安っぽ", "古臭", "わざとらし", "鈍"),
            ("面白", "素晴らし", "楽し", "美し", "温か", "力強", "味わい深"),
        )
    },
)

# What fills the slots, the sentences of train, those of test, and what stands between two.
CORPORA: dict[str, tuple[Lexicon, tuple[Template, ...], tuple[Template, ...], str]] = {
    "ar": (
        ARABIC,
        (
            "{aspect} {adj+} جدا.",
            "أرى أن {aspect} {adj+} حقا.",
            "{aspect} غير {adj-} أبدا.",
            "لا أظن أن {aspect} {adj-}.",
            "من قال إنه {adj-} فقد أخطأ.",
            "قالوا إنه {adj-}، لكنه {adj+}.",
            "ظننت أنه {adj-}، ثم تبين أنه {adj+}.",
            "فيلم {adj+} من البداية إلى النهاية.",
            "هذا عمل {adj+}.",
            "كل مشهد فيه {adj+}.",
            "صديقي يقول إنه {adj-}، وأنا أقول إنه {adj+}.",
            ("لا أنصح به أحدا.", "أنصح به الجميع."),
        ),
        (
            "في رأيي {aspect} {adj+}.",
            "هو فيلم {adj+} بكل معنى الكلمة.",
            "لا أعتقد أنه {adj-}، بل هو {adj+}.",
            "سمعت أن {aspect} {adj-}، لكن رأيي أنه {adj+}.",
            "خلاصة القول إنه {adj+}.",
        ),
        " ",
    ),
    "tr": (
        TURKISH,
        (
            "{aspect} çok {adj+}.",
            "Bence film {adj+}.",
            "{aspect} hiç {adj-} değil.",
            "Film {adj-} değil, tam tersine {adj+}.",
            "Arkadaşım {adj-} dedi ama ben {adj+} buldum.",
            "{aspect} {adj+}, ayrıca {aspect} {adj+}.",
            "İki saat boyunca {adj+} bir film izledim.",
            "Baştan sona {adj+} bir hikâye.",
            "Onu {adj-} bulanlar yanılıyor, çünkü {adj+}.",
            "Beklediğimden daha {adj+} çıktı.",
            "Hiç kimse ona {adj-} diyemez.",
            "Başta {adj-} sandım, sonunda {adj+} olduğunu gördüm.",
            ("Paranıza yazık olur.", "Paranızın karşılığını alırsınız."),
        ),
        (
            "Bu film bana {adj+} geldi.",
            "{aspect} {adj-} değil, {adj+}.",
            "İzlediğim en {adj+} filmlerden biri.",
            "Kısacası {adj+} bir film.",
            "Eleştirmenler {adj-} dedi, ama {aspect} {adj+}.",
            "Salondan çıkarken {adj+} olduğunu düşündüm.",
        ),
        " ",
    ),
    "ja": (
        JAPANESE,
        (
            "{aspect}がとても{adj+}い。",
            "この映画は本当に{adj+}かった。",
            "{aspect}は少しも{adj-}くない。",
            "友達は{adj-}いと言ったが、私には{adj+}かった。",
            "最初は{adj-}いと思ったけれど、最後は{adj+}かった。",
            "{aspect}も{aspect}も{adj+}い。",
            "こんなに{adj+}い映画は久しぶりだ。",
            "誰も{adj-}いとは言えないだろう。",
            "{adj-}いどころか、とても{adj+}い。",
            "最初から最後まで{adj+}い作品だった。",
            "{aspect}が{adj-}くないので、{adj+}く感じた。",
            ("お金を返してほしい。", "もう一度お金を払って見たい。"),
        ),
        (
            "見終わって、{adj+}いと思った。",
            "{aspect}が{adj+}くて驚いた。",
            "私はこの作品を{adj-}いとは思わない。",
            "評判では{adj-}いそうだが、実際は{adj+}い。",
            "一言で言えば、{adj+}い。",
            "{aspect}は{adj-}くなく、むしろ{adj+}い。",
        ),
        "",
    ),
}


def reviews(language: str, split: str, size: int) -> list[tuple[str, int]]:
    """`size` reviews of two sentences from "train" or "test", and their labels."""
    lexicon, train, test, space = CORPORA[language]
    templates = train if split == "train" else test
    rng = random.Random(split)

    def draw(label: int) -> str:
        two = (worded(choice(rng, templates), label) for _ in range(2))
        return lexicon.fill(space.join(two), label, rng)

    return halves(size, draw, lambda text: True)
