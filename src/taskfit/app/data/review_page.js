"use strict";
// Rows are shown with textContent only; nothing that comes from them is ever read as markup.
const by = (id) => document.getElementById(id);
const make = (tag, words, kind) => {
  const made = document.createElement(tag);
  if (words !== undefined) made.textContent = words;
  if (kind) made.className = kind;
  return made;
};
const both = (text) => ["en", "zh"].map((one) => {
  const part = make("span", text[one]);
  part.lang = one;
  return part;
});
const say = (en, zh) => both({ en, zh });

let state = null;
let busy = false;
let editing = false;

async function ask(path, body) {
  if (busy) return;
  busy = true;
  try {
    const how = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
    const reply = await fetch(path, how);
    const told = await reply.json();
    if (told.problem) return wrong(told.problem);
    state = told;
    edit(false);
    draw();
  } catch (problem) {
    wrong({
      en: "The server does not answer. What you decided is saved; start `taskfit data review` again to go on.",
      zh: "服务器没有响应。已做的决定均已保存；请重新运行 taskfit data review 继续。",
    });
  } finally {
    busy = false;
  }
}

const who = () => by("who").value.trim();
const show = (at) => ask("at?" + new URLSearchParams({ who: who(), ...(at === undefined ? {} : { at }) }));
const undo = () => ask("undo", { who: who() });
const decide = (what, more) => state && state.item && ask("decide", { who: who(), row: state.item.row, what, ...more });

function wrong(told) {
  by("problem").replaceChildren(...both(told));
  by("problem").hidden = false;
  by("card").hidden = false;
}

function draw() {
  const { item, done, total } = state;
  by("problem").hidden = true;
  by("fill").style.width = total ? `${(100 * done) / total}%` : "0";
  by("told").replaceChildren(...say(`${done} of ${total} rows decided`, `已决定 ${done} / ${total} 行`));
  const names = { accept: ["kept", "保留"], relabel: ["relabelled", "改标签"], edit: ["edited", "修改"], reject: ["dropped", "删除"], skip: ["skipped", "跳过"] };
  const used = Object.entries(state.counts).filter(([, count]) => count);
  by("counts").replaceChildren(...say(
    used.map(([name, count]) => `${count} ${names[name][0]}`).join(" · "),
    used.map(([name, count]) => `${names[name][1]} ${count}`).join(" · ")));
  by("card").hidden = !item;
  by("finished").hidden = Boolean(item);
  if (item) drawItem(item); else drawEnd();
  drawHistory();
  drawPeople();
}

function drawItem(item) {
  const reasons = item.reasons.map((one) => { const line = make("li"); line.append(...both(one)); return line; });
  if (!reasons.length) { const line = make("li", undefined, "none"); line.append(...say("nothing looks wrong here", "未发现可疑之处")); reasons.push(line); }
  by("reasons").replaceChildren(...reasons);
  const single = item.parts.length === 1 && item.parts[0].words.length < 400;
  by("words").className = single ? "words single" : "words";
  by("words").replaceChildren(...item.parts.map((part) => {
    const box = make("div");
    if (item.parts.length > 1) { const role = make("small"); role.append(...both(part.role)); box.append(role); }
    box.append(make("p", part.words));
    return box;
  }));
  by("words").scrollTop = 0;
  drawLabels(item);
  const mine = item.mine ? item.mine.what : "";
  for (const button of document.querySelectorAll("[data-do]")) {
    const name = button.dataset.do;
    button.classList.toggle("mine", name === mine);
    if (name === "suggestion") button.hidden = item.suggested === null;
    if (name === "edit") button.hidden = !Object.keys(item.edit).length;
  }
  by("place").replaceChildren(make("span", item.place, "data"), make("span"));
  by("place").lastChild.append(...say(`row ${state.at + 1} of ${state.total}`, `第 ${state.at + 1} / ${state.total} 行`));
  if (item.gain) {
    const gain = make("span");
    const share = `${Math.round(100 * item.gain)} %`;
    gain.append(...say(`chance that a look changes it: ${share}`, `需要改动的可能性：${share}`));
    by("place").append(gain);
  }
}

function ordered(item) {
  // Few labels keep their places, so that a key means the same on every row; of many the likely ones come first.
  if (item.choices.length <= 9) return item.choices;
  const first = [item.suggested, item.current].filter((one) => one !== null && item.choices.includes(one));
  return [...new Set([...first, ...item.choices])];
}

function drawLabels(item) {
  const box = by("label");
  box.replaceChildren();
  const all = ordered(item);
  const find = make("input");
  const chips = make("span");
  chips.style.display = "contents";
  const fill = () => {
    const wanted = find.value.trim().toLowerCase();
    const found = all.filter((one) => one.toLowerCase().includes(wanted)).slice(0, 9);
    chips.replaceChildren(...found.map((one, place) => chip(item, one, place + 1)));
  };
  if (all.length) {
    fill();
    box.append(chips);
    if (all.length > 9) {
      find.type = "search";
      find.id = "find";
      find.placeholder = `/ ${all.length}`;
      find.addEventListener("input", fill);
      find.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && chips.firstChild) { event.preventDefault(); chips.firstChild.click(); }
        if (event.key === "Escape") { find.value = ""; fill(); find.blur(); }
        event.stopPropagation();
      });
      box.append(find);
    }
  } else if (item.label) {
    const now = make("span", undefined, "now");
    now.append(...say("label: ", "标签："), make("span", item.label, "data"));
    box.append(now);
  }
  box.hidden = !box.childNodes.length;
}

