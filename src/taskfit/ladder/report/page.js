"use strict";
// Filters and pages of the row matrix, and the language of the page. Data is only ever set as text.
(function () {
  const root = document.documentElement;
  root.classList.add("scripted");
  for (const choice of document.querySelectorAll("input.speak")) {
    const speak = () => { if (choice.checked) root.lang = choice.id.slice(6); };
    choice.addEventListener("change", speak);
    speak();
  }

  const block = document.getElementById("rows-data");
  if (!block) return;
  const data = JSON.parse(block.textContent);
  const body = document.getElementById("rows-body");
  const place = document.getElementById("rows-place");
  const back = document.getElementById("rows-back");
  const next = document.getElementById("rows-next");
  const search = document.getElementById("rows-search");
  const picks = Array.from(document.querySelectorAll("select.pick"));
  const haystack = data.rows.map((row) => (row[0] + "\n" + row[1] + "\n" + row[2]).toLowerCase());
  let found = [];
  let start = 0;

  function element(tag, name, text) {
    const one = document.createElement(tag);
    if (name) one.className = name;
    if (text !== undefined) one.textContent = text;
    return one;
  }

  // Names may be broken after their joints; each part is set as text.
  function name(one, text) {
    text.split(/(?<=[_.\/:-])(?=[\p{L}\p{N}_])/u).forEach((part, number) => {
      if (number) one.append(element("wbr"));
      one.append(part);
    });
    return one;
  }

  function both(en, zh) {
    const parts = [["en", en], ["zh", zh]].map(([language, text]) => {
      const one = element("span", "", text);
      one.lang = language;
      return one;
    });
    place.replaceChildren(...parts);
  }

  function cell([state, answer, right, seeds]) {
    const one = element("td", "mark " + data.states[state]);
    one.append(element("b", "", data.signs[state]));
    if (seeds > 1) one.append(element("small", "", right + "/" + seeds));
    if (answer) one.append(name(element("span"), data.answers[answer]));
    return one;
  }

  function line([id, text, gold, marks]) {
    const row = element("tr");
    const first = element("td", "text data");
    first.append(element("small", "", id), element("div", "clamp", text));
    row.append(first, name(element("td", "data"), gold), ...marks.map(cell));
    return row;
  }

  function draw() {
    const end = Math.min(start + data.page, found.length);
    body.replaceChildren(...found.slice(start, end).map((number) => line(data.rows[number])));
    const all = data.rows.length.toLocaleString("en"), some = found.length.toLocaleString("en");
    if (found.length) both((start + 1) + "–" + end + " of " + some + " rows" + (some === all ? "" : " that fit (" + all + " in all)"), "第 " + (start + 1) + "–" + end + " 行，" + (some === all ? "共 " : "符合 ") + some + " 行" + (some === all ? "" : "（共 " + all + " 行）"));
    else both("No row fits (" + all + " in all)", "没有符合的行（共 " + all + " 行）");
    back.disabled = start === 0;
    next.disabled = end === found.length;
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = picks.filter((one) => one.value).map((one) => [Number(one.dataset.rung), data.states.indexOf(one.value)]);
    for (const one of picks) one.classList.toggle("used", one.value !== "");
    found = [];
    for (let number = 0; number < data.rows.length; number++) {
      const marks = data.rows[number][3];
      if (wanted.every(([rung, state]) => marks[rung][0] === state) && words.every((word) => haystack[number].includes(word))) found.push(number);
    }
    start = 0;
    draw();
  }

  function clear() {
    search.value = "";
    for (const one of picks) one.value = "";
  }

  search.addEventListener("input", filter);
  for (const one of picks) one.addEventListener("change", filter);
  document.getElementById("rows-clear").addEventListener("click", () => { clear(); filter(); });
  back.addEventListener("click", () => { start = Math.max(0, start - data.page); draw(); });
  next.addEventListener("click", () => { start += data.page; draw(); });
  body.addEventListener("click", (event) => {
    const text = event.target.closest(".clamp");
    if (text && !String(window.getSelection())) text.classList.toggle("whole");
  });
  for (const one of document.querySelectorAll("button.jump")) {
    one.addEventListener("click", () => {
      clear();
      picks[Number(one.dataset.right)].value = "right";
      picks[Number(one.dataset.wrong)].value = "wrong";
      filter();
      document.getElementById("rows").scrollIntoView();
    });
  }
  clear();
  filter();
})();
