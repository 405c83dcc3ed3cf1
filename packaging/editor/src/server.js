// Sends the newest typing to the server: one request at a time, ever slower while it fails.
const PAUSE_MS = 1500;
const AT_MOST_EVERY_MS = 10000;
const WAIT_MS = [4000, 8000, 15000, 30000, 60000];
const TIMEOUT_MS = 30000;
const KEEPALIVE_BYTES = 60000;

// `report(state, details)` with state "there" | "waiting" | "retry" | "conflict" | "signIn" | "gone" |
// "refused"; `values()` returns what to send, or null for nothing.
export class Sender {
  // `url()` is asked at each sending: a sheet that is gone on with has the address of the old one.
  constructor(url, values, report) {
    Object.assign(this, { url, values, report });
    this.sentText = "";
    this.failures = 0;
    this.firstAt = 0;
    this.isStopped = !url();
    window.addEventListener("online", () => this.schedule(0));
  }

  // Something was typed: send after a pause, and now and then while typing goes on.
  typed() {
    if (this.failures) return this.schedule(this.timer ? -1 : WAIT_MS[0]);
    const now = Date.now();
    this.firstAt = this.firstAt || now;
    return this.schedule(Math.min(PAUSE_MS, Math.max(0, this.firstAt + AT_MOST_EVERY_MS - now)));
  }

  schedule(ms) {
    if (this.isStopped || ms < 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.send();
    }, ms);
  }

  stop() {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  // The form itself is being sent: what is under way would only race with it.
  yieldToForm() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.isBusy) this.cut.abort();
  }

  async send() {
    const text = JSON.stringify(this.values());
    if (this.isStopped || this.isBusy || text === "null" || text === this.sentText) return;
    this.isBusy = true;
    this.firstAt = 0;
    const answer = await this.asked(text);
    this.isBusy = false;
    if (answer) await this.answered(answer, text);
    else if (this.values()) this.failed("waiting");
    if (!this.failures && JSON.stringify(this.values()) !== text) this.typed();
  }

  // The answer, or null when none came.
  async asked(text) {
    this.cut = new AbortController();
    const timer = setTimeout(() => this.cut.abort(), TIMEOUT_MS);
    try {
      return await fetch(this.url(), { ...request(text), signal: this.cut.signal });
    } catch (error) {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  // The page goes away: one last try that may outlive it.
  lastBreath() {
    const text = JSON.stringify(this.values());
    if (this.isStopped || text === "null" || text === this.sentText || text.length > KEEPALIVE_BYTES) return;
    fetch(this.url(), { ...request(text), keepalive: true }).catch(() => {});
  }

  async answered(answer, text) {
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) {
      this.failures = 0;
      this.sentText = text;
      return this.report("there", { at: told.saved_at ? new Date(told.saved_at) : new Date() });
    }
    const message = told.error && told.error.message;
    const { status } = answer;
    if (status >= 500 || status === 429 || status === 408) {
      return this.failed("retry", Number(answer.headers.get("Retry-After")) * 1000);
    }
    if (status === 401) return this.failed("signIn", WAIT_MS[WAIT_MS.length - 1]);
    this.stop();
    if (status === 409 || status === 412) return this.report("conflict", {});
    if (status === 403 || status === 404 || status === 410) return this.report("gone", {});
    return this.report(message ? "refused" : "gone", { message });
  }

  failed(state, waitMs = 0) {
    this.failures += 1;
    this.report(state, {});
    this.schedule(Math.max(waitMs || 0, WAIT_MS[Math.min(this.failures, WAIT_MS.length) - 1]));
  }
}

function request(text) {
  return {
    method: "PUT",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-Desa": "1" },
    body: text,
  };
}
