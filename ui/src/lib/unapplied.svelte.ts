// What somebody changed and nobody applied yet, counted. Told to the navigation and to whoever would load the page anew:
// they need not know what a device or a plant file is.

export const unapplied = $state({ devices: 0, files: 0 });

/** Whether something is lost when this page goes. */
export function isUnapplied(): boolean {
  return unapplied.devices + unapplied.files > 0;
}
