/* Kata yang menua (hari ini, buka sampai, tinggal 3 hari), salin tautan, cetak, tutup menu. */
(function () {
  "use strict";
  var d = document, root = d.documentElement;
  var now = new Date(Date.now() + root.dataset.utc * 36e5); // dibaca sebagai UTC: waktu desa
  var minutes = now.getUTCHours() * 60 + now.getUTCMinutes();
  var weekday = (now.getUTCDay() + 6) % 7;

  function each(selector, work) { Array.prototype.forEach.call(d.querySelectorAll(selector), work); }
  function span(parent, name, cls, text) {
    var e = d.createElement(name); e.className = cls; e.textContent = text; parent.appendChild(e);
  }
  function clock(text) { var p = text.split("."); return p[0] * 60 + +p[1]; }

  each(".hari", function (p) {
    var rows = d.querySelectorAll("tr[data-jam]"), until = "";
    span(p, "b", "", now.toLocaleDateString(root.lang, { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }));
    Array.prototype.forEach.call(rows, function (row) {
      if (row.dataset.hari.indexOf(weekday) < 0) return;
      var times = row.dataset.jam.split("-");
      row.className = "kini";
      if (minutes >= clock(times[0]) && minutes < clock(times[1])) until = times[1];
    });
    if (until) span(p, "span", "buka", p.dataset.buka.replace("{jam}", until));
    else if (rows.length) span(p, "span", "", p.dataset.tutup);
    p.hidden = false;
  });

  each("time[data-sampai]", function (t) {
    var words = t.closest("ul").dataset, p = t.dataset.sampai.split("-");
    var left = Math.round((Date.UTC(p[0], p[1] - 1, p[2]) - Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())) / 864e5);
    if (left > 3) return;
    t.textContent = left < 0 ? words.lewat : left ? words.sisa.replace("{n}", left) : words.akhir;
    if (left >= 0) t.closest("li").className = "segera";
  });

  each("[data-salin]", function (b) {
    b.hidden = false;
    b.onclick = function () {
      var url = b.dataset.salin || location.href, say = b.querySelector("span");
      function done() { say.textContent = b.dataset.jadi; }
      if (navigator.clipboard) return navigator.clipboard.writeText(url).then(done);
      var box = d.createElement("textarea");
      box.value = url; d.body.appendChild(box); box.select();
      if (d.execCommand("copy")) done();
      d.body.removeChild(box); b.focus();
    };
  });
  each("[data-cetak]", function (b) { b.hidden = false; b.onclick = function () { print(); }; });

  function close(event) {
    each(".kepala .menu[open],.kepala .turun[open]", function (m) {
      if (event.key ? event.key !== "Escape" : m.contains(event.target)) return;
      m.open = false;
      if (event.key) m.querySelector("summary").focus();
    });
  }
  d.addEventListener("click", close);
  d.addEventListener("keydown", close);
})();
