"""The invented village of the sample pages: its site, news, slips and pictures.

Scene names ("balai", "posyandu" …) are those of the sample pictures.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from markupsafe import Markup

from desa_web.web.contexts import (
    AnnouncementPage,
    ArticlePage,
    Card,
    Contacts,
    ContentPage,
    ErrorPage,
    GalleryPage,
    HelpPage,
    HomePage,
    Hours,
    Link,
    ListPage,
    MediaKitPage,
    MenuItem,
    Meta,
    Notice,
    Page,
    Picture,
    SearchPage,
    Site,
)
from desa_web.web.dates import local

# fmt: off
NEWS = (
    ("balai", "Pembangunan", "Jalan tani Kedungrejo dibangun warga mulai Desember", "Nur Aini",
     "Musyawarah desa memilih rabat beton 640 meter dengan pola padat karya. "
     "Anggarannya Rp214 juta dari Dana Desa.",
     "Warga duduk bersila di pendopo balai desa, seorang perangkat memberi penjelasan"),
    ("posyandu", "Kesehatan", "Kader posyandu dilatih membaca grafik tumbuh kembang anak",
     "Siti Rahayu",
     "Dua puluh empat kader belajar mengenali tanda berat badan seret sejak bulan pertama.",
     "Kader menimbang bayi dengan dacin di posyandu"),
    ("pasar", "Ekonomi & UMKM", "Pasar Pahing pindah sementara ke lapangan timur", "Dimas Setyawan",
     "Atap los lama diganti. Lapak sementara dibuka pukul 04.30 dan tanpa sewa selama tiga pekan.",
     "Lapak sayur bertenda lurik di lapangan"),
    ("sungai", "Lingkungan", "Empat puluh karung sampah terangkat dari Kali Gandu", "Nur Aini",
     "Pemuda tiga dusun menyusuri sungai dengan perahu sejak pagi.",
     "Warga naik perahu di sungai dekat jembatan bambu"),
    ("baca", "Pendidikan", "Taman baca di bawah trembesi kini buka sampai petang", "Laila Wardani",
     "Relawan menambah lampu dan seratus judul buku anak.",
     "Anak-anak membaca buku di bawah pohon besar"),
    ("batik", "Budaya", "Pembatik muda garap pesanan seragam lima sekolah", "Dimas Setyawan",
     "Motif daun randu dipilih siswa lewat pemungutan suara.",
     "Dua perempuan membatik di depan kain bermotif"),
    ("voli", "Olahraga", "Voli antardusun: Krajan juara setelah lima set", "Bagus Prasetya",
     "Pertandingan puncak ditonton hampir seribu orang.",
     "Pertandingan voli sore hari"),
    ("kim", "Kegiatan", "KIM ajari petani cabai memasang papan harga harian", "Laila Wardani",
     "Harga dikirim dari pasar kabupaten setiap subuh.",
     "Reporter KIM memotret petani cabai"),
    ("jalan", "Pembangunan", "Rabat beton Dusun Krajan rampung 320 meter", "Nur Aini",
     "Sisa 90 meter menunggu saluran air selesai.",
     "Pekerja mengecor jalan desa, sebuah mesin gilas kuning di belakang"),
    ("sawah", "Ekonomi & UMKM", "Padi terasering dipanen dua pekan lebih awal", "Siti Rahayu",
     "Hujan datang cepat; kelompok tani menambah satu kali tanam.",
     "Petani di sawah terasering dengan gunung di kejauhan"),
)
# fmt: on
NOON = local(datetime.fromisoformat("2026-11-20T02:15:00+00:00"), "WIB")
TODAY = date(2026, 11, 21)


def sample_site() -> Site:
    """Return an invented village with everything filled in."""
    return Site(
        name="Desa Sukamaju",
        short_name="Sukamaju",
        tagline="Kabar dan layanan desa",
        district="Kec. Danderejo",
        regency="Kab. Bengawan",
        province="Jawa Timur",
        code="35.99.01.2001",
        contacts=Contacts(
            address_lines=("Jalan Balai Desa No. 1, Dusun Krajan", "Kecamatan Danderejo"),
            postal_code="62199",
            phone="(0353) 000 111",
            phone_url="tel:+62353000111",
            whatsapp_url="https://wa.me/620000000000",
            email="kantor@sukamaju.example",
        ),
        hours=(
            Hours(days="Senin–Kamis", weekdays=(0, 1, 2, 3), opens="08.00", closes="15.00"),
            Hours(days="Jumat", weekdays=(4,), opens="08.00", closes="11.00"),
            Hours(days="Sabtu", weekdays=(5,), opens="08.00", closes="12.00"),
            Hours(days="Minggu, libur", weekdays=(6,)),
        ),
        base_url="https://sukamaju.example",
        menu=_menu(),
        footer_links=tuple(
            Link(text=text, url=url)
            for text, url in (
                ("Profil Desa", "/halaman/profil"),
                ("Berita", "/berita/"),
                ("Pengumuman", "/pengumuman/"),
                ("Agenda", "/agenda/"),
                ("Galeri", "/galeri/"),
                ("PPID", "/halaman/ppid"),
                ("Transparansi", "/halaman/transparansi"),
                ("Media Kit", "/media-kit/"),
            )
        ),
        social=(
            Link(text="Instagram", url="https://instagram.example/sukamaju"),
            Link(text="YouTube", url="https://youtube.example/sukamaju"),
        ),
        announcement=Link(
            text="Air bersih mati Selasa 08.00–12.00 di Dusun Krajan", url="/pengumuman/air"
        ),
        feeds=(Link(text="Umpan berita", url="/feed.atom"),),
    )


def bare_pages() -> dict[str, Page]:
    """Return name → page with only what must be there: a village's first day."""
    site = Site(name="Nagari Koto Tinggi", short_name="Koto Tinggi", zone="WIB", search_url="")
    body = Markup("<p>Isi.</p>")
    return {
        "polos-beranda": HomePage(site=site, meta=Meta(path="/", title="")),
        "polos-berita": ListPage(
            site=site, meta=Meta(path="/berita/", title="Berita"), kind="news", title="Berita"
        ),
        "polos-artikel": ArticlePage(
            site=site,
            meta=Meta(path="/berita/kabar", title="Kabar pertama"),
            title="Kabar pertama",
            body=body,
            published_at=NOON,
        ),
        "polos-pengumuman": AnnouncementPage(
            site=site,
            meta=Meta(path="/pengumuman/satu", title="Pengumuman"),
            title="Pengumuman",
            body=body,
            published_at=NOON,
        ),
        "polos-halaman": ContentPage(
            site=site,
            meta=Meta(path="/halaman/sejarah", title="Sejarah"),
            title="Sejarah",
            body=body,
        ),
        "polos-cari": SearchPage(site=site, meta=Meta(path="/cari", title="Cari", noindex=True)),
        "polos-galeri": GalleryPage(
            site=site, meta=Meta(path="/galeri/", title="Galeri"), title="Galeri"
        ),
        "polos-media-kit": MediaKitPage(
            site=site, meta=Meta(path="/media-kit/", title="Media kit")
        ),
        "polos-bantuan": HelpPage(
            site=site, meta=Meta(path="/bantuan/", title="Bantuan"), title="Bantuan", body=body
        ),
        "polos-500": ErrorPage(
            site=site,
            meta=Meta(path="", title="Gangguan", noindex=True),
            status=500,
            label="Gangguan",
            title="Situs sedang terganggu.",
            text="Coba lagi sebentar lagi.",
            has_search=False,
        ),
    }


