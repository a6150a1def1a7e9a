// Sends what is chosen at once, in parts where it is large, and goes on where it broke off. Without this the
// page is a form that works.
(() => {
  "use strict";
  const page = document.getElementById("page");
  const sendingList = document.getElementById("sending");
  const cameList = document.getElementById("came");
  const form = document.getElementById("form");
  const base = location.pathname.replace(/\/+$/, "");
  const mostBytes = Number(page.dataset.mostBytes);
  const partBytes = Number(page.dataset.partBytes);
  // Waits between two tries, in milliseconds; a broken connection mostly comes back within them.
  const PAUSES = [500, 1000, 2000, 4000, 8000, 15000, 30000, 30000];
  const LOOK_EVERY = 1500;
  const LOOKS = 400;
  let left = Number(page.dataset.left);
  let looks = 0;
  let looking = false;
  const waiting = [];
  let sending = null;

  const say = (text) => { document.getElementById("said").textContent = text; };
  const pause = (time) => new Promise((done) => setTimeout(done, time));

  // What was begun is remembered by name, size and date, so that the same file goes on after the page was closed.
  const memory = {
    key: (file) => ["satchel", base, file.name, file.size, file.lastModified].join(":"),
    get(file) { try { return localStorage.getItem(this.key(file)); } catch { return null; } },
    set(file, id) { try { localStorage.setItem(this.key(file), id); } catch { /* goes on as long as the page is open */ } },
    drop(file) { try { localStorage.removeItem(this.key(file)); } catch { /* nothing was kept */ } },
  };

  class Failed extends Error {
    constructor(status, code) { super("status " + status); this.status = status; this.code = code; }
    get passes() { return this.status === 0 || this.status === 429 || this.status >= 500; }
  }

  // What a problem calls itself. A proxy that finds a body too large says so by the status alone.
  const codeOf = (request) => {
    try { return JSON.parse(request.responseText).code; } catch { return request.status === 413 ? "too_large" : ""; }
  };

  // One request; its answer as JSON, or null where it has none.
  const ask = (item, method, path, body, type, moved) => new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    item.request = request;
    request.open(method, base + path);
    request.timeout = 15 * 60 * 1000;
    if (type) { request.setRequestHeader("content-type", type); }
    if (moved) { request.upload.onprogress = (event) => moved(event.loaded); }
    request.onload = () => {
      if (request.status < 200 || request.status > 299) { return fail(new Failed(request.status, codeOf(request))); }
      try { done(request.responseText ? JSON.parse(request.responseText) : null); } catch { fail(new Failed(0)); }
    };
    request.onerror = request.ontimeout = () => fail(new Failed(0));
    request.onabort = () => fail(new Failed(-1));
    request.send(body);
  });

  // The same, again while what stops it may pass.
  const insist = async (item, run) => {
    for (const time of PAUSES) {
      try { return await run(); } catch (error) {
        if (!(error instanceof Failed) || !error.passes) { throw error; }
        item.tell("The connection broke off. It goes on as soon as it's back.");
        say(item.file.name + ": the connection broke off, waiting to go on.");
        await Promise.race([pause(time), new Promise((back) => addEventListener("online", back, { once: true }))]);
        if (item.stopped) { throw new Failed(-1); }
      }
    }
    return run();
  };

  const element = (name, className, text) => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };
  const action = (text, label, run) => {
    const made = element("button", "small", text);
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.addEventListener("click", run);
    return made;
  };
  const size = (bytes) => {
    for (const [unit, name] of [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]]) {
      if (bytes >= unit) { return (bytes / unit >= 100 ? Math.floor(bytes / unit) : Math.floor(bytes / unit * 10) / 10) + " " + name; }
    }
    return bytes + " bytes";
  };

  // A line of the list of what is being sent.
  const lineOf = (file) => {
    const line = document.createElement("li");
    const bar = document.createElement("progress");
    const state = element("span", "state", "Waiting");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", "How much of " + file.name + " is sent");
    const item = {
      file, line, stopped: false, request: null,
      tell(text) { state.textContent = text; },
      move(bytes) {
        const percent = file.size ? Math.min(100, Math.floor(bytes / file.size * 100)) : 100;
        bar.value = percent;
        state.textContent = "Sending, " + percent + " %";
      },
    };
    const stop = action("Stop", "Stop sending " + file.name, () => {
      item.stopped = true;
      if (item.request) { item.request.abort(); }
      give_up(item);
      line.remove();
      say(file.name + " is not sent.");
      document.getElementById("files").focus();
    });
    const again = action("Go on", "Go on sending " + file.name, () => {
      again.remove();
      line.classList.remove("broken");
      waiting.push(item);
      next();
    });
    item.fails = (text, mayGoOn) => {
      line.classList.add("broken");
      state.textContent = text;
      if (mayGoOn) { line.append(again); } else { bar.remove(); stop.remove(); }
      say(file.name + ": " + text);
    };
    line.append(element("span", "name", file.name), " ", element("span", "size", size(file.size)), " ", state, bar, stop);
    sendingList.append(line);
    return item;
  };

  const give_up = (item) => {
    const id = memory.get(item.file);
    memory.drop(item.file);
    // What nobody completes is swept; telling so is a courtesy.
    if (id) { ask({}, "DELETE", "/uploads/" + id).catch(() => null); }
  };

  const whole = (item) => insist(item, () =>
    ask(item, "POST", "/files?name=" + encodeURIComponent(item.file.name), item.file,
      item.file.type || "application/octet-stream", (bytes) => item.move(bytes)));

  const inParts = async (item) => {
    const file = item.file;
    const known = memory.get(file);
    let state = known && await insist(item, () => ask(item, "GET", "/uploads/" + known)).catch((error) => {
      if (error.status === 404 || error.status === 409) { memory.drop(file); return null; }
      throw error;
    });
    if (!state) {
      const about = JSON.stringify({ name: file.name, size_bytes: file.size, content_type: file.type || null });
      state = await insist(item, () => ask(item, "POST", "/uploads", about, "application/json"));
      memory.set(file, state.upload_id);
    }
    const there = new Set(state.arrived);
    let sent = 0;
    for (let number = 1; number <= state.part_count; number += 1) {
      const part = file.slice((number - 1) * state.part_size, Math.min(file.size, number * state.part_size));
      if (!there.has(number)) {
        const path = "/uploads/" + state.upload_id + "?part=" + number;
        await insist(item, () => ask(item, "PUT", path, part, "application/octet-stream", (bytes) => item.move(sent + bytes)));
      }
      sent += part.size;
      item.move(sent);
    }
    item.tell("Sent, being put together");
    await insist(item, () => ask(item, "POST", "/uploads/" + state.upload_id + "/complete"));
    memory.drop(file);
  };

  const REASONS = {
    forbidden: "The person who asked can't receive files any more.",
    not_found: "The link has ended.",
    conflict: "The link takes no more files.",
    too_large: "This file is too large for the link.",
    over_quota: "There is no room left for this file. Please tell the person who asked.",
  };

  const next = async () => {
    if (sending || !waiting.length) { return; }
    const item = sending = waiting.shift();
    if (!item.stopped) {
      item.move(0);
      say("Sending " + item.file.name + ".");
      try {
        await (item.file.size > partBytes ? inParts(item) : whole(item));
        item.line.remove();
        await look();
        watch();
      } catch (error) {
        const reason = error instanceof Failed && REASONS[error.code];
        // The file may have been moved or changed on the device since it was chosen.
        if (error.status !== -1) { item.fails(reason || "It broke off.", !reason); }
        if (reason) { left += 1; }
      }
    }
    sending = null;
    next();
  };

  const take = (files) => {
    for (const file of files) {
      const item = lineOf(file);
      if (file.size > mostBytes) { item.fails("This file is too large: at most " + page.dataset.most + ".", false); continue; }
      if (left <= 0) { item.fails("The link takes no more files.", false); continue; }
      left -= 1;
      waiting.push(item);
    }
    next();
  };

  // What has arrived, and what became of it.
  const unlocker = (file) => {
    const unlock = element("form", "unlock", "");
    unlock.method = "post";
    unlock.action = base + "/files/" + file.id + "/unlock";
    const label = element("label", "", "Password of " + file.name);
    const field = element("input", "", "");
    const id = "password-" + file.id;
    label.htmlFor = id;
    Object.assign(field, { id, name: "password", type: "password", required: true, maxLength: 255, autocomplete: "off", autocapitalize: "off", spellcheck: false });
    field.setAttribute("aria-describedby", "kept");
    if (file.state === "wrong_password") { field.setAttribute("aria-invalid", "true"); }
    const button = element("button", "small", "Unlock");
    button.type = "submit";
    button.append(element("span", "unseen", " " + file.name));
    const row = element("div", "row", "");
    row.append(field, button);
    unlock.append(label, row);
    return unlock;
  };
  const cameLine = (file) => {
    const line = element("li", file.state, "");
    line.dataset.id = file.id;
    line.append(element("span", "name", file.name), " ", element("span", "size", file.size), " ", element("span", "state", file.text));
    if (file.may_unlock) { line.append(unlocker(file)); }
    return line;
  };
  const look = async () => {
    const { files } = await ask({}, "GET", "/files");
    const known = new Map([...cameList.children].map((line) => [line.dataset.id, line]));
    for (const [index, file] of files.entries()) {
      // A line that says the same stays as it is: a password may be half typed in it.
      let line = known.get(file.id);
      if (!line || line.className !== file.state) {
        const made = cameLine(file);
        if (line) { line.replaceWith(made); }
        line = made;
        say(file.name + ": " + file.text.replace(/\.$/, "") + ".");
      }
      known.delete(file.id);
      if (cameList.children[index] !== line) { cameList.insertBefore(line, cameList.children[index] || null); }
    }
    for (const line of known.values()) { line.remove(); }
    document.getElementById("arrived").hidden = files.length === 0;
    document.getElementById("kept").hidden = !files.some((file) => file.may_unlock);
    return files.some((file) => file.state === "checking" || file.state === "trying");
  };
  const watch = async () => {
    if (looking) { return; }
    looking = true;
    looks = 0;
    // Not for ever: a page that was forgotten asks nobody anything any more.
    for (let goes_on = true; goes_on && looks < LOOKS; looks += 1) {
      await pause(LOOK_EVERY);
      goes_on = await look().catch(() => true);
    }
    looking = false;
  };

  if ([...cameList.children].some((line) => line.className === "checking" || line.className === "trying")) { watch(); }
  if (!form) { return; }
  const drop = document.getElementById("drop");
  document.getElementById("send").hidden = true;
  form.classList.add("at-once");
  document.getElementById("droppable").hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
  }
  for (const kind of ["dragover", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop") { take([...event.dataTransfer.files]); }
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("beforeunload", (event) => { if (sending) { event.preventDefault(); } });
})();
