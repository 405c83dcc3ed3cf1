// Penyiapan pertama: tombol cetak, dan kata-kata selama situs dibuat. Tanpa ini semuanya tetap jalan.
const cetak = document.querySelector('[data-cetak]');
const tunggu = document.querySelector('[data-tunggu]');

cetak.hidden = false;
cetak.addEventListener('click', () => print());
document.querySelector('.tanpa-js').hidden = true;

tunggu.closest('form').addEventListener('submit', () => {
  tunggu.textContent = tunggu.dataset.tunggu;
});