def picture(name: str, alt: str = "", caption: str = "", credit: str = "") -> Picture:
    """Return a sample picture in three widths; `name` is one of the sample scenes."""
    return Picture(
        url=f"/media/contoh/{name}-960.webp",
        width_px=960,
        height_px=640,
        sources=tuple((f"/media/contoh/{name}-{w}.webp", w) for w in (320, 480, 960)),
        alt=alt,
        caption=caption,
        credit=credit,
    )


def _menu() -> tuple[MenuItem, ...]:
    def branch(text: str, url: str, *children: str) -> MenuItem:
        found = tuple(
            MenuItem(text=child, url=f"/halaman/{child.split()[0].lower()}") for child in children
        )
        return MenuItem(text=text, url=url, children=found)

    return (
        branch("Beranda", "/"),
        branch("Profil Desa", "/halaman/profil", "Sejarah", "Visi dan misi", "Wilayah", "Potensi"),
        branch(
            "Pemerintahan", "/halaman/pemerintahan", "Kepala Desa", "Perangkat", "BPD", "Lembaga"
        ),
        branch("Berita", "/berita/"),
        branch("Layanan", "/halaman/layanan"),
        branch("Galeri", "/galeri/"),
        branch("Transparansi", "/halaman/transparansi"),
        branch("Media Kit", "/media-kit/"),
    )


