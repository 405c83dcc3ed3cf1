"""Sample pages for `desa theme check` and previews: every page type, full and bare.

Full shows every slot and every optional field; bare has only what must be there, as on a
village's first day. The village is invented.
"""

from __future__ import annotations

from datetime import date, timedelta

from markupsafe import Markup

from desa_web.web.contexts import (
    Agenda,
    AnnouncementPage,
    ArticlePage,
    Budget,
    BudgetLine,
    CallOut,
    ContentPage,
    Corrected,
    Correction,
    Document,
    Event,
    Facet,
    GalleryPage,
    GalleryPhoto,
    HelpPage,
    Hit,
    HomePage,
    Kit,
    Link,
    ListPage,
    MediaKitPage,
    Meta,
    Page,
    Picture,
    Poll,
    PollChoice,
    SearchPage,
    Services,
    ServiceTile,
    Site,
    Summary,
)
from desa_web.web.sample_village import (
    NEWS,
    NEWS_LINK,
    NOON,
    TODAY,
    bare_pages,
    card,
    crumbs,
    error_pages,
    months,
    notices,
    picture,
    rubric_link,
    rubrics,
    sample_site,
    slug,
)

_BODY = Markup("""<p>Hujan yang turun sejak magrib tidak membuat pendopo sepi. Sebanyak 86 warga \
hadir dalam musyawarah desa, Kamis malam, untuk memutuskan nasib jalan tani yang empat tahun \
terakhir berlumpur setiap musim tanam.</p>
<p>Tiga pilihan dibahas: makadam, rabat beton dengan lebar 2,5 meter, atau paving. Setelah hampir \
dua jam, rabat beton dipilih karena paling murah dirawat dan cukup untuk dilewati mobil bak \
pengangkut gabah.</p>
<h2>Dikerjakan warga sendiri</h2>
<p>Pekerjaan memakai pola padat karya. Tiap rukun tetangga mengirim sepuluh orang secara \
bergiliran. Upahnya Rp110.000 per hari dan dibayarkan tiap Sabtu sore di balai desa, dengan \
<a href="/pengumuman/daftar-hadir">daftar hadir</a> yang ditempel di papan pengumuman.</p>
<blockquote><p>“Kalau jalannya kita cor sendiri, yang menjaga ya kita sendiri juga.”</p>\
<cite>Slamet Riyanto, Ketua RT 07 Kedungrejo</cite></blockquote>
<p>Kepala Desa Hartini Lestari mengatakan dana yang tersedia Rp214 juta dari Dana Desa tahap III. \
Sisa bahan dari pekerjaan Dusun Krajan akan dipakai lebih dulu:</p>
<ul><li>40 sak semen,</li><li>dua kubik pasir,</li><li>papan bekisting untuk 60 meter.</li></ul>
<h3>Giliran kerja</h3>
<table><thead><tr><th scope="col">Pekan</th><th scope="col">RT</th><th scope="col">Ruas</th></tr>\
</thead>\
<tbody><tr><td>7–12 Desember</td><td>05 dan 06</td><td>0–160 m</td></tr>\
<tr><td>14–19 Desember</td><td>07 dan 08</td><td>160–320 m</td></tr></tbody></table>
<p>Selama pekerjaan berlangsung, truk diminta lewat Dusun Ngasem. Warga yang sawahnya terdampak \
bisa menghubungi Suyatno di nomor kantor desa pada jam layanan.</p>""")


def sample_pages() -> list[Page]:
    """Return all page types, full ones first."""
    return [*full_pages().values(), *bare_pages().values()]


def full_pages(site: Site | None = None) -> dict[str, Page]:
    """Return name → page with every field and slot filled in."""
    site = site or sample_site()
    return {
        "beranda": _home(site),
        "berita": _news_list(site),
        "rubrik": _rubric(site),
        "arsip": _month(site),
        "papan": _board_list(site),
        "artikel": _article(site),
        "pengumuman": _announcement(site),
        "halaman": _content(site),
        "cari": _search(site),
        "cari-kosong": _search_nothing(site),
        "galeri": _gallery(site),
        "media-kit": _media_kit(site),
        "bantuan": _help(site),
        **{str(page.status): page for page in error_pages(site)},
    }


