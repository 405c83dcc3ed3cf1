"""256 Indonesian words for four words read out over a telephone: one for each value of a byte.

Things of the village that everybody knows, none one letter away from another. The order is part
of the protocol: a word more or less would let two versions show different words.
"""

from __future__ import annotations

_TEXT = """
air alun ambal anggrek angin angsa anyam arang asam atap awan badak bakau bakso balai
bambu bandeng banjar bata batik bawang bayam bebek bedug belut benang bendera beras
beringin biji bintang biru bola buah bubur buku bulan bunga burung cabai cangkir cangkul
cantik cemara cerah cincin coklat congklak cumi dahan damar danau dapur daun delima desa
domba durian ekor elang emas ember enau fajar galah gambir gamelan garam garuda gelas
gelombang gending gentong gerabah gerobak gitar golok gong gula gunung guru halaman
hangat harum hijau hujan ikan intan jagung jahe jala jamu janur jati jembatan jendela
jerami jeruk kacang kain kakao kaktus kaleng kambing kancil kapas kartu kasur kayu kebun
kelapa kelinci kemangi kemiri kenanga kendi kentang kepiting keramik kerbau keris kertas
ketan ketupat kilat kincir kolam kopi kopra kuali kuda kumbang kuning kunyit ladang
lampu lancar langit laut lebah lele lemari lereng lesung lidi lilin limau lontar lumbung
madu mangga manggis markisa matang mawar meja melati melon menara mendung merak merpati
minyak muara mutiara nanas nangka nasi nelayan nila obor ombak padi pagar paku panci
pandan panen pantai papan pasir payung pelangi pelita pematang penyu pepaya perahu
perisai petai pinang pintu pohon pondok pulau purnama rakit rambutan rebana rebung
rendang roda rotan rumah rumput rusa sagu salak santan sapi sawah sayur sejuk selada
selasih semangka senja serai serambi seruling siang sirih sirsak subuh suling sumur
surau surya susu taman tambak tanah tari tebu teduh telaga telur tembok tenun tepung
terang teratai tikar timun tomat tugu ubi udang ulin ungu waduk wajan warung wayang
wortel zaitun
"""
WORDS = tuple(_TEXT.split())
