// A device that somebody adds or changes: its form and its tag table, taken back step by step, checked by the node while
// it is typed, and applied as one change. It lives as long as the page does, so that a look at another screen does not
// lose it; nothing of it reaches the plant before it is applied.
import { deviceEdits, fileNames, formOf, newDevice, placeOf, renamedText, settingsFields, sharedFields, type DeviceForm } from "./deviceform";
import { type Driver, type PlantDevice, workshop } from "./drivers";
import { Problem } from "./api";
import { type Answer, checkChange, isEmpty, MOVED, type PlantChange, warningsOf } from "./plantchange";
import { t } from "./language.svelte";
import { NOWHERE, placed, type Placed } from "./placed";
import { type FileRef, type Mistake, mistakesOf, revisionsApi } from "./revisions";
import { type Form, isRight } from "./schema";
import { newTagFile, parseTags, type TagFile, withoutEmpty, writeTags } from "./tagcsv";
import { History, onTopOf } from "./tagtable";

interface State {
  form: DeviceForm;
  tags: TagFile;
}

interface Base {
  text: string;
  sha: string;
}

const CHECK_AFTER_MS = 600;
/** Keystrokes in one field within this are one step. */
const STEP_MS = 1_200;
const STEPS_MOST = 200;

const EMPTY_TABLE = writeTags(newTagFile());
const blank = (driver: string): DeviceForm => ({ name: "", driver, endpoint: "", keys: {}, settings: {} });

export class DeviceWork {
  /** What is written; null for a new device. */
  device = $state.raw<PlantDevice | null>(null);
  files = $state.raw<FileRef[]>([]);
  loading = $state(true);
  problem = $state.raw<Problem | null>(null);
  /** Why the tag table cannot be edited here. */
  locked = $state<"outside" | "text" | "unreadable" | null>(null);
  /** All other devices that are written. */
  neighbours = $state.raw<PlantDevice[]>([]);
  /** Of all devices that are written. */
  names = $state.raw<string[]>([]);
  /** Other devices with the same tag table. */
  sharers = $state.raw<string[]>([]);

  state = $state.raw<State>({ form: blank(""), tags: newTagFile() });
  canUndo = $state(false);
  canRedo = $state(false);

  checking = $state(false);
  checked = $state.raw<Answer | null>(null);
  placed = $state.raw<Placed>(NOWHERE);
  /** Why the last check said nothing. */
  refused = $state.raw<Problem | null>(null);

