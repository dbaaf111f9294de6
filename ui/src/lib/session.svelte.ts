// Who sits before this page, and what he may do. The node decides everything again with each request; this is for
// showing what makes sense, for leading to the login, and for locking a page that nobody watches.
import { activity } from "./activity";
import { Problem, whenRefused } from "./api";
import { allows, identity, type Permission, type SessionAnswer } from "./identity";
import { t } from "./language.svelte";

/** A refused request is a reason to ask again who we are, but not a reason for each of a hundred. */
const ASK_AGAIN_MS = 3_000;
/** Other tabs are told about input this often at most. */
const TELL_MS = 5_000;
const TICK_MS = 1_000;
const RETRY_MS = 5_000;
/** How long it may take at most until the page notices that it is somebody else's, or that the policy has changed. */
const LOOK_MS = 15_000;
/** Before the page locks by itself, this long a warning. */
export const WARN_IDLE_MS = 60_000;
/** Before the session ends for good, this long a warning. */
export const WARN_END_MS = 300_000;

const NOTICED = "lineshaft.noticed";

function remembered(): string {
  try {
    return sessionStorage.getItem(NOTICED) ?? "";
  } catch {
    return "";
  }
}

type Told = { touched: number } | { changed: true };

class Session {
  /** What the node last said; null until it has said anything. */
  seen = $state.raw<SessionAnswer | null>(null);
  /** Why nothing is known yet. */
  problem = $state.raw<Problem | null>(null);
  /** When the node is asked again because nothing is known yet; null while it is being asked. */
  retryMs = $state<number | null>(null);
  /** Why the login is shown although nobody asked for it. */
  ended = $state<string | null>(null);
  /** Until the page locks or signs out by itself; null when that is far off. */
  idleLeftMs = $state<number | null>(null);
  /** Until the session ends for good; null when that is far off. */
  endLeftMs = $state<number | null>(null);

  /** The session whose notices were dismissed. */
  private noticed = $state(remembered());

  private askedMs = -Infinity;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private toldMs = 0;
  private locking = false;
  private channel: BroadcastChannel | null = null;
  private readonly forgetters: (() => void)[] = [];

  /** Whether there is anything to see for whoever this is: for a person at least his account. */
  get open(): boolean {
    if (this.seen === null) return false;
    const own = ["public", "own-account"]; // what everybody has is nothing to look at
    return this.known || this.seen.permissions.some((rule) => !own.includes(rule.permission) && rule.under.length > 0);
  }

  /** Whether it is allowed at `path`; without a path, anywhere at all. */
  may(permission: Permission, path?: string): boolean {
    return this.seen !== null && allows(this.seen.permissions, permission, path);
  }

  get state(): SessionAnswer["state"] | "unknown" {
    return this.seen?.state ?? "unknown";
  }

  /** A person, a token or a certificate; not a visitor of a demo, and not nobody. */
  get known(): boolean {
    return this.seen !== null && !["nobody", "visitor"].includes(this.seen.kind);
  }

  /** What happened to the account since its last sign-in, until it was read. */
  get notices(): readonly string[] {
    const seen = this.seen;
    return seen === null || seen.session === null || seen.session === this.noticed ? [] : seen.notices;
  }

  dismissNotices(): void {
    this.noticed = this.seen?.session ?? "";
    try {
      sessionStorage.setItem(NOTICED, this.noticed);
    } catch {
      // Storage can be forbidden; then it is told again after a reload.
    }
  }

  get account(): string | null {
    return this.seen?.account ?? null;
  }

  get requireReason(): boolean {
    return this.seen?.require_reason ?? false;
  }

  get fourEyes(): boolean {
    return this.seen?.four_eyes ?? false;
  }

  /** To be called once, before anything else is asked of the node. */
  start(): void {
    whenRefused((problem, path) => this.refused(problem, path));
    for (const event of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
      addEventListener(event, () => this.touch(), { passive: true, capture: true });
    }
    if ("BroadcastChannel" in window) {
      this.channel = new BroadcastChannel("lineshaft-session");
      this.channel.onmessage = (event: MessageEvent<Told>) => {
        if ("touched" in event.data) activity.touch(Math.min(event.data.touched, Date.now()));
        else void this.ask();
      };
    }
    setInterval(() => this.tick(), TICK_MS);
    void this.ask();
  }

