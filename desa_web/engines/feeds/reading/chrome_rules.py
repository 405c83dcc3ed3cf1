"""The table of what is page and not article, in Indonesian and English. Nothing here cuts.

A rule speaks of a whole line (what stands between two block boundaries or line breaks), in lower
case, or of an element by the class that a known plugin gives it. No rule looks into a sentence.
"""

from __future__ import annotations

import re

# Classes and ids of plugins: whole words of the attribute.
CLASSES = re.compile(
    r"(?:^|\s)(?:"
    r"sharedaddy|sd-(?:sharing|like|block)\S*|jp-relatedposts|jetpack-likes-widget-wrapper"
    r"|addtoany_\S+|a2a_(?:kit|dd)\S*|addthis_\S+|sharethis-\S+|shareaholic-\S+|heateor_sss\S*"
    r"|ssba\S*|swp_social_panel\S*|essb_links\S*|social-?(?:share|sharing)\S*"
    r"|(?:post|entry|btn|button|tombol)-?shar(?:e|ing)\S*|share-(?:buttons?|box|wrap\S*|icons?|post)"
    r"|fb-(?:like|share-button|comments|save)|twitter-share-button|mashsb\S*"
    r"|post-views\S*|entry-views|view-?count(?:er)?|wpp-\S+|hit-?counter"
    r"|yarpp\S*|crp_related\S*|related-?(?:posts?|articles?|news)\S*|rp4wp\S*|baca-?juga|bacajuga"
    r"|inline-related-\S+|wp-polls\S*|pollsholder|polling|poll-(?:box|result|widget)s?"
    r"|kk-star-ratings|post-ratings\S*|rating-?form|ratemypost\S*"
    r"|comment-respond|comments-area|fb_iframe_widget|printfriendly\S*|pf-\S+-?button"
    r"|author-box|saboxplugin-\S+|breadcrumbs?|adsbygoogle|code-block"
    r")(?=\s|$)",
    re.I,
)

_NUMBER = r"\d[\d.,]*\s*(?:(?:rb|ribu|k|jt)\b)?"
_SEEN = r"(?:dilihat|dibaca|views?|viewed|hits?|tayangan|diakses)"
_NET = (
    r"(?:facebook(?: messenger)?|fb|twitter|x|whats ?app|wa|telegram|line|instagram|pinterest"
    r"|linked ?in|tumblr|reddit|e-?mail|surel|messenger|skype|threads|tik ?tok|pocket|google ?\+"
    r"|copy(?: link)?|copy url|salin(?: tautan| link)?|print|cetak|pdf|more|lainnya)"
)
_NEW_WINDOW = r"(?: ?\((?:membuka di jendela yang baru|opens in new window)\))?"
_VERB = r"(?:share|shares|bagikan|sebarkan|tweet|kirim(?:kan)?|kongsi|like|suka|save|pin it)"
_WHAT = (
    r"(?:(?:this|ini|berita|artikel|tulisan|post|postingan|halaman|informasi|info|it|konten|page)"
    r"(?: ini| this)?)"
)
_PREPOSITION = r"(?:on|via|to|ke|di|lewat|melalui|dengan|with)"
_MONTHS = (
    r"(?:jan|feb|peb|mar|apr|mei|may|jun|jul|agu|ags|agt|aug|sep|okt|oct|nov|nop|des|dec)[a-z]*"
)
_CLOCK = r"(?:pukul )?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: ?(?:wib|wita|wit|am|pm))?"

# Parts of a line about the article; the line is page when it is made of nothing else and at
# least one part is of the first group.
SURE_PARTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:(?:telah|sudah|post|total|jumlah) )*{_SEEN}(?: oleh)? ?:? ?{_NUMBER}"
        r"(?: ?(?:kali|x|times?|orang|pembaca)\b)?",
        rf"{_NUMBER}(?: ?(?:kali|x|times?))? ?(?:total )?{_SEEN}\b"
        rf"(?:, {_NUMBER} ?{_SEEN} (?:today|hari ini))?(?: ?\d+ kali| ?x)?",
        rf"{_VERB}(?: {_WHAT})?(?: {_PREPOSITION})?(?=$|[^\w])"
        rf"(?: ?{_NET}{_NEW_WINDOW}(?=$|[^\w]))*",
        rf"klik untuk (?:berbagi|berbagi di|mencetak|mengirimkan) ?(?:(?:di|pada|via|ke) )?{_NET}?"
        rf"{_NEW_WINDOW}",
        r"\d+ (?:komentar|comments?|respon)\b",
        r"(?:komentar|comments?) ?:? ?\(? ?\d+ ?\)?",
        r"(?:beri(?:kan)?|tinggalkan|kirim|tulis|isi) komentar\b",
        r"(?:tidak|belum) ada komentar\b|no comments?\b|komentar anda\b"
        r"|leave a (?:comment|reply)\b",
    )
)
OTHER_PARTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:[a-z']{{3,7}}, ?)?\d{{1,2}}[ /-](?:{_MONTHS}|\d{{1,2}})[ /-]\d{{4}}"
        rf"(?:[ ,|-]*{_CLOCK})?",
        rf"{_MONTHS} \d{{1,2}}, ?\d{{4}}(?:[ ,|-]*{_CLOCK})?",
        _CLOCK,
        r"(?:(?:ditulis |diposting |diterbitkan |posted )?(?:oleh|by) ?:?|penulis ?:)"
        r"(?: [^\W\d][^\s|•·]*){1,4}?(?=\s*(?:[|•·,\d]|$))",
        r"(?:super ?)?admin(?:istrator)?(?: desa)?\b|operator(?: desa)?\b|redaksi\b",
        r"(?:dipublikasikan|diterbitkan|diposting|posted|published)(?: pada| on| tanggal)?\b ?:?",
        rf"{_NET}(?=$|[^\w])",
    )
)
SEPARATORS = re.compile(r"[\s|•·,/:;–—\-*»«›>]+")