def _home(site: Site) -> HomePage:
    return HomePage(
        site=site,
        meta=Meta(
            path="/",
            title="Kabar dan layanan Desa Sukamaju",
            description="Berita, pengumuman, agenda dan layanan Desa Sukamaju, Kecamatan "
            "Danderejo, Kabupaten Bengawan.",
            picture=picture("balai"),
        ),
        lead=card(0),
        cards=tuple(card(at) for at in (1, 2, 3)),
        rows=tuple(card(at) for at in (4, 5, 6, 7)),
        board=notices(),
        services=Services(
            all_url="/halaman/layanan",
            tiles=tuple(
                ServiceTile(name=name, url="/halaman/layanan", promise=promise, icon=icon)
                for name, promise, icon in (
                    ("Surat pengantar", "Selesai 15 menit", "surat"),
                    ("KTP dan KK", "Syarat dan jadwal", "ktp"),
                    ("Posyandu", "Jadwal per dusun", "sehat"),
                    ("Bantuan sosial", "Cek syarat", "bantu"),
                    ("Minta informasi", "PPID desa", "info"),
                    ("Pengaduan", "Dijawab 3 hari kerja", "lapor"),
                )
            ),
        ),
        agenda=Agenda(
            all_url="/agenda/",
            events=tuple(
                Event(title=title, place=place, starts_at=NOON + timedelta(days=days), url="")
                for title, place, days in (
                    ("Posyandu balita Dusun Krajan", "Rumah Ibu Wartini, RT 04", 3),
                    ("Rapat BPD: rancangan APBDes 2027", "Pendopo balai desa, terbuka", 6),
                    ("Kerja bakti saluran air Kedungrejo", "Kumpul di musala Al-Huda", 11),
                )
            ),
        ),
        budget=Budget(
            year=2026,
            as_of=date(2026, 10, 31),
            all_url="/halaman/transparansi",
            lines=tuple(
                BudgetLine(name=name, planned_rp=planned * 10**6, spent_rp=spent * 10**6)
                for name, planned, spent in (
                    ("Pembangunan", 640, 498),
                    ("Pemerintahan", 436, 331),
                    ("Pemberdayaan warga", 246, 142),
                    ("Bencana dan mendesak", 160, 81),
                )
            ),
        ),
        call_out=CallOut(
            title="Ada jalan rusak, lampu mati, atau usul?",
            text="Kirim lewat WhatsApp, radio desa 107,8 FM, atau datang langsung. Setiap aduan "
            "diberi nomor dan bisa dipantau.",
            action=Link(text="Lapor lewat WhatsApp", url="https://wa.me/620000000000"),
            other=Link(text="Lihat jawaban aduan", url="/halaman/aduan"),
            is_whatsapp=True,
        ),
    )


def _news_list(site: Site) -> ListPage:
    return ListPage(
        site=site,
        meta=Meta(
            path="/berita/",
            title="Berita",
            description="Kabar terbaru dari Desa Sukamaju.",
            crumbs=crumbs(),
        ),
        kind="news",
        title="Berita",
        count_line="261 berita sejak 2023",
        lead=card(0),
        cards=tuple(card(at) for at in range(1, 8)),
        rubrics=rubrics(),
        months=months(),
        feed_url="/feed.atom",
        older=Link(text="Oktober 2026", url="/berita/2026/10/"),
    )


def _rubric(site: Site) -> ListPage:
    return ListPage(
        site=site,
        meta=Meta(
            path="/rubrik/pembangunan",
            title="Pembangunan",
            description="Berita pembangunan Desa Sukamaju.",
            crumbs=crumbs(NEWS_LINK),
            feeds=(Link(text="Umpan Pembangunan", url="/rubrik/pembangunan/feed.atom"),),
        ),
        kind="rubric",
        title="Pembangunan",
        count_line="28 berita sejak 2023",
        intro="Jalan, jembatan, air, dan bangunan desa.",
        filters=(
            Link(text="Semua", url="/rubrik/pembangunan", current=True),
            Link(text="2026", url="/rubrik/pembangunan/2026/", count=12),
            Link(text="2025", url="/rubrik/pembangunan/2025/", count=9),
            Link(text="2024", url="/rubrik/pembangunan/2024/", count=5),
            Link(text="2023", url="/rubrik/pembangunan/2023/", count=2),
        ),
        lead=card(8),
        cards=tuple(card(at) for at in (0, 3, 2, 4)),
        rubrics=rubrics("Pembangunan"),
        feed_url="/rubrik/pembangunan/feed.atom",
        newer=Link(text="Desember 2026", url="/rubrik/pembangunan/2026/12/"),
        older=Link(text="Oktober 2026", url="/rubrik/pembangunan/2026/10/"),
    )


