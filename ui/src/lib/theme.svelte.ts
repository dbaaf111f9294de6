// Light, dark or high contrast, for those who draw and for the button that turns it over. The choice itself is one of
// the settings.
import { settings, type Theme } from "./settings.svelte";

export type { Theme };

class Look {
  get theme(): Theme {
    return settings.theme;
  }

  /** Dark or light; from high contrast back to what the desk prefers. */
  flip(): void {
    const { theme, preferred } = settings;
    const next = theme === "light" || (theme === "contrast" && preferred === "dark") ? "dark" : "light";
    // Back to what the desk prefers means following it again.
    settings.change({ theme: next === preferred ? "system" : next });
  }
}

export const look = new Look();