# Whole lines that are furniture wherever they stand.
LINES = re.compile(
    r"(?:"
    r"like this:?|like loading\W*|menyukai ini:?|suka memuat\W*|(?:sedang )?memuat\W*"
    r"|loading\W*"
    r"|advertisements?|iklan|scroll to continue with content|advertisement scroll to continue\W*"
    r"|print friendly,? pdf (?:&|dan) email|cetak artikel|cetak halaman|kembali ke atas|back to top"
    r"|formulir (?:penulisan )?komentar|silakan tulis komentar dalam formulir berikut ini\b.{0,60}"
    r"|komentar baru terbit setelah disetujui (?:oleh )?admin\w*"
    r"|isikan kode di gambar|isikan jawaban captcha|captcha image|\W*ganti gambar\W*"
    r"|alamat email anda tidak akan dipublikasikan\b.{0,80}|your email address will not be .{0,80}"
    r"|note: there is a poll embedded within this post\b.{0,120}"
    r"|klik untuk (?:berbagi|mencetak|mengirimkan)\b.{0,100}"
    r"|(?:vote|rating|beri rating|rate this)(?: artikel ini)? ?:? ?\d(?:[.,]\d+)? ?/ ?\d.{0,40}"
    r"|average rating .{0,80}|click on a star to rate it!?|no votes so far!?.{0,60}"
    r"|previous post|next post|pos sebelumnya|pos berikutnya|artikel sebelumnya|artikel selanjutnya"
    r")"
)
# Only when all of it is a link.
LINKED_LINES = re.compile(
    r"(?:"
    r"(?:\(|\[)?(?:baca )?selengkapnya\W*(?:\)|\])?|read more\W*|continue reading\b.{0,200}"
    r"|lanjutkan membaca\b.{0,200}|baca lebih lanjut\W*|more\W*"
    r"|(?:beri|tinggalkan|kirim) komentar\b.{0,80}|(?:«|‹|←|»|›|→).{0,160}|.{0,160}(?:→|»|›)"
    r")"
)
# WordPress puts this below every entry of its feed; half of it is links.
FEED_FOOTER = re.compile(
    r"(?:the post|artikel|tulisan|pos|postingan|berita) .{1,300}? (?:appeared first on"
    r"|first appeared on|muncul pertama kali (?:di|pada)"
    r"|pertama kali (?:muncul|tampil|terbit) (?:di|pada))"
    r" .{1,160}"
)
# Leads to other articles: alone above links, or with a link behind it.
RELATED = re.compile(
    r"(?:(?:baca|simak|lihat|tonton) (?:juga|pula)(?: (?:berita|artikel)(?: (?:lainnya|terkait))?)?"
    r"|(?:berita|artikel|tulisan|postingan|pos-pos|pos|kabar) (?:terkait|lainnya|lain|populer"
    r"|terpopuler|sejenis|sebelumnya)|related (?:posts?|articles?|news|stories)|you may also like"
    r"|anda (?:mungkin )?(?:juga )?(?:menyukai|suka)|jangan lewatkan|rekomendasi untuk anda)"
    r"(?= ?[:\-–—»>!]*(?:$|\s))"
)
POLL_TITLE = re.compile(r"(?:hasil )?(?:polling|poling|jajak pendapat|voting)(?: \w+){0,2} ?:?")
POLL_LINE = re.compile(
    r"(?=.{1,90}$)(?:.{0,60}[^\d.,]|)\d{1,3}(?:[.,]\d{1,2})? ?%(?: ?\(? ?[\d.,]+ (?:suara|votes?|"
    r"orang|pemilih|responden) ?,?\)?(?: \d{1,3}(?:[.,]\d+)? ?%)?)?"
    r"|.{1,60}\([\d.,]+ (?:suara|votes?), \d{1,3}(?:[.,]\d+)? ?%\)"
)
PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?) ?%")
POLL_MARK = re.compile(
    r"(?:total (?:suara|voters?|votes?|pemilih|responden|polling) ?:? ?[\d.,]+"
    r"|[\d.,]+ (?:suara|votes?)|lihat hasil(?: polling)?|view results?|vote|pilih"
    r"|kirim(?: suara)?|hasil(?: polling)?)\W*"
)
SHARE_LINK = re.compile(
    r"facebook\.com/(?:sharer|share|dialog)|(?:twitter|x)\.com/(?:intent|share|home\?status)"
    r"|api\.whatsapp\.com/send|wa\.me/\?|whatsapp://send|web\.whatsapp\.com/send|t\.me/share"
    r"|telegram\.me/share|social-plugins\.line\.me|line\.me/R/|lineit\.line\.me"
    r"|linkedin\.com/share|pinterest\.com/pin/create|addtoany\.com|[?&]share=\w+|plus\.google\.com/share"
    r"|mailto:\?|tumblr\.com/(?:share|widgets)|reddit\.com/submit",
    re.I,
)
NET = re.compile(rf"{_NET}{_NEW_WINDOW}")
