"""Page furniture goes, articles stay: samples as village sites write them."""

# ruff: noqa: E501 - samples stand in one line each

from __future__ import annotations

import gc
import re
import time

import pytest

from desa_web.core import html
from desa_web.engines.feeds.read import without_chrome

ARTICLE = "<p>Warga Dusun Krajan bekerja bakti memperbaiki saluran air pada hari Minggu.</p>"

# What remains of each is nothing at all.
CHROME = [
    "<p>485 Dilihat</p>",
    "<div><i class='fa fa-eye'></i> 485 Dilihat</div>",
    "<span>👁 1.204 kali dibaca</span>",
    "<p>Dibaca 485 Kali</p>",
    "<p>Telah dibaca : 1.485 kali</p>",
    "<small>Post Views: 2,310</small>",
    "<p>Hits: 12</p>",
    "<p>1,234 total views, 5 views today</p>",
    "<p>Administrator | 12 Mei 2020 | 485 Dilihat</p>",
    "<p><span>Admin</span> <span>12 Mei 2020 08:15:22</span> <span>Dibaca 485 kali</span></p>",
    "<div>Oleh Siti Aminah • 3 Juni 2021 • 0 Komentar</div>",
    "<p>Senin, 12 Mei 2020 - 08.15 WIB · 77 views</p>",
    "<p>Share Berita</p>",
    "<h4>Share Berita :</h4>",
    "<p>Bagikan ini:</p><ul><li>Facebook</li><li>Twitter</li><li>WhatsApp</li></ul>",
    "<p>Share this: Facebook Twitter WhatsApp Telegram</p>",
    "<div>Bagikan ke: <a href='#'>Facebook</a> | <a href='#'>Twitter</a></div>",
    "<p>Bagikan artikel ini via WhatsApp</p>",
    "<ul><li><a href='https://www.facebook.com/sharer/sharer.php?u=x'>Facebook</a></li>"
    "<li><a href='https://api.whatsapp.com/send?text=x'>WhatsApp</a></li></ul>",
    "<p><a href='https://www.facebook.com/sharer.php?u=x'><img src='/fb.png'></a>"
    "<a href='https://twitter.com/intent/tweet?u=x'><img src='/tw.png'></a></p>",
    "<div class='sharedaddy sd-sharing-enabled'><h3>Bagikan ini:</h3><ul><li>"
    "<a href='https://x.id/?share=twitter'>Klik untuk berbagi pada Twitter</a></li></ul></div>",
    "<div class='sharedaddy'><h3>Menyukai ini:</h3><span>Suka</span> <span>Memuat...</span></div>",
    "<p>Menyukai ini:</p><p>Suka Memuat...</p>",
    "<div class='addtoany_share_save_container'><a href='https://www.addtoany.com/x'>Share</a></div>",
    "<div id='fb-root'></div><div class='fb-like'>Like</div>",
    "<p>Baca juga: <a href='/a'>Posyandu Melati Layani 40 Balita</a></p>",
    "<p><strong>Baca Juga</strong> : <a href='/a'>Jalan Dusun Krajan Rampung</a></p>",
    "<p><a href='/a'>BACA JUGA: Jalan Dusun Krajan Rampung</a></p>",
    "<h3>Berita Terkait</h3><ul><li><a href='/a'>Satu berita</a></li><li><a href='/b'>Dua</a></li></ul>",
    "<h3>Artikel Lainnya</h3><p><a href='/a'>Satu berita</a></p><p><a href='/b'>Dua</a></p>",
    "<div class='jp-relatedposts'><h3>Terkait</h3><p><a href='/a'>Satu</a> 3 Mei 2020</p></div>",
    "<div class='yarpp-related'><p>Related posts:</p><ol><li><a href='/a'>Satu</a></li></ol></div>",
    "<h3>Polling</h3><p>Bagaimana pelayanan kantor desa?</p><p>Sangat baik 45%</p><p>Baik 30%</p>"
    "<p>Kurang 25%</p>",
    "<h4>Jajak Pendapat</h4><ul><li>Puas (12 suara, 60%)</li><li>Kurang (8 suara, 40%)</li></ul>"
    "<p>Total Suara: 20</p><p>Lihat Hasil</p>",
    "<div class='wp-polls'><p>Apakah anda puas?</p><ul><li>Ya (60%, 12 Votes)</li></ul></div>",
    "<p>Note: There is a poll embedded within this post, please visit the site to vote.</p>",
    "<p>The post <a href='/a'>Kerja Bakti</a> appeared first on <a href='/'>Desa Sukamaju</a>.</p>",
    "<p>Tulisan <a href='/a'>Kerja Bakti</a> muncul pertama kali di <a href='/'>Sukamaju</a>.</p>",
    "<p><a href='/a'>Selengkapnya...</a></p>",
    "<p><a href='/a'>Continue reading Kerja Bakti →</a></p>",
    "<p>Formulir Penulisan Komentar</p><p>Silakan tulis komentar dalam formulir berikut ini "
    "(Gunakan bahasa yang santun)</p><p>CAPTCHA Image</p><p>[ Ganti gambar ]</p>",
    "<p>Komentar baru terbit setelah disetujui Admin</p>",
    "<p>ADVERTISEMENT</p><p>SCROLL TO CONTINUE WITH CONTENT</p>",
    "<p>Cetak artikel</p>",
    "<p>0 Komentar</p>",
]