  /** What to throw away when somebody else sits down: answers that were given to another person. */
  whenChanged(forget: () => void): void {
    this.forgetters.push(forget);
  }

  /** Asks the node who we are. */
  async ask(): Promise<void> {
    this.askedMs = Date.now();
    this.retryMs = null;
    clearTimeout(this.retry);
    try {
      this.take(await identity.session());
      this.problem = null;
    } catch (cause) {
      this.problem = Problem.of(cause);
      if (this.seen !== null) return;
      clearTimeout(this.retry);
      this.retry = setTimeout(() => void this.ask(), RETRY_MS);
      this.retryMs = Date.now() + RETRY_MS;
    }
  }

  async login(account: string, password: string, code?: string): Promise<void> {
    this.take(await identity.login(account, password, code));
    this.tell({ changed: true });
  }

  async setUp(secret: string, account: string, fullName: string, password: string): Promise<void> {
    this.take(await identity.setUp(secret, account, fullName, password));
    this.tell({ changed: true });
  }

  async logout(why: string | null = null): Promise<void> {
    try {
      await identity.logout();
    } finally {
      await this.ask();
      this.ended = why;
      this.tell({ changed: true });
    }
  }

  async lock(): Promise<void> {
    this.take(await identity.lock());
    this.tell({ changed: true });
  }

  async unlock(password: string): Promise<void> {
    this.take(await identity.unlock(password));
    this.tell({ changed: true });
  }

  private take(answer: SessionAnswer): void {
    const before = this.seen;
    const other = before !== null && (before.account !== answer.account || before.kind !== answer.kind);
    if (other) this.forgetters.forEach((forget) => forget());
    if (before?.session != null && answer.state === "anonymous") this.ended ??= t("Your session has ended. Sign in to go on where you were.");
    if (answer.state === "live") this.ended = null;
    // Coming back in is an input, whatever brought it.
    if (before !== null && before.state !== answer.state) activity.touch(Date.now());
    this.seen = answer;
    this.tick();
  }

  private refused(problem: Problem, path: string): void {
    if (path === "session" || path.startsWith("session/") || path === "setup") return; // those who ask these listen themselves
    if (problem.status === 423 && this.seen?.state === "live") this.seen = { ...this.seen, state: "locked" };
    if (Date.now() - this.askedMs >= ASK_AGAIN_MS) void this.ask();
  }

  private touch(): void {
    const now = Date.now();
    // A locked page does not wake up from a mouse that was pushed.
    if (this.seen?.state === "locked") return;
    activity.touch(now);
    if (this.idleLeftMs !== null) this.idleLeftMs = null;
    if (now - this.toldMs < TELL_MS) return;
    this.toldMs = now;
    this.tell({ touched: now });
  }

  private tell(told: Told): void {
    this.channel?.postMessage(told);
  }

  private tick(): void {
    const seen = this.seen;
    const timed = seen !== null && seen.session !== null && seen.state !== "anonymous";
    const now = Date.now();
    const end = timed && seen.ends_ms !== null ? seen.ends_ms - now : Infinity;
    this.endLeftMs = end < WARN_END_MS ? Math.max(0, end) : null;
    if (timed && end <= 0 && now - this.askedMs >= ASK_AGAIN_MS) void this.ask();
    const limit = timed && seen.state === "live" ? (seen.idle_ms ?? 0) : 0;
    const left = limit > 0 ? limit - activity.idleMs(now) : Infinity;
    this.idleLeftMs = left < Math.min(WARN_IDLE_MS, limit / 2) ? Math.max(0, left) : null;
    if (timed && seen.state === "live" && activity.owes(now)) void this.ask();
    if (seen !== null && now - this.askedMs > LOOK_MS && !document.hidden) void this.ask();
    if (left <= 0) void this.leave(seen?.idle_means ?? "lock");
  }

  /** Nobody was here for as long as the policy allows. */
  private async leave(means: "lock" | "end"): Promise<void> {
    if (this.locking) return;
    this.locking = true;
    try {
      if (means === "lock") await this.lock();
      else await this.logout(t("You were signed out because nobody used this page for a while."));
    } catch {
      // No line to the node: nothing can be done here, so nothing can be done by whoever walks past.
      if (this.seen !== null) this.seen = { ...this.seen, state: "locked" };
    } finally {
      this.locking = false;
    }
  }
}

export const session = new Session();