  private base = $state.raw<{ device: Base | null; tags: Base | null }>({ device: null, tags: null });
  private was = $state.raw<State>({ form: blank(""), tags: newTagFile() });
  private history = new History<State>(STEPS_MOST);
  private lastStep = { what: "", at: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort = new AbortController();

  constructor(readonly name: string | null, private readonly driverOf: (name: string) => Driver | undefined) {
    if (name === null) this.loading = false;
  }

  get form(): DeviceForm {
    return this.state.form;
  }

  get tags(): TagFile {
    return this.state.tags;
  }

  get driver(): Driver | undefined {
    return this.driverOf(this.form.driver);
  }

  /** Whether the tags have something in them that is not applied yet. */
  readonly tagsTouched = $derived.by(() => this.state.tags !== this.was.tags && writeTags(withoutEmpty(this.state.tags)) !== (this.base.tags?.text ?? EMPTY_TABLE));
  readonly formTouched = $derived.by(() => this.state.form !== this.was.form && (this.device === null ? this.state.form.endpoint !== "" : this.edits().length > 0 || this.state.form.name !== this.device.device));
  /** Whether it got another name and is written in a form in which a page cannot change it. */
  readonly isNameFixed = $derived.by(() => {
    const { device, base, form } = this;
    return device !== null && base.device !== null && form.name !== device.device && renamedText(base.device.text, device.device, form.name) === null;
  });
  /** Whether all fields have what they can have, as far as this page knows. */
  readonly isRight = $derived.by(() => {
    const { driver, form } = this;
    if (this.isNameFixed) return false;
    return driver === undefined || (isRight(settingsFields(driver), form.settings) && isRight(sharedFields(driver), form.keys));
  });
  readonly dirty = $derived.by(() => (this.tagsTouched || this.formTouched) && !isEmpty(this.change()));

  /** Where its tags are, or will be. */
  place(nodePath: string): string {
    return placeOf(nodePath, this.form);
  }

  /** Reads what the node has. What was typed stays when `keep` says so, on top of what is there now. */
  async read(keep = false): Promise<void> {
    this.loading = !keep;
    this.problem = null;
    try {
      const [configured, folder] = await Promise.all([workshop.configured(), revisionsApi.files()]);
      this.files = folder.files;
      this.names = configured.map((one) => one.device);
      this.neighbours = configured.filter((one) => one.device !== this.name);
      const device = this.name === null ? null : configured.find((one) => one.device === this.name);
      if (device === undefined) throw new Problem({ status: 404, title: t("There is no such device"), detail: t("The plant folder has no device {name}.", { name: this.name ?? "" }), remedy: t("It may have been renamed or removed. The list of devices has all there are.") });
      if (device !== null) await this.take(device, configured, keep);
    } catch (cause) {
      this.problem = Problem.of(cause);
    }
    this.loading = false;
  }

  private async take(device: PlantDevice, configured: readonly PlantDevice[], keep: boolean): Promise<void> {
    const [file, table] = await Promise.all([revisionsApi.file(device.file), device.tags_file === null ? null : revisionsApi.file(device.tags_file).catch(() => null)]);
    const text = (table?.text ?? null) as string | null;
    const tags = text === null ? null : parseTags(text);
    this.sharers = configured.filter((one) => one.device !== device.device && one.tags_file !== null && one.tags_file === device.tags_file).map((one) => one.device);
    const outside = device.tags_file !== null && /^(\/|\.\.\/)/.test(device.tags_file);
    this.locked = outside ? "outside" : table === null ? "unreadable" : tags === null ? "text" : null;
    const [mine, was] = [this.state, this.was];
    this.device = device;
    this.base = { device: { text: file.text, sha: file.sha256 }, tags: table === null || text === null ? null : { text, sha: table.sha256 } };
    this.was = { form: formOf(device), tags: tags ?? newTagFile() };
    if (keep) {
      const theirs = this.was;
      const over = (a: Form, b: Form, c: Form): Form => Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(c)])].map((key) => [key, JSON.stringify(a[key]) === JSON.stringify(b[key]) ? c[key] : a[key]]));
      const [a, b, c] = [mine.form, was.form, theirs.form];
      const form = { name: a.name, driver: a.driver === b.driver ? c.driver : a.driver, endpoint: a.endpoint === b.endpoint ? c.endpoint : a.endpoint, keys: over(a.keys, b.keys, c.keys), settings: over(a.settings, b.settings, c.settings) };
      this.history = new History(STEPS_MOST);
      this.history.push(theirs);
      this.state = { form, tags: mine.tags === was.tags ? theirs.tags : onTopOf(was.tags, mine.tags, theirs.tags) };
      this.touched();
    } else {
      this.reset();
    }
  }

  /** Back to what the node has. */
  reset(): void {
    if (this.name === null) this.was = { form: blank(this.form.driver), tags: newTagFile() };
    this.state = this.was;
    this.history = new History(STEPS_MOST);
    this.canUndo = this.canRedo = false;
    this.placed = NOWHERE;
    this.checked = this.refused = null;
    clearTimeout(this.timer);
  }

  /** Back to what the node has, as a step that can be taken back. */
  discard(): void {
    this.step(this.was, "");
  }

  /** What a new device begins with; no step of anybody's. */
  begin(driver: string, name: string): void {
    this.was = { form: { ...blank(driver), name }, tags: newTagFile() };
    this.state = this.was;
  }

  /** `what` joins keystrokes in one field to one step. */
  setForm(change: Partial<DeviceForm>, what = Object.keys(change).join()): void {
    this.step({ ...this.state, form: { ...this.form, ...change } }, what);
  }

  setTags(tags: TagFile): void {
    if (tags !== this.state.tags) this.step({ ...this.state, tags }, "");
  }

  /** Both at once, as one step; suggestions, for example. */
  step(next: State, what: string): void {
    const now = Date.now();
    const joined = what !== "" && what === this.lastStep.what && now - this.lastStep.at < STEP_MS && this.history.canUndo;
    if (!joined) this.history.push(this.state);
    this.lastStep = { what, at: now };
    this.state = next;
    this.touched();
  }

  undo(): void {
    this.state = this.history.undo(this.state);
    this.lastStep.what = "";
    this.touched();
  }

  redo(): void {
    this.state = this.history.redo(this.state);
    this.touched();
  }

  private touched(): void {
    this.canUndo = this.history.canUndo;
    this.canRedo = this.history.canRedo;
    this.checked = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), CHECK_AFTER_MS);
  }

  /** What a file was when it was read: the base of a change. */
  shaOf(path: string): string | null {
    return this.files.find((file) => file.path === path)?.sha256 ?? null;
  }

  /** Asks the node nothing any more, until something is changed again. */
  stop(): void {
    clearTimeout(this.timer);
    this.abort.abort();
    this.checking = false;
  }

  /** Names of files for a new device. */
  get newFiles(): { device: string; tags: string } {
    return fileNames(this.form.name, this.files.map((file) => file.path));
  }

  private edits(): PlantChange["edits"] {
    const { device, driver } = this;
    if (device === null || driver === undefined) return [];
    // Edits under a name that nothing is written under would make a second, half-empty device.
    const edits = deviceEdits(driver, device, this.isNameFixed ? { ...this.form, name: device.device } : this.form);
    return edits.set.length + edits.remove.length === 0 ? [] : [{ path: device.file, base: this.base.device?.sha ?? null, ...edits }];
  }

  /** What would be sent. */
  change(): PlantChange {
    const { device, driver } = this;
    if (driver === undefined) return { files: [], edits: [] };
    const tags = writeTags(withoutEmpty(this.tags));
    if (device === null) {
      if (this.form.name === "" || this.form.endpoint === "") return { files: [], edits: [] };
      const fresh = newDevice(driver, this.form, this.newFiles);
      return { files: [{ path: fresh.file, text: fresh.text, base: null }, { path: fresh.tagsFile, text: tags, base: null }], edits: [] };
    }
    const file = this.base.tags;
    const changed = this.locked === null && device.tags_file !== null && file !== null && tags !== file.text;
    const renamed = device.device === this.form.name || this.base.device === null ? null : renamedText(this.base.device.text, device.device, this.form.name);
    const heads = renamed === null ? [] : [{ path: device.file, text: renamed, base: this.base.device!.sha }];
    return { files: [...heads, ...(changed ? [{ path: device.tags_file!, text: tags, base: file.sha }] : [])], edits: this.edits() };
  }

  /** Asks the node what it would say. */
  async check(): Promise<void> {
    this.abort.abort();
    this.abort = new AbortController();
    const signal = this.abort.signal;
    const change = this.change();
    this.refused = null;
    if (isEmpty(change)) {
      this.placed = NOWHERE;
      this.checking = false;
      return;
    }
    this.checking = true;
    try {
      const answer = await checkChange(change, signal);
      if (signal.aborted) return;
      this.checked = answer;
      this.placed = { ...NOWHERE, others: warningsOf(answer) };
    } catch (cause) {
      if (signal.aborted) return;
      this.showRefusal(Problem.of(cause));
    }
    this.checking = false;
  }

  /** Shows what the node has against it. */
  showRefusal(problem: Problem): void {
    const mistakes = mistakesOf(problem.said);
    if (mistakes.length === 0) {
      this.refused = problem;
      this.placed = NOWHERE;
    } else {
      this.placed = this.placedOf(mistakes);
    }
  }

  private placedOf(mistakes: Mistake[]): Placed {
    const { device, driver, newFiles } = this;
    if (device !== null) return placed(mistakes, { path: device.file, text: this.base.device?.text ?? null }, device.tags_file, this.tags);
    const text = driver === undefined ? null : newDevice(driver, this.form, newFiles).text;
    return placed(mistakes, { path: newFiles.device, text }, newFiles.tags, this.tags);
  }

  get moved(): boolean {
    return this.refused?.code === MOVED;
  }
}
