// The work on all devices, and what drivers there are. One for the page.
// Not here: the work on one of them (devicework.svelte.ts).
import { Problem } from "./api";
import { DeviceWork } from "./devicework.svelte";
import { type Driver, workshop } from "./drivers";
import { session } from "./session.svelte";
import { unapplied } from "./unapplied.svelte";

class Works {
  private all = $state.raw<ReadonlyMap<string, DeviceWork>>(new Map());
  drivers = $state.raw<Driver[] | null>(null);
  problem = $state.raw<Problem | null>(null);

  private readonly driverOf = (name: string) => this.drivers?.find((driver) => driver.driver === name);

  /** Once; drivers are part of the program. */
  async load(): Promise<void> {
    if (this.drivers !== null) return;
    this.problem = null;
    try {
      this.drivers = await workshop.drivers();
    } catch (cause) {
      this.problem = Problem.of(cause);
    }
  }

  /** The work on a device, begun when there is none; null is a new device. */
  of(name: string | null): DeviceWork {
    const key = name ?? "";
    const there = this.all.get(key);
    if (there !== undefined) return there;
    const work = new DeviceWork(name, this.driverOf);
    // Those that were only looked at are read anew when somebody comes back.
    const all = new Map([[key, work]]);
    for (const [other, one] of this.all) {
      if (one.dirty || one.canUndo) all.set(other, one);
      else one.stop();
    }
    this.all = all;
    return work;
  }

  drop(name: string | null): void {
    const all = new Map(this.all);
    all.get(name ?? "")?.stop();
    all.delete(name ?? "");
    this.all = all;
  }

  /** Those with something that is not applied yet. */
  get dirty(): DeviceWork[] {
    return [...this.all.values()].filter((work) => work.dirty);
  }

  clear(): void {
    for (const work of this.all.values()) work.stop();
    this.all = new Map();
    this.drivers = null;
  }
}

export const works = new Works();
$effect.root(() => {
  $effect(() => {
    unapplied.devices = works.dirty.length;
  });
});
// What one person typed is not the next one's change.
session.whenChanged(() => works.clear());