def _month(site: Site) -> ListPage:
    return ListPage(
        site=site,
        meta=Meta(path="/berita/2026/11/", title="Berita November 2026", crumbs=crumbs(NEWS_LINK)),
        kind="month",
        title="November 2026",
        count_line="9 berita",
        cards=tuple(card(at) for at in range(8)),
        months=months(),
        older=Link(text="Oktober 2026", url="/berita/2026/10/"),
    )


def _board_list(site: Site) -> ListPage:
    return ListPage(
        site=site,
        meta=Meta(path="/pengumuman/", title="Pengumuman", crumbs=crumbs()),
        kind="announcements",
        title="Pengumuman",
        notices=notices(),
        months=(Link(text="Oktober 2026", url="/pengumuman/2026/10/", count=6),),
        older=Link(text="Oktober 2026", url="/pengumuman/2026/10/"),
    )


def _article(site: Site) -> ArticlePage:
    scene, rubric, title, byline, standfirst, alt = NEWS[0]
    credit = f"{byline}/KIM Sukamaju"
    caption = (
        "Kaur Perencanaan Suyatno menjelaskan lebar jalan kepada warga di pendopo balai desa, "
        "Kamis (19/11/2026) malam."
    )
    return ArticlePage(
        site=site,
        meta=Meta(
            path="/berita/jalan-tani-kedungrejo",
            title=title,
            description=standfirst,
            crumbs=crumbs(NEWS_LINK, rubric_link(rubric)),
            picture=picture(scene, alt),
        ),
        title=title,
        standfirst=standfirst,
        kicker=rubric_link(rubric),
        byline=byline,
        initials="NA",
        organisation="KIM Sukamaju",
        published_at=NOON,
        updated_at=NOON + timedelta(days=1, hours=1),
        dateline="Bengawan, Desa Sukamaju",
        body=_BODY,
        code="[nur/BP]",
        editor="Bagus Prasetya",
        picture=picture(scene, alt, caption, credit),
        pictures=(
            picture(
                "jalan",
                NEWS[8][5],
                "Rabat beton Dusun Krajan yang rampung awal bulan ini menjadi contoh.",
                "Dimas Setyawan/KIM Sukamaju",
            ),
            Picture(
                url="",
                width_px=960,
                height_px=640,
                alt="Papan pengumuman balai desa",
                caption="Daftar hadir kerja ditempel di papan pengumuman.",
                credit=credit,
                is_pending=True,
            ),
        ),
        corrections=(
            Correction(
                on=TODAY,
                text="Naskah sebelumnya menyebut upah Rp100.000 per hari. Yang benar Rp110.000.",
            ),
        ),
        tags=(
            Link(text="jalan tani", url="/tag/jalan-tani"),
            Link(text="Dana Desa", url="/tag/dana-desa"),
            Link(text="Kedungrejo", url="/tag/kedungrejo"),
        ),
        related=tuple(card(at) for at in (8, 9, 7)),
        download=Document(
            name="Media kit berita ini",
            url="/media-kit/jalan-tani.zip",
            format="ZIP",
            size_bytes=18_400_000,
        ),
        summary=Summary(
            points=(
                "Jalan tani Kedungrejo sepanjang 640 meter dibangun mulai 7 Desember.",
                "Pekerjanya warga dusun sendiri, upah dibayar tiap Sabtu.",
                "Jalan ditutup untuk truk, sepeda motor tetap bisa lewat.",
            ),
            made_by="Dibuat oleh mesin, diperiksa redaksi.",
        ),
        poll=Poll(
            question="Bagaimana tanggapan Anda?",
            action_url="/tanggapan",
            hint="Satu ketukan, tanpa nama. 57 warga sudah menjawab.",
            note="Jawaban terbanyak dibahas di radio desa setiap Rabu pukul 16.00.",
            choices=(
                PollChoice(text="Sangat Puas", value="4", count=31, face="p1"),
                PollChoice(text="Puas", value="3", count=17, face="p2"),
                PollChoice(text="Cukup Puas", value="2", count=6, face="p3"),
                PollChoice(text="Tidak Puas", value="1", count=3, face="p4"),
            ),
        ),
    )