function chip(item, name, number) {
  const button = make("button");
  button.type = "button";
  button.append(make("kbd", String(number)), make("span", name, "name data"));
  const note = (kind, en, zh) => { button.classList.add(kind); const small = make("small"); small.append(...say(en, zh)); button.append(small); };
  if (item.mine && item.mine.what === "relabel" && item.mine.label === name) button.classList.add("mine");
  if (name === item.current) note("current", "now", "当前");
  if (name === item.suggested) note("suggested", "suggested", "建议");
  button.addEventListener("click", () => decide("relabel", { label: name }));
  return button;
}

function drawEnd() {
  const skipped = state.counts.skip;
  const head = make("h2");
  head.append(...(state.total ? say("All rows are decided", "全部审阅完毕") : say("Nothing looks wrong", "未发现可疑的行")));
  const told = make("p", undefined, "lead");
  told.append(...say(
    skipped ? `${skipped} of them are skipped; the arrow keys go back to them.` : "Close this page and stop the command with Ctrl-C.",
    skipped ? `其中 ${skipped} 行被跳过；可用方向键返回。` : "可关闭此页，并用 Ctrl-C 停止命令。"));
  by("finished").replaceChildren(head, told);
}

function drawHistory() {
  by("history").replaceChildren(...state.history.map((one) => {
    const button = make("button");
    button.type = "button";
    const head = make("b", undefined, one.what);
    head.append(...both(one.told));
    button.append(head, make("span", one.label), make("span", one.words, "data"));
    if (one.at !== null) button.addEventListener("click", () => show(one.at));
    const line = make("li");
    line.append(button);
    return line;
  }));
}

function drawPeople() {
  const box = by("people");
  box.replaceChildren();
  const { counts, pairs, alpha } = state.people;
  if (Object.keys(counts).length < 2) return;
  const head = make("h3");
  head.append(...say("Agreement", "一致性"));
  box.append(head);
  const told = make("p", undefined, "lead");
  told.append(...(alpha === null
    ? say(`${state.people.shared} rows decided by two or more`, `${state.people.shared} 行由多人审阅`)
    : say(`Krippendorff's alpha ${alpha.toFixed(2)} on ${state.people.shared} rows`, `Krippendorff α ${alpha.toFixed(2)}（${state.people.shared} 行）`)));
  const table = make("table");
  for (const one of pairs) {
    const row = make("tr");
    const kappa = one.kappa === null ? "–" : one.kappa.toFixed(2);
    row.append(make("td", `${one.one} · ${one.other}`, "data"), make("td", `${Math.round(100 * one.alike)} %`, "number"), make("td", `κ ${kappa}`, "number"));
    table.append(row);
  }
  box.append(told, table);
}

function edit(open) {
  const item = state && state.item;
  editing = Boolean(open && item && Object.keys(item.edit).length);
  by("editor").hidden = !editing;
  by("words").hidden = editing;
  by("actions").hidden = editing;
  if (!editing) return;
  by("label").hidden = true;
  for (const name of ["text", "answer"]) {
    by(`of-${name}`).hidden = item.edit[name] === undefined;
    by(`edit-${name}`).value = item.edit[name] ?? "";
  }
  by(item.edit.answer === undefined ? "edit-text" : "edit-answer").focus();
}

function leave() { edit(false); if (state) draw(); }

function save() {
  const { item } = state;
  const changed = {};
  for (const name of ["text", "answer"]) {
    const words = by(`edit-${name}`).value;
    // A text area turns CR LF into LF; that alone is no change.
    if (item.edit[name] !== undefined && words !== item.edit[name].replace(/\r\n?/g, "\n")) changed[name] = words;
  }
  if (Object.keys(changed).length) decide("edit", changed); else leave();
}

const actions = {
  accept: () => decide("accept"),
  suggestion: () => state.item.suggested !== null && decide("relabel", { label: state.item.suggested }),
  edit: () => edit(true),
  reject: () => decide("reject"),
  skip: () => decide("skip"),
  undo,
};
const move = (step) => {
  if (!state.total) return;
  const from = state.at === null ? (step > 0 ? -1 : state.total) : state.at;
  const at = from + step;
  if (at >= 0 && at < state.total) show(at);
};
const keys = {
  a: actions.accept, s: actions.suggestion, e: actions.edit, x: actions.reject, k: actions.skip, u: actions.undo,
  n: () => show(), "?": () => by("help").showModal(), ArrowLeft: () => move(-1), ArrowRight: () => move(1),
  "/": () => by("find") && by("find").focus(),
};

document.addEventListener("keydown", (event) => {
  if (by("help").open) return;
  if (editing) {
    if (event.key === "Escape") { event.preventDefault(); leave(); }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing || event.target.tagName === "INPUT" && event.target.type !== "radio" || !state) return;
  const action = keys[event.key];
  if (action && (state.item || !["a", "s", "e", "x", "k"].includes(event.key))) { event.preventDefault(); action(); return; }
  if (/^[1-9]$/.test(event.key) && state.item) {
    const chosen = by("label").querySelectorAll("button")[Number(event.key) - 1];
    if (chosen) { event.preventDefault(); chosen.click(); }
  }
});
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => { if (state) actions[button.dataset.do](); button.blur(); });
}
by("save").addEventListener("click", save);
by("leave").addEventListener("click", leave);
by("ask").addEventListener("click", () => by("help").showModal());
by("close").addEventListener("click", () => by("help").close());
by("who").addEventListener("change", () => { by("who").blur(); show(); });
by("who").addEventListener("keydown", (event) => { if (event.key === "Enter") by("who").blur(); });
for (const one of document.querySelectorAll(".speak")) {
  one.addEventListener("change", () => { document.documentElement.lang = one.id.slice(6); one.blur(); });
}
show();