# Of these nothing may go: each is an article, or a part of one.
CONTENT = [
    "<p>Video itu sudah 485 kali dilihat warga sejak Senin.</p>",
    "<p>Warga membagikan berita ini ke Facebook dan WhatsApp.</p>",
    "<p>Bagikan ke tetangga: iuran sampah naik menjadi Rp 10.000 mulai Juni.</p>",
    "<p>Kirim komentar Anda lewat kotak saran di balai desa, kata Sekdes.</p>",
    "<h3>Hasil survei kepuasan</h3><p>Sangat puas 45%</p><p>Puas 55%</p><p>Survei diikuti 200 KK.</p>",
    "<table><tr><td>Realisasi PAD</td><td>45%</td></tr><tr><td>Dana Desa</td><td>92%</td></tr></table>",
    "<p>Hasil jajak pendapat yang digelar Karang Taruna memilih Budi.</p><p>Budi 60%</p>",
    "<p>Baca juga Perdes Nomor 5 Tahun 2020 sebelum mengurus izin keramaian.</p>",
    "<p>Baca juga aturan lengkapnya di <a href='/a'>halaman ini</a> sebelum mendaftar ke balai desa.</p>",
    "<h3>Berita lainnya</h3><p>Selain itu, warga RT 02 juga membangun pos ronda.</p>",
    "<h3>WhatsApp</h3><p>Hubungi kami di 0812 3456 7890.</p>",
    "<p>Pelatihan mengajarkan:</p><ul><li>Facebook</li><li>Instagram</li><li>TikTok</li></ul>",
    "<ul><li><a href='https://facebook.com/desasukamaju'>Facebook Desa Sukamaju</a></li></ul>",
    "<p>Jumlah pengunjung: 485 orang</p>",
    "<p>12 Mei 2020</p>",
    "<p>Oleh: Siti Aminah, Kader Posyandu</p>",
    "<p>Administrator desa bertugas menjaga data.</p>",
    "<p><a href='/unduh/apbdes.pdf'>Unduh APBDes 2020</a></p>",
    "<h2>Unduhan</h2><ul><li><a href='/a.pdf'>Formulir A</a></li><li><a href='/b.pdf'>Formulir B</a></li></ul>",
    "<p>Suka duka menjadi kader</p>",
    "<p>Iklan layanan masyarakat dipasang di balai desa.</p>",
    "<p>Cetak KTP dilakukan di kecamatan.</p>",
    "<p>Line up pemain: Budi, Andi, Joko.</p>",
    "<p>X</p><p>XI</p><p>XII</p>",
    "<p>Email: desa@sukamaju.desa.id</p>",
    "<p>Jumlah penduduk 4.215 jiwa, 52% perempuan.</p>",
    "<p>Pukul 08.00 WIB</p><p>Pembukaan oleh Kepala Desa</p>",
    "<p>Vaksin dosis 1: 485 orang (62%)</p><p>Vaksin dosis 2: 301 orang (38%)</p>",
    "<p>Voting dimenangkan calon nomor 2 dengan 60% suara.</p>",
    "<p>Tulisan tangan anak-anak dipajang.</p>",
    "<p>More or less.</p>",
    "<p>Share holder BUMDes menerima laporan.</p>",
    "<div class='post-share-wrap'>" + 40 * "<p>Isi berita yang panjang sekali.</p>" + "</div>",
    "<div class='polling'><p>"
    + "Pemungutan suara kepala dusun berlangsung aman dan tertib. " * 20
    + "</p></div>",
    "<div class='related-posts'>" + ARTICLE * 3 + "</div>",
    "<p>Kata beliau: “Baca juga hatimu.”</p>",
    "<p>Penulis: Nur</p>",
    "<p>Tag: gotong royong</p>",
    "<h3>Voting</h3><p>Calon 1 45%</p><p>Calon 2 55%</p><p>Panitia mengucapkan terima kasih.</p>",
]