def _announcement(site: Site) -> AnnouncementPage:
    return AnnouncementPage(
        site=site,
        meta=Meta(
            path="/pengumuman/pendataan-blt",
            title="Pendataan penerima BLT tahap IV",
            description="Bawa KTP dan KK ke balai desa sampai 24 November.",
            crumbs=crumbs(Link(text="Pengumuman", url="/pengumuman/")),
        ),
        title="Pendataan penerima BLT tahap IV",
        body=Markup(
            "<p>Keluarga yang tercatat pada tahap III tidak perlu mendaftar lagi. Keluarga lain "
            "membawa:</p><ol><li>KTP kepala keluarga,</li><li>kartu keluarga,</li><li>surat "
            "pengantar dari RT.</li></ol><p>Hasilnya ditempel di papan desa pada 1 Desember.</p>"
        ),
        published_at=NOON,
        until_on=date(2026, 11, 24),
        place="Balai desa, meja dua",
        contact="Suyatno, (0353) 000 111",
        attachments=(
            Document(
                name="Formulir pendataan",
                url="/media/x/formulir.pdf",
                format="PDF",
                size_bytes=84_000,
            ),
        ),
        others=notices()[1:],
    )


def _content(site: Site) -> ContentPage:
    return ContentPage(
        site=site,
        meta=Meta(
            path="/halaman/sejarah",
            title="Sejarah",
            description="Asal nama dan babad Desa Sukamaju.",
            crumbs=crumbs(Link(text="Profil Desa", url="/halaman/profil")),
        ),
        title="Sejarah desa",
        standfirst="Dari tiga dusun di tepi Kali Gandu, satu lumbung, dan sebatang trembesi.",
        body=_BODY,
        picture=picture("sawah", NEWS[9][5], "Sawah blok utara.", "Siti Rahayu/KIM Sukamaju"),
        updated_on=TODAY,
        attachments=(
            Document(
                name="Peta dusun", url="/media/x/peta.pdf", format="PDF", size_bytes=1_400_000
            ),
        ),
        section="Profil Desa",
        siblings=(
            Link(text="Sejarah", url="/halaman/sejarah", current=True),
            Link(text="Visi dan misi", url="/halaman/visi"),
            Link(text="Wilayah", url="/halaman/wilayah"),
            Link(text="Potensi", url="/halaman/potensi"),
        ),
    )


def _search(site: Site) -> SearchPage:
    marked = (
        (
            1,
            Markup(
                "Kader <mark>posyandu</mark> <mark>dilatih</mark> membaca grafik tumbuh kembang"
            ),
            Markup("Dua puluh empat kader <mark>posyandu</mark> mengenali berat badan seret."),
        ),
        (
            7,
            Markup("<mark>Pelatihan</mark> foto ponsel untuk kader dan karang taruna"),
            Markup("KIM membuka <mark>pelatihan</mark> foto bagi kader <mark>posyandu</mark>."),
        ),
        (
            0,
            Markup("Musdes setujui tambahan anggaran <mark>pelatihan</mark>"),
            Markup("Anggaran <mark>pelatihan</mark> kader naik menjadi Rp18 juta."),
        ),
    )
    cards = [(card(at), title, snippet) for at, title, snippet in marked]
    return SearchPage(
        site=site,
        meta=Meta(path="/cari", title="Cari: pelatihan posiandu", noindex=True),
        query="pelatihan posiandu",
        summary="7 hasil, terbaru di atas",
        hits=tuple(
            Hit(
                title=title,
                snippet=snippet,
                url=found.url,
                kicker=found.kicker,
                byline=found.byline,
                published_at=found.published_at,
                picture=found.picture,
            )
            for found, title, snippet in cards
        ),
        facets=(
            Facet(
                title="Rubrik",
                links=(
                    Link(text="Semua", url="/cari?q=pelatihan", count=7, current=True),
                    Link(text="Kesehatan", url="/cari?q=pelatihan&r=kesehatan", count=4),
                    Link(text="Kegiatan", url="/cari?q=pelatihan&r=kegiatan", count=3),
                ),
            ),
            Facet(
                title="Tahun", links=(Link(text="2026", url="/cari?q=pelatihan&t=2026", count=7),)
            ),
        ),
        corrected=Corrected(shown="pelatihan posyandu", exact_url="/cari?q=pelatihan&persis=1"),
        range_line="1–3 dari 7",
        older=Link(text="Hasil berikutnya", url="/cari?q=pelatihan&h=2"),
    )