def slug(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


def rubric_link(name: str) -> Link:
    return Link(text=name, url=f"/rubrik/{slug(name)}")


def card(at: int) -> Card:
    scene, rubric, title, byline, standfirst, alt = NEWS[at]
    return Card(
        title=title,
        url=f"/berita/{slug(title)}",
        published_at=NOON - timedelta(days=at + at // 3),
        standfirst=standfirst,
        kicker=rubric_link(rubric),
        byline=byline,
        organisation="KIM Sukamaju",
        picture=picture(scene, alt, credit=f"{byline}/KIM Sukamaju"),
    )


def notices() -> tuple[Notice, ...]:
    rows = (
        ("Pendataan penerima BLT tahap IV", "Balai desa", 3),
        ("Pendaftaran pelatihan menjahit bagi ibu muda, 20 kursi", "Balai desa", 9),
        ("Jadwal ronda Desember semua dusun", "Unduh PDF, 84 KB", None),
        ("Lowongan: operator mesin perontok BUMDes", "Lamaran ke kantor BUMDes", 14),
    )
    return tuple(
        Notice(
            title=title,
            url=f"/pengumuman/{slug(title)}",
            note=note,
            published_on=TODAY - timedelta(days=at),
            until_on=TODAY + timedelta(days=days) if days else None,
        )
        for at, (title, note, days) in enumerate(rows)
    )


def crumbs(*above: Link) -> tuple[Link, ...]:
    return (Link(text="Beranda", url="/"), *above)


def rubrics(current: str = "") -> tuple[Link, ...]:
    counts = {
        "Pemerintahan": 41,
        "Pembangunan": 28,
        "Kesehatan": 33,
        "Pendidikan": 19,
        "Ekonomi & UMKM": 36,
        "Budaya": 14,
        "Lingkungan": 22,
        "Olahraga": 11,
        "Kegiatan": 57,
    }
    return tuple(
        Link(text=name, url=f"/rubrik/{slug(name)}", count=count, current=name == current)
        for name, count in counts.items()
    )


def months() -> tuple[Link, ...]:
    names = (
        ("November 2026", "2026/11"),
        ("Oktober 2026", "2026/10"),
        ("September 2026", "2026/09"),
    )
    return tuple(
        Link(text=text, url=f"/berita/{path}/", count=9 - at)
        for at, (text, path) in enumerate(names)
    )


NEWS_LINK = Link(text="Berita", url="/berita/")


def error_pages(site: Site) -> tuple[ErrorPage, ...]:
    home = Link(text="Kembali ke beranda", url="/")
    return (
        ErrorPage(
            site=site,
            meta=Meta(path="", title="Halaman tidak ada", noindex=True),
            status=404,
            label="Halaman tidak ada",
            title="Jalan ini buntu, tapi beritanya mungkin hanya pindah.",
            text="Alamatnya salah ketik atau berita sudah pindah. Coba cari dengan satu dua kata.",
            way_on=(home, NEWS_LINK),
        ),
        ErrorPage(
            site=site,
            meta=Meta(path="", title="Berita ditarik", noindex=True),
            status=410,
            label="Sudah ditarik",
            title="Berita ini sudah ditarik redaksi.",
            text="Naskahnya tidak lagi kami sajikan. Kabar lain masih lengkap.",
            way_on=(home, NEWS_LINK),
        ),
        ErrorPage(
            site=site,
            meta=Meta(path="", title="Situs sedang terganggu", noindex=True),
            status=500,
            label="Gangguan",
            title="Maaf, halaman ini gagal dibuka.",
            text="Tulisan dan foto di situs ini aman. Coba lagi sebentar lagi. Bila masih terjadi, "
            "sebutkan nomor di bawah kepada pengelola.",
            way_on=(home,),
            incident="7F3K-20",
            has_search=False,
        ),
    )