@pytest.mark.parametrize("sample", CHROME)
def test_furniture_goes_and_the_article_around_it_stays(sample: str) -> None:
    assert html.normalise(without_chrome(sample)) == ""
    around = without_chrome(ARTICLE + sample + ARTICLE)
    assert html.normalise(around) == html.normalise(ARTICLE + ARTICLE)


@pytest.mark.parametrize("sample", CONTENT)
def test_article_text_is_never_eaten(sample: str) -> None:
    assert without_chrome(sample) == sample
    assert without_chrome(ARTICLE + sample + ARTICLE) == ARTICLE + sample + ARTICLE


def test_furniture_between_line_breaks_goes() -> None:
    text = "Kepala Desa membuka acara.<br>485 Dilihat<br/>Share Berita<br>Acara berlangsung lancar."
    kept = html.plain_text(without_chrome(f"<div>{text}</div>"))
    assert kept.split("\n") == ["Kepala Desa membuka acara.", "Acara berlangsung lancar."]


def test_pictures_of_an_article_stay_and_share_icons_go() -> None:
    text = (
        "<p><a href='/wp-content/uploads/a.jpg'><img src='/wp-content/uploads/a-300x200.jpg'></a></p>"
        "<p><a href='https://api.whatsapp.com/send?text=x'><img src='/wa.png'></a></p>"
    )
    kept = without_chrome(text)
    assert "a-300x200.jpg" in kept
    assert "wa.png" not in kept


def test_what_stays_is_untouched_character_by_character() -> None:
    odd = "<P CLASS=x>Teks &amp; <b>tebal<p>tak ditutup &#8211; <img src=a.jpg ><!-- c --> akhir"
    assert without_chrome(odd) == odd
    assert without_chrome("<p>485 Dilihat</p>" + odd) == "<p></p>" + odd


@pytest.mark.parametrize(
    "unit",
    [
        "<div class='sharedaddy'>", "<p>485 Dilihat", "<a href='x'>", "<!--", "<", "<p>Baca juga",
        "<p>Polling<p>a 5%", "<ul><li>Facebook", "<script>", "&amp;", "</div>", "<p>share ",
        "administrator ", "oleh a b ", "12 mei 2020 ", "1 2 3 views ",
    ],
)  # fmt: skip
def test_hostile_text_costs_linear_time(unit: str) -> None:
    def spent_s(chars: int) -> float:
        """Return the least time of three, without the collector: others load the machine."""
        text = unit * (chars // len(unit))
        found = []
        for _round in range(3):
            gc.collect()
            gc.disable()
            try:
                before = time.thread_time()
                without_chrome(text)
                found.append(time.thread_time() - before)
            finally:
                gc.enable()
        return min(found)

    spent_s(10_000)
    assert spent_s(400_000) < 20 * max(spent_s(50_000), 0.02)


def test_a_second_pass_finds_nothing_more() -> None:
    page = "".join(CHROME) + ARTICLE + "".join(CONTENT)
    once = without_chrome(page)
    assert without_chrome(once) == once
    assert ARTICLE in once
    assert not re.search("485 Dilihat<", once)