def _search_nothing(site: Site) -> SearchPage:
    return SearchPage(
        site=site,
        meta=Meta(path="/cari", title="Cari: helikopter", noindex=True),
        query="helikopter",
        way_on=(
            Link(text="Semua berita", url="/berita/"),
            Link(text="Pengumuman", url="/pengumuman/"),
            Link(text="Layanan", url="/halaman/layanan"),
        ),
    )


def _gallery(site: Site) -> GalleryPage:
    return GalleryPage(
        site=site,
        meta=Meta(path="/galeri/", title="Galeri", description="Foto dari warga dan KIM."),
        title="Galeri",
        count_line="412 foto dari warga dan KIM",
        albums=tuple(
            Link(text=text, url=f"/galeri/{slug(text)}", current=at == 0)
            for at, text in enumerate(("Semua", "Panen", "Gotong royong", "Budaya", "Olahraga"))
        ),
        photos=tuple(
            GalleryPhoto(
                picture=picture(scene, alt),
                title=title,
                url=f"/berita/{slug(title)}",
                byline=byline,
                taken_on=TODAY - timedelta(days=at),
            )
            for at, (scene, _rubric, title, byline, _standfirst, alt) in enumerate(
                (NEWS[9], *NEWS[1:9])
            )
        ),
        older=Link(text="Foto lebih lama", url="/galeri/2026/10/"),
    )


def _media_kit(site: Site) -> MediaKitPage:
    cards = [card(at) for at in (0, 1, 5)]
    return MediaKitPage(
        site=site,
        meta=Meta(path="/media-kit/", title="Media kit", description="Naskah dan foto asli."),
        updated_on=TODAY,
        kits=tuple(
            Kit(
                title=found.title,
                url=found.url,
                contents=f"Naskah, {4 + at} foto asli, keterangan, lisensi",
                credit=f"{found.byline}/KIM Sukamaju",
                published_at=found.published_at,
                download=Document(
                    name="Unduh paket",
                    url=f"/media-kit/{at}.zip",
                    format="ZIP",
                    size_bytes=18_400_000 + at * 12_600_000,
                ),
                kicker=found.kicker,
                picture=found.picture,
            )
            for at, found in enumerate(cards)
        ),
        terms=Markup(
            "<p>Tulis “Foto: nama/KIM Sukamaju”. Jangan memotong hingga mengubah arti. "
            "Lisensi CC BY 4.0.</p>"
        ),
        people=(
            Link(text="Bagus Prasetya", url="tel:+62353000111", note="Sekretaris Desa"),
            Link(text="Nur Aini", url="mailto:kim@sukamaju.example", note="KIM Sukamaju"),
        ),
        files=(
            Document(
                name="Lambang desa", url="/media/x/lambang.svg", format="SVG", size_bytes=6_000
            ),
            Document(name="Profil singkat", url="/media/x/p.pdf", format="PDF", size_bytes=210_000),
        ),
        older=Link(text="Paket lebih lama", url="/media-kit/2026/10/"),
    )


def _help(site: Site) -> HelpPage:
    return HelpPage(
        site=site,
        meta=Meta(
            path="/bantuan/menulis",
            title="Menulis berita",
            crumbs=crumbs(Link(text="Bantuan", url="/bantuan/")),
        ),
        title="Menulis berita",
        body=Markup(
            "<p>Kabar pertama biasanya yang paling mudah: siapa, di mana, kapan.</p><ol><li>Ketuk "
            "<strong>Tulis berita</strong>.</li><li>Isi judul, paling banyak 70 huruf.</li><li>"
            "Tambah foto dan keterangannya.</li></ol><h2>Tanpa sinyal</h2><p>Teruskan saja, semua "
            "tersimpan di ponsel. Alamat meja kerja: <code>/kelola</code></p>"
            "<pre><code>desa serve --site situs</code></pre>"
        ),
        topics=(
            Link(text="Hari pertama", url="/bantuan/hari-pertama"),
            Link(text="Menulis berita", url="/bantuan/menulis", current=True),
            Link(text="Foto", url="/bantuan/foto"),
        ),
        previous=Link(text="Hari pertama", url="/bantuan/hari-pertama"),
        next=Link(text="Foto", url="/bantuan/foto"),
    )
