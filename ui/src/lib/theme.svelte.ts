// Light or dark: the desk's preference until somebody chooses, then the choice.

export type Theme = "light" | "dark";
export type Choice = Theme | "auto";

const KEY = "lineshaft.theme";

function remembered(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // storage can be forbidden; the page works without
  }
}

class Look {
  choice = $state<Choice>(remembered());
  private preferred = $state<Theme>("light");

  constructor() {
    const query = matchMedia("(prefers-color-scheme: dark)");
    this.preferred = query.matches ? "dark" : "light";
    query.addEventListener("change", () => (this.preferred = query.matches ? "dark" : "light"));
  }

  get theme(): Theme {
    return this.choice === "auto" ? this.preferred : this.choice;
  }

  flip(): void {
    const next: Theme = this.theme === "dark" ? "light" : "dark";
    // Back to what the desk prefers means following it again.
    this.choice = next === this.preferred ? "auto" : next;
    try {
      if (this.choice === "auto") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, this.choice);
    } catch {
      // See above.
    }
  }
}

export const look = new Look();
